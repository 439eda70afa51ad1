"""The kind that is recommended is the one the sheet was made with, or a simpler one that does as well."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from whence.errors import NotEnoughDataError
from whence.maps import ControlPoints, recommend

Sheet = Callable[..., ControlPoints]


def bent(n: int, bend_m: float, *, power: int, seed: int = 0) -> ControlPoints:
    """A sheet that bends by so many metres at its edges, as the square or the sine of the column."""
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(0, 1, (n, 2)) * [5000, 3500]
    from_middle = pixels[:, 0] / 2500 - 1
    north = bend_m * (np.square(from_middle) if power == 2 else np.sin(2.5 * np.pi * from_middle))
    world = pixels * [0.85, -0.85] + np.stack([np.zeros(n), north], axis=1) + rng.normal(0, 0.5, (n, 2))
    return ControlPoints(pixels, world)


def test_an_affine_sheet_gets_an_affine(sheet: Sheet) -> None:
    assert [recommend(sheet(15, noise_m=1.0, seed=seed)).kind for seed in range(5)].count("affine") >= 4


def test_a_similar_sheet_gets_a_similarity() -> None:
    kinds = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        pixels = rng.uniform(0, 5000, (12, 2))
        kinds.append(
            recommend(ControlPoints(pixels, pixels * [0.85, -0.85] + rng.normal(0, 1, (12, 2)))).kind
        )
    assert kinds.count("similarity") >= 4


def test_a_bent_sheet_gets_a_polynomial() -> None:
    found = recommend(bent(25, 60.0, power=2))
    assert found.kind == "polynomial2"
    assert "of the simpler kinds" in found.reason


def test_a_wavy_sheet_gets_a_spline() -> None:
    assert recommend(bent(60, 30.0, power=0)).kind == "tps"


def test_few_points_rule_out_what_they_cannot_check(sheet: Sheet) -> None:
    found = recommend(sheet(6))
    verdicts = {one.kind: one.verdict for one in found.candidates}
    assert verdicts["polynomial3"] == "needs 12 points to be checked"
    assert set(verdicts) == {
        "similarity", "affine5", "affine", "projective", "polynomial2", "polynomial3", "tps",
    }  # fmt: skip


def test_candidates_are_ranked_by_points_left_out(sheet: Sheet) -> None:
    errors = [one.leave_one_out_rmse_m for one in recommend(sheet(20)).candidates]
    assert errors == sorted(errors, key=lambda error: np.inf if error is None else error)


def test_three_points_recommend_nothing(sheet: Sheet) -> None:
    with pytest.raises(NotEnoughDataError, match="none to spare"):
        recommend(sheet(3))
