"""Georeference annotations: Allmaps' own good and deliberately bad inputs are the oracle."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from whence.errors import InputError
from whence.maps.points import read_annotations, read_points

pytestmark = pytest.mark.shared_data

PROTO, MAP = (
    "packages_analyze_test_input_proto-georeferenced-map",
    "packages_analyze_test_input_georeferenced-map",
)

SERIOUS = {
    f"{MAP}-destinationpolynomial1rmsetoohigh": "contradict each other: an affine misses them by 9%",
    f"{MAP}-gcpincompleteresource": "no pixel for point 1",
    f"{MAP}-log2sigmadistortiontoohigh": "contradict each other",
    f"{MAP}-maskpointoutsidefullmask": r"corner 1 of the mask, \[-1.0, -1.0\], is outside the scan",
    f"{MAP}-maskselfintersection": "the mask crosses itself",
    f"{MAP}-polynomial1sheartoohigh": "shear the scan",
    f"{MAP}-triangulationfoldsover": "mesh folds over at points 1, 3 and 4",
    f"{MAP}-twoomegadistortiontoohigh": "contradict each other",
    f"{PROTO}-gcpgeorepeatedpoint": "points 1 and 2 have the same place",
    f"{PROTO}-gcpincompletegeo": "no place for point 1",
    f"{PROTO}-gcpincompleteresource": "no pixel for point 1",
    f"{PROTO}-gcpoutlier": "contradict each other: .*, point 5 most",
    f"{PROTO}-gcpoutsidemask": "point 1 outside the mask",
    f"{PROTO}-gcpresourcerepeatedpoint": "points 1 and 2 have the same pixel",
    f"{PROTO}-gcpsamountlessthen2": "1 control point; at least 3 are needed",
    f"{PROTO}-gcpsamountlessthen3": "2 control points; at least 3 are needed",
    f"{PROTO}-gcpsgeonotlinearlyindependent": "lie on one line on the ground",
    f"{PROTO}-gcpsmissing": "no control points",
    f"{PROTO}-gcpsresourcenotlinearlyindependent": "lie on one line on the scan",
    f"{PROTO}-maskmissing": "no mask says which part of the scan is map",
    f"{PROTO}-masknotring": "the mask is no plain list of at least three corners",
    f"{PROTO}-maskrepeatedpoint": "corner 3 of the mask is repeated",
    f"{PROTO}-maskselfintersection": "the mask crosses itself",
}
SLIGHT = {
    f"{MAP}-maskequalsfullmask": "the mask is the whole scan",
    f"{PROTO}-gcpresourcepointismaskpoint": "at a corner of the mask: point 1",
}


def folder(shared_data: Path) -> Path:
    return shared_data / "maps/allmaps"


@pytest.mark.parametrize("name", SERIOUS)
def test_bad_inputs_are_refused_with_the_reason(shared_data: Path, name: str) -> None:
    with pytest.raises(InputError, match=SERIOUS[name]):
        read_annotations(folder(shared_data) / f"{name}.json")


@pytest.mark.parametrize("name", SLIGHT)
def test_what_is_worth_a_look_is_listed(shared_data: Path, name: str) -> None:
    """A mask may well be the whole scan, and a corner of the map a control point: read, and told."""
    (annotation,) = read_annotations(folder(shared_data) / f"{name}.json")
    (fault,) = annotation.faults
    assert re.match(SLIGHT[name], fault.sentence)
    assert not fault.serious


def test_every_other_input_is_read(shared_data: Path) -> None:
    bad = {*SERIOUS, *SLIGHT}
    good = [path for path in sorted(folder(shared_data).glob("*.json")) if path.stem not in bad]
    assert len(good) == 14
    for path in good:
        for annotation in read_annotations(path):
            assert len(annotation.points) >= 3
            assert annotation.mask is not None


def test_both_spellings_of_pixels_and_all_places_of_the_size(shared_data: Path) -> None:
    for name, size, kind, first in (
        ("13fd7a1921f2b011", (9208, 7573), "polynomial1", [3899, 6412]),
        ("7a69f9470b49a744", (7636, 10474), "tps", [853, 8548]),
        ("393a52e3e3882bc6", (9147, 6661), "polynomial1", [5645, 2302]),
        ("c969e4bba21381cf", (5207, 7446), "polynomial1", [3103, 3990]),
    ):
        path = folder(shared_data) / f"apps_cli_test_input_annotations_{name}.json"
        (annotation,) = read_annotations(path)
        assert annotation.size_px == size
        assert annotation.kind == kind
        assert annotation.points.pixels[0].tolist() == first
        np.testing.assert_array_equal(read_points(path).pixels, annotation.points.pixels)


def test_a_closed_mask_is_the_open_one(shared_data: Path) -> None:
    (annotation,) = read_annotations(
        folder(shared_data) / "apps_cli_test_input_annotations_c969e4bba21381cf.json"
    )
    assert annotation.mask.shape == (8, 2)  # nine corners, of which the last repeats the first


def test_a_page_of_four_scans(shared_data: Path) -> None:
    path = folder(shared_data) / "apps_cli_test_input_annotations_a0d6d3379cfd9f0a.json"
    assert len(read_annotations(path)) == 4
    with pytest.raises(InputError, match="describes 4 scans"):
        read_points(path)


def test_points_can_be_read_without_the_verdict(shared_data: Path) -> None:
    """Whoever wants to mend the points has to see them."""
    path = folder(shared_data) / f"{PROTO}-gcpoutlier.json"
    assert len(read_points(path)) == 5
    (annotation,) = read_annotations(path, strict=False)
    assert [fault.kind for fault in annotation.faults] == ["contradiction"]


def test_json_that_is_no_annotation(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"type": "Feature"}))
    with pytest.raises(InputError, match="no georeference annotation"):
        read_annotations(tmp_path / "a.json")
    (tmp_path / "b.json").write_text(json.dumps({"type": "Annotation", "body": {}}))
    with pytest.raises(InputError, match="is no georeference annotation"):
        read_annotations(tmp_path / "b.json")
    (tmp_path / "c.json").write_text(json.dumps({"type": "AnnotationPage", "items": []}))
    with pytest.raises(InputError, match="a page without annotations"):
        read_annotations(tmp_path / "c.json")
