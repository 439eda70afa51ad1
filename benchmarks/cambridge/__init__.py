"""Place recognition in central Cambridge: 1,024 street-view locations, four headings each.

``python -m benchmarks.cambridge --photos DIR --locations CSV --work DIR``. The photographs (``<i>_<v>.jpg``,
i = row of the table of locations, v = 0..3 for 0, 90, 180, 270 degrees) carry no licence and are not part of
this repository; neither they nor anything made from them may be written into it.
"""
