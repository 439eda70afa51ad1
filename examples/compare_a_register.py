"""Hold a building register against what stands in a drawn town: which outlines are met, which are missing.

Run: python examples/compare_a_register.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from whence.aerial.polygons.matching import match_files
from whence.smallworld import Town, draw_orthophoto

with TemporaryDirectory() as folder:
    town = Path(folder) / "town"
    draw_orthophoto(Town.build(seed=0), town, cell_m=0.5, half_m=(100.0, 100.0), date=2)
    found = match_files(town / "register.geojson", town / "footprints_2.geojson")
    print(f"{found.predicted} outlines in the register, {found.true} buildings stand")
    print(f"{len(found.pairs)} of them meet; {found.protocol}")
    print(f"F1 {found.f1:.2f}, in a town drawn by code")
