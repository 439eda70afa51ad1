"""Radii, probabilities and bits: against slow loops, and beliefs whose calibration is known."""

from __future__ import annotations

import numpy as np
import pytest

from whence.earth.sphere import EARTH_AREA_KM2, destination
from whence.errors import InputError
from whence.photos.evaluate import Plan, evaluate_answers
from whence.photos.evaluation.answers import Answers
from whence.photos.evaluation.localizability import CLASSES

N = 4000


def _answers(errors_m: np.ndarray, **more: object) -> Answers:
    truths = np.tile([13.2, 55.7], (len(errors_m), 1))
    lost = ~np.isfinite(errors_m)
    places = destination(truths, np.linspace(0.0, 359.0, len(errors_m)), np.where(lost, 0.0, errors_m))
    places[lost] = np.nan
    names = [f"{n}.jpg" for n in range(len(errors_m))]
    return Answers.of_arrays(names, truths=truths, predictions=places, protocol="osv5m", **more)


def _rayleigh(rng: np.random.Generator) -> np.ndarray:
    return 100.0 * np.sqrt(-2.0 * np.log(rng.uniform(size=N)))  # of a Gaussian of 100 m in the plane


def test_radii_of_a_gaussian_keep_every_promise() -> None:
    """The radius that holds q of a plane Gaussian is σ √(−2 ln(1 − q))."""
    levels = {50: 0.5, 80: 0.8, 95: 0.95}
    columns = {
        f"radius_{name}_m": np.full(N, 100.0 * np.sqrt(-2.0 * np.log(1.0 - q))) for name, q in levels.items()
    }
    figures = evaluate_answers(_answers(_rayleigh(np.random.default_rng(0)), columns=columns))
    assert figures.radii is not None
    assert [level.promised for level in figures.radii.levels] == [0.5, 0.8, 0.95]
    assert all(level.kept for level in figures.radii.levels)
    assert figures.radii.ece == pytest.approx(0.0, abs=0.02)
    assert figures.calibration is figures.radii.levels[1]
    assert figures.calibration.median_radius_m == pytest.approx(179.4, abs=0.1)


def test_radii_of_half_the_width_are_caught_at_every_level() -> None:
    """Half the radius of a Gaussian holds 1 − (1 − q)^(1/4)."""
    radius_m = 50.0 * np.sqrt(-2.0 * np.log([0.5, 0.05]))
    columns = {"radius_50_m": np.full(N, radius_m[0]), "radius_95_m": np.full(N, radius_m[1])}
    figures = evaluate_answers(_answers(_rayleigh(np.random.default_rng(1)), columns=columns))
    assert figures.radii is not None
    expected = 1.0 - np.array([0.5, 0.05]) ** 0.25
    shares = [level.share for level in figures.radii.levels]
    assert shares == pytest.approx(expected.tolist(), abs=0.03)
    assert figures.radii.ece == pytest.approx(float(np.mean(np.abs(np.array(shares) - [0.5, 0.95]))))
    assert not any(level.kept for level in figures.radii.levels)
    assert figures.calibration is None  # nothing promised 80 %
    assert "too narrow" in figures.summary()


def test_the_plain_radius_is_a_level_of_its_own() -> None:
    answers = _answers(np.array([5.0, 50.0]), radii_m=[10.0, 10.0], columns={"radius_50_m": [4.0, 60.0]})
    figures = evaluate_answers(answers, Plan(confidence=0.9))
    assert figures.radii is not None
    assert [(level.promised, level.inside) for level in figures.radii.levels] == [(0.5, 1), (0.9, 1)]
    assert figures.calibration == figures.radii.levels[1]


def test_photographs_not_located_promise_nothing() -> None:
    figures = evaluate_answers(
        _answers(np.array([5.0, np.inf]), radii_m=[10.0, 10.0], probability=[0.9, 0.9])
    )
    assert figures.calibration is not None
    assert figures.probabilities is not None
    assert (figures.calibration.count, figures.probabilities.count) == (1, 1)


def test_probabilities_by_hand() -> None:
    # 0.1 belongs to the first bin, 0.11 to the second, 1 to the last; right is within 25 km.
    said = [0.05, 0.1, 0.11, 0.95, 1.0, 1.0]
    errors_m = np.array([1.0, 1e6, 1.0, 1.0, 1.0, 1e6])
    found = evaluate_answers(_answers(errors_m, probability=said)).probabilities
    assert found is not None
    assert [(one.low, one.count, one.share) for one in found.bins] == [
        (0.0, 2, 0.5), (0.1, 1, 1.0), (0.9, 3, pytest.approx(2 / 3))
    ]  # fmt: skip
    gaps = [2 * abs(0.5 - 0.075), 1 * abs(1 - 0.11), 3 * abs(2 / 3 - 2.95 / 3)]
    assert found.ece == pytest.approx(sum(gaps) / 6)
    right = [1, 0, 1, 1, 1, 0]
    assert found.brier == pytest.approx(np.mean([(p - r) ** 2 for p, r in zip(said, right, strict=True)]))


def test_true_probabilities_have_a_small_error_and_their_opposites_a_large_one() -> None:
    rng = np.random.default_rng(2)
    said = rng.uniform(size=N)
    errors_m = np.where(rng.uniform(size=N) < said, 10.0, 1e6)
    good = evaluate_answers(_answers(errors_m, probability=said)).probabilities
    bad = evaluate_answers(_answers(errors_m, probability=1.0 - said)).probabilities
    assert good is not None
    assert bad is not None
    assert good.ece < 0.03
    assert good.brier == pytest.approx(1 / 6, abs=0.01)  # E[p(1 − p)] of a uniform p
    assert bad.ece == pytest.approx(0.5, abs=0.03)  # E|1 − 2p|


def test_what_counts_as_right_is_a_choice() -> None:
    answers = _answers(np.array([300.0]), probability=[0.7])
    shares = []
    for limit_m in (200.0, 400.0):
        found = evaluate_answers(answers, Plan(right_within_m=limit_m)).probabilities
        assert found is not None
        shares.append(found.bins[0].share)
    assert shares == [0.0, 1.0]


def test_classes_are_cut_at_a_continent_a_country_and_a_city() -> None:
    names, bits = zip(*CLASSES, strict=True)
    assert names == ("non-localizable", "weakly localizable", "localizable", "strongly localizable")
    areas = EARTH_AREA_KM2 / 2.0 ** np.array(bits[1:])
    assert areas == pytest.approx([148_940_000 / 7, 600_584.81, np.pi * 900])


def test_localizability_by_hand() -> None:
    bits = ["1", "6", "12", "20", "21", ""]
    errors_m = np.array([1e6, 3e5, 2e4, 50.0, 10.0, 1.0])
    found = evaluate_answers(_answers(errors_m, columns={"information_bits": bits})).localizability
    assert found is not None
    assert (found.count, found.mean_bits, found.rank_correlation) == (5, 12.0, pytest.approx(-1.0))
    assert [one.count for one in found.classes] == [1, 1, 1, 2]
    medians = [one.median_m for one in found.classes]
    assert medians == pytest.approx([1e6, 3e5, 2e4, 30.0], rel=1e-5)


def test_bits_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="'information_bits' holds something that is not a number"):
        evaluate_answers(_answers(np.ones(1), columns={"information_bits": ["many"]}))


def test_a_promise_must_be_a_share() -> None:
    with pytest.raises(InputError, match="confidence is 80"):
        Plan(confidence=80)
    with pytest.raises(InputError, match="right_within_m is 0"):
        Plan(right_within_m=0.0)
