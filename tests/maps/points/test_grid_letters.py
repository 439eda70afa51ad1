"""Grid references with letters: places whose eastings and northings are published."""

from __future__ import annotations

import pytest

from whence.errors import InputError
from whence.maps.points.grid_letters import as_grid_reference
from whence.maps.points.table import csv_points


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SV 00000 00000", (0.5, 0.5, "EPSG:27700")),  # the false origin
        ("TG 51409 13177", (651409.5, 313177.5, "EPSG:27700")),  # the Ordnance Survey's worked example
        ("tg5140913177", (651409.5, 313177.5, "EPSG:27700")),
        ("HU 396 753", (439650, 1175350, "EPSG:27700")),  # Sullom Voe, Shetland
        ("NN 166 712", (216650, 771250, "EPSG:27700")),  # Ben Nevis: 216666, 771288
        ("TQ", (550000, 150000, "EPSG:27700")),
        ("O 15904 34671", (315904.5, 234671.5, "EPSG:29903")),  # the Spire in Dublin: 315904, 234671
        ("V 80 84", (80500, 84500, "EPSG:29903")),  # Carrauntoohil: 80.4, 84.4 km
    ],
)
def test_published_places(text: str, expected: tuple[float, float, str]) -> None:
    assert as_grid_reference(text, "line 2") == expected


@pytest.mark.parametrize(
    "text", ["", "TQ 30 8", "TI 30 80", "TQ 123456 123456", "300 804", "TQR 30 80", "AA 10 10"]
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="line 7"):
        as_grid_reference(text, "line 7")


def test_a_table_with_grid_references_knows_its_system() -> None:
    points = csv_points("name,column,row,grid_ref\nmill,10,20,TQ 300 804\nchurch,50,90,TQ 310 790\n")
    assert points.world.tolist() == [[530050.0, 180450.0], [531050.0, 179050.0]]
    assert points.crs is not None
    assert points.crs.code == "EPSG:27700"


def test_references_of_two_grids_in_one_table_are_refused() -> None:
    with pytest.raises(InputError, match="27700"):
        csv_points("column,row,grid_ref\n10,20,TQ 300 804\n50,90,O 15 34\n")
