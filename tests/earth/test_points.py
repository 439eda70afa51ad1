"""Positions at the door: what is accepted, and what the refusals say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whence.earth.points import as_lonlat, from_lat_lon, wrap_longitude_deg
from whence.errors import InputError


def test_good_positions_pass_uncopied() -> None:
    positions = np.array([[180.0, 90.0], [-180.0, -90.0], [0.0, 0.0]])
    assert as_lonlat(positions) is positions


@pytest.mark.parametrize("values", [[37, 55], np.array([37, 55], dtype=np.float32), (37.0, 55.0)])
def test_any_numbers_become_float64(values: object) -> None:
    assert as_lonlat(values).dtype == np.float64


@pytest.mark.parametrize(
    ("values", "shape"), [([], (0, 2)), (np.empty((0, 2)), (0, 2)), (np.empty((3, 0, 2)), (3, 0, 2))]
)
def test_no_positions_are_positions(values: object, shape: tuple[int, ...]) -> None:
    assert as_lonlat(values).shape == shape


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[0, 0], [55.7, 137.6]], ["row 1 ", "swapped", "from_lat_lon"]),
        ([[200.0, 3.0]], ["row 0 ", "0 to 360", "wrap_longitude_deg"]),
        ([[-190.0, 3.0]], ["wrap_longitude_deg"]),
        ([[0, 0], [np.nan, 3], [1, np.nan]], ["row 1 (and 1 more)", "nan", "leave out"]),
        ([[np.inf, 0.0]], ["row 0 ", "leave out"]),
        ([[413000.0, 6180000.0]], ["metres", "Crs.to_lonlat"]),
        ([1.0, 2.0, 3.0], ["two columns", "(3,)"]),
        (5.0, ["two columns", "()"]),
        ([["a", "b"]], ["numbers"]),
        ([[1.0, 2.0], [3.0]], ["same columns"]),
        ([[1.0, None]], ["row 0 ", "leave out"]),
        (np.ma.masked_array([[1.0, 2.0]], mask=[[True, False]]), ["masked"]),
    ],
)
def test_bad_positions_are_refused_with_the_way_out(values: object, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        as_lonlat(values, "photos")
    message = str(caught.value)
    assert message.startswith("photos")
    assert all(word in message for word in words), message


def test_rows_are_counted_through_all_dimensions() -> None:
    values = np.zeros((2, 3, 2))
    values[1, 2, 1] = 91.0
    with pytest.raises(InputError, match="row 5 "):
        as_lonlat(values)


def test_named_columns_turn_round() -> None:
    np.testing.assert_array_equal(from_lat_lon([1.0, 2.0], [3.0, 4.0]), [[3.0, 1.0], [4.0, 2.0]])
    assert from_lat_lon([1.0, 2.0, 3.0], 5.0).shape == (3, 2)
    with pytest.raises(InputError, match="belong together"):
        from_lat_lon([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="swapped"):
        from_lat_lon(120.0, 31.0)


@given(st.floats(-180.0, 180.0))
def test_longitudes_in_range_keep_every_bit(longitude: float) -> None:
    assert float(wrap_longitude_deg(longitude)) == longitude


@given(st.floats(-1e6, 1e6))
def test_wrapping_takes_off_whole_turns(longitude: float) -> None:
    wrapped = float(wrap_longitude_deg(longitude))
    assert -180.0 <= wrapped <= 180.0
    turns = (longitude - wrapped) / 360.0
    assert abs(turns - round(turns)) < 1e-9


@pytest.mark.parametrize(
    "longitude", [np.nextafter(-180.0, -181.0), np.nextafter(180.0, 181.0), 539.9999999999999]
)
def test_wrapping_stays_in_range_next_to_the_date_line(longitude: float) -> None:
    assert -180.0 <= float(wrap_longitude_deg(longitude)) <= 180.0


def test_wrapping_refuses_what_is_not_a_number() -> None:
    with pytest.raises(InputError, match="finite"):
        wrap_longitude_deg([1.0, np.nan])
