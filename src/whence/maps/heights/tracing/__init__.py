"""Contour lines traced from the scan of a map, and the heights they have.

>>> from whence.maps.heights import tracing
>>> traced = tracing.trace_contours("sheet.tif", labels=labels, interval_m=20)   # doctest: +SKIP
>>> traced.to_world(map_fit)                                                     # doctest: +SKIP
"""
