"""Schemes: colours and values to ids and back; what is not known is counted, never guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.aerial.scheme import IGNORE, LandClass, Scheme
from whence.aerial.scheme_files import read_scheme, write_scheme
from whence.aerial.schemes import SCHEMES, scheme
from whence.errors import InputError, NotFoundError

TOWN = Scheme(
    "town",
    (LandClass("ground", (90, 90, 90), (0, 4)), LandClass("roof", (255, 0, 10), (700,))),
    ignored_colours=((0, 0, 0),),
    ignored_raw=(9,),
)


def test_published_colours_and_values() -> None:
    """Oracle: the tables of the publications, typed here once more."""
    isprs = [(255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0), (255, 0, 0)]
    for name in ("potsdam", "vaihingen"):
        assert [one.colour for one in SCHEMES[name].classes] == isprs
        assert SCHEMES[name].counted == (0, 1, 2, 3, 4), "clutter is not counted"
        assert SCHEMES[name].colours[0, 0, 0] == IGNORE
    assert scheme("loveda").names[0] == "background"
    assert [scheme("loveda").raw[value] for value in range(8)] == [IGNORE, 0, 1, 2, 3, 4, 5, 6]
    assert [scheme("openearthmap").raw[value] for value in range(9)] == [IGNORE, *range(8)]
    assert scheme("buildings").raw == {0: 0, 1: 1, 255: 1}
    assert len(scheme("dubai").counted) == 5


@pytest.mark.parametrize("name", SCHEMES)
def test_paint_and_encode_are_inverse(name: str) -> None:
    one = scheme(name)
    ids = np.random.default_rng(0).integers(0, len(one.classes), (40, 30)).astype(np.uint8)
    if one.ignored_colours:
        ids[3] = IGNORE
    np.testing.assert_array_equal(one.encode(one.paint(ids)), ids)
    assert Scheme.of_json(one.to_json()) == one
    table = one.colormap()
    assert [table[number][:3] for number in range(len(one.classes))] == [kind.colour for kind in one.classes]
    assert table[IGNORE][3] == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_colours_equal_a_slow_loop(side: int, tolerance: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = np.array([(90, 90, 90), (255, 0, 10), (0, 0, 0)], np.uint8)[random.integers(0, 3, (side, 3))]
    mask = np.clip(mask + random.integers(-tolerance, tolerance + 1, mask.shape), 0, 255).astype(np.uint8)
    known = {(90, 90, 90): 0, (255, 0, 10): 1, (0, 0, 0): IGNORE}
    wanted = []
    for colour in mask.reshape(-1, 3).astype(int):
        nearest = min(known, key=lambda one: ((np.array(one) - colour) ** 2).sum())
        wanted.append(known[nearest] if np.abs(np.array(nearest) - colour).max() <= tolerance else None)
    if None in wanted:
        with pytest.raises(InputError, match=f"{wanted.count(None)} of {len(wanted)} pixels"):
            TOWN.encode(mask, tolerance=tolerance)
    else:
        assert TOWN.encode(mask, tolerance=tolerance).ravel().tolist() == wanted


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64, np.float32])
def test_values_of_any_type(dtype: type) -> None:
    mask = np.array([[0, 4, 700, 9]], dtype)
    assert TOWN.encode(mask).tolist() == TOWN.encode(mask[..., None]).tolist() == [[0, 0, 1, IGNORE]]


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (np.array([[0, -1], [70_000, 70_000]], np.int64), "3 of 4 pixels .* 70000: 2 pixels, -1: 1 pixels"),
        (np.array([[0.0, np.nan]]), "1 of 2 pixels .* nan: 1 pixels"),
        (np.array([[0, 1]], np.uint8), r"0 ground, 4 ground, 9 ignored, 700 roof"),
    ],
)
def test_unknown_values_are_counted(mask: np.ndarray, told: str) -> None:
    with pytest.raises(InputError, match=told):
        TOWN.encode(mask)


def test_unknown_colours_are_counted_with_the_nearest_class() -> None:
    mask = np.full((10, 10, 3), 90, np.uint8)
    mask[0, :3] = (0, 200, 0)
    mask[1, :2] = (250, 1, 12)
    with pytest.raises(InputError) as caught:
        TOWN.encode(mask)
    told = str(caught.value)
    assert "5 of 100 pixels" in told
    assert "#00c800 3 pixels (nearest: ground #5a5a5a, 110 apart)" in told
    assert "#fa010c 2 pixels (nearest: roof #ff000a, 5 apart)" in told


def test_the_way_out_is_told() -> None:
    jpeg = np.full((2, 2, 3), 88, np.uint8)
    with pytest.raises(InputError, match="with a tolerance of 2 the nearest"):
        TOWN.encode(jpeg)
    assert (TOWN.encode(jpeg, tolerance=2) == 0).all()
    swapped = np.full((2, 2, 3), (10, 0, 255), np.uint8)
    with pytest.raises(InputError, match="red and blue exchanged"):
        TOWN.encode(swapped)


def test_what_is_not_valid_is_ignored() -> None:
    mask = np.full((2, 2, 3), (1, 2, 3), np.uint8)
    assert (TOWN.encode(mask, valid=np.zeros((2, 2), bool)) == IGNORE).all()


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (np.zeros((2, 2, 4), np.uint8), "shape"),
        (np.zeros((2, 2, 3), np.uint16), "8 bits"),
        (np.full((2, 2), 0.5), "fractions"),
    ],
)
def test_what_is_no_mask_is_refused(mask: np.ndarray, told: str) -> None:
    with pytest.raises(InputError, match=told):
        TOWN.encode(mask)


def test_ids_that_are_no_class_are_not_painted() -> None:
    with pytest.raises(InputError, match="the ids 2 are of no class"):
        TOWN.paint(np.array([[0, 2]]))


def test_a_scheme_of_ids_reads_ids() -> None:
    ids = np.array([[0, 1, IGNORE]], np.uint8)
    np.testing.assert_array_equal(TOWN.of_ids().encode(ids), ids)


# ---- files


def test_schemes_in_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'ignored_colours = ["#000000"]\nignored_raw = [9]\ncounted = ["roof"]\n'
        '[[classes]]\nname = "ground"\ncolour = [90, 90, 90]\nraw = [0, 4]\n'
        '[[classes]]\nname = "roof"\ncolour = "#FF000A"\nraw = 700\n'
    )
    read = scheme(path)
    assert (read.name, read.classes, read.counted) == ("mine", TOWN.classes, (1,))
    write_scheme(tmp_path / "town.json", TOWN)
    assert read_scheme(tmp_path / "town.json") == TOWN


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "bad.json"),
        ("[]", "is not a scheme"),
        ('{"classes": []}', "needs classes"),
        ('{"classes": [{"name": "a", "colour": "#ff00"}]}', "is no colour"),
        ('{"classes": [{"name": "a", "colour": [1, 2, 256]}]}', "three of 0 to 255"),
        ('{"classes": [{"name": "a"}]}', "has no colour"),
        ('{"classes": [{"name": "a", "colour": "#000000"}], "colors": 1}', "has no 'colors'"),
        ('{"classes": [{"name": "a", "colour": "#000000"}], "ignored_raw": 3}', "is a list"),
        ('{"classes": [{"name": "a", "colour": "#000000"}], "counted": ["b"]}', "is no class"),
        ('{"classes": [{"name": "a", "colour": "#000000"}], "ignored_raw": [0]}', "raw value 0 twice"),
        ('{"classes": [{"name": "a", "colour": "#000000", "raw": [65536]}]}', "0 to 65535"),
    ],
)
def test_wrong_files_are_told(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        scheme(path)


def test_unknown_schemes() -> None:
    with pytest.raises(InputError, match="choose one of potsdam"):
        scheme("postdam")
    with pytest.raises(NotFoundError):
        scheme("nowhere.toml")


def test_masks_that_count_from_one_are_told_the_way() -> None:
    one = scheme("potsdam")
    with pytest.raises(InputError, match=r"if 1 to 6 are the classes"):
        one.encode(np.array([[1, 2, 6]], np.uint8))
    for other in ([[1, 2, 7]], [[6, 9]]):
        with pytest.raises(InputError) as told:
            one.encode(np.array(other, np.uint8))
        assert "if 1 to 6" not in str(told.value)
    with pytest.raises(InputError) as told:
        TOWN.encode(np.array([[2]], np.uint8))
    assert "if 1 to 2" not in str(told.value), "the published values are settled"
