"""Calibration: known numbers are found again, and promises hold on photographs drawn afresh."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from time import process_time

import numpy as np
import pytest
from scipy import special, stats

from whence.earth import sphere
from whence.earth.tangent import TangentPlane
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.photos.calibration import Calibration, Promise, fit
from whence.photos.calibration.circles import mass_nearer, radii_m
from whence.photos.calibration.promises import CONFIDENCES, masses_to_truth
from whence.photos.calibration.ranks import EVEN, fitted_ranks, levels, reranked
from whence.photos.heads.mixtures import Mixtures

TOWN = (13.19, 55.7)
CITY_M, PLANET_M = 100.0, 1e6


def anywhere(count: int, scale_m: float, rng: np.random.Generator) -> np.ndarray:
    """Places in a town of 3 km radius, or on the globe."""
    if scale_m == PLANET_M:
        vectors = rng.normal(size=(count, 3))
        return sphere.from_unit_vectors(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    distance = 3000.0 * np.sqrt(rng.random(count))
    return np.asarray(sphere.destination(np.tile([TOWN], (count, 1)), rng.uniform(0, 360, count), distance))


def moved(places: np.ndarray, spread_m, rng: np.random.Generator) -> np.ndarray:
    count = len(places)
    return np.asarray(
        sphere.destination(places, rng.uniform(0, 360, count), rng.rayleigh(1.0, count) * spread_m)
    )


def single(count: int, scale_m: float, rng: np.random.Generator, *, says: float, lost: float = 0.0):
    """One patch each, `says` times as wide as the errors; some answers are anywhere."""
    truth = anywhere(count, scale_m, rng)
    said = moved(truth, scale_m, rng)
    wrong = rng.random(count) < lost
    said[wrong] = anywhere(count, scale_m, rng)[wrong]
    return Mixtures.at(said, scale_m * says), truth


def several(
    count: int, scale_m: float, rng: np.random.Generator, *, sure: float, says: float, lost: float = 0.0
):
    """Eight patches, whose true log weights are stated `sure` times too far apart."""
    centers = anywhere(count * 8, scale_m, rng).reshape(count, 8, 2)
    logits = 2.0 * rng.normal(size=(count, 8))
    upto = special.softmax(logits, axis=1).cumsum(axis=1)
    chosen = (rng.random((count, 1)) > upto).sum(axis=1).clip(0, 7)
    truth = moved(centers[np.arange(count), chosen], scale_m, rng)
    wrong = rng.random(count) < lost
    truth[wrong] = anywhere(count, scale_m, rng)[wrong]
    return Mixtures(centers, logits * sure, np.full((count, 8), scale_m * says)), truth


HEADS: dict[str, Callable] = {
    "one patch, too narrow": lambda n, scale, rng: single(n, scale, rng, says=0.3),
    "one patch, too wide": lambda n, scale, rng: single(n, scale, rng, says=4.0),
    "one patch, a fifth lost": lambda n, scale, rng: single(n, scale, rng, says=0.5, lost=0.2),
    "eight, too sure": lambda n, scale, rng: several(n, scale, rng, sure=3.0, says=0.5),
    "eight, not sure enough": lambda n, scale, rng: several(n, scale, rng, sure=0.4, says=2.0),
    "eight, a fifth lost": lambda n, scale, rng: several(n, scale, rng, sure=2.0, says=0.5, lost=0.2),
}


@pytest.mark.parametrize("scale_m", [CITY_M, PLANET_M], ids=["city", "planet"])
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_promises_hold_on_fresh_photographs(head: Callable, scale_m: float) -> None:
    """3 % is the bar; with 1500 fitted and 1500 fresh photographs, chance alone has a sd of 1.3 %."""
    rng = np.random.default_rng(11)
    found = fit(*head(1500, scale_m, rng), check=False)
    mixtures, truth = head(1500, scale_m, rng)
    held = [float(np.mean(masses_to_truth(found, mixtures, truth) <= q)) for q in CONFIDENCES]
    assert held == pytest.approx(CONFIDENCES, abs=0.03)
    points = found.points(mixtures)
    inside = sphere.distance_m(points, truth) <= found.radii_m(mixtures, points, 0.8)
    assert float(np.mean(inside)) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("scale_m", [CITY_M, PLANET_M], ids=["city", "planet"])
def test_uncalibrated_promises_would_be_broken(scale_m: float) -> None:
    """The test above can fail: as they come, these heads hold nothing like 80 %."""
    mixtures, truth = HEADS["one patch, too narrow"](1000, scale_m, np.random.default_rng(1))
    assert np.mean(masses_to_truth(Calibration(), mixtures, truth) <= 0.8) < 0.3


@pytest.mark.parametrize(("sure", "says"), [(3.0, 0.5), (0.4, 2.0), (1.0, 1.0)])
@pytest.mark.parametrize("scale_m", [CITY_M, PLANET_M], ids=["city", "planet"])
def test_known_numbers_are_found_again(sure: float, says: float, scale_m: float) -> None:
    found = fit(*several(1500, scale_m, np.random.default_rng(5), sure=sure, says=says), check=False)
    assert found.temperature == pytest.approx(sure, rel=0.1)
    assert found.exponent == 1.0
    main = int(np.argmax(found.shares))
    assert found.shares[main] > 0.9
    assert found.factors[main] == pytest.approx(1.0 / says, rel=0.06)
    assert found.background < 0.01


def test_spreads_that_say_nothing_are_evened_out() -> None:
    """The head's spreads vary eightfold by chance, the errors do not."""
    rng = np.random.default_rng(2)
    mixtures, truth = single(2000, CITY_M, rng, says=1.0)
    noisy = replace(mixtures, spread_m=mixtures.spread_m * np.exp(rng.normal(0.0, 0.7, (2000, 1))))
    assert fit(mixtures, truth, check=False).exponent == 1.0
    found = fit(noisy, truth, check=False)
    assert found.exponent == 0.0
    assert found.apply(noisy).spread_m.max() < 150.0 * max(found.factors)


def test_spreads_that_are_right_are_kept() -> None:
    rng = np.random.default_rng(3)
    spread_m = 100.0 * np.exp(rng.normal(0.0, 0.7, 2000))
    truth = anywhere(2000, CITY_M, rng)
    found = fit(Mixtures.at(moved(truth, spread_m, rng), spread_m), truth, check=False)
    assert found.exponent == 1.0
    assert found.factors[int(np.argmax(found.shares))] == pytest.approx(1.0, rel=0.06)


def test_the_share_that_is_lost_becomes_background_on_the_planet() -> None:
    found = fit(*HEADS["one patch, a fifth lost"](3000, PLANET_M, np.random.default_rng(4)), check=False)
    assert found.background == pytest.approx(0.2, abs=0.03)


def cells(count: int, rng: np.random.Generator):
    """A head that knows the place to 40 m and says it in cells of 100 m: its tails are too light."""
    east, north = np.meshgrid(np.arange(-12, 13) * 100.0, np.arange(-12, 13) * 100.0)
    grid = np.column_stack([east.ravel(), north.ravel()])
    truth = rng.uniform(-800.0, 800.0, (count, 2))
    seen = truth + rng.normal(0.0, 40.0, (count, 2))
    logits = -((seen[:, None] - grid) ** 2).sum(axis=2) / (2.0 * 60.0**2)
    frame = TangentPlane(TOWN)
    return Mixtures(
        np.tile(frame.to_lonlat(grid), (count, 1, 1)), logits, np.full(logits.shape, 60.0)
    ).heaviest(12), frame.to_lonlat(truth)


def test_ranks_put_right_what_widths_cannot() -> None:
    rng = np.random.default_rng(12)
    found = fit(*cells(1500, rng), check=False)
    mixtures, truth = cells(1500, rng)
    held = [float(np.mean(masses_to_truth(found, mixtures, truth) <= q)) for q in CONFIDENCES]
    assert held == pytest.approx(CONFIDENCES, abs=0.045)  # two numbers do not fit every shape
    assert held[1] == pytest.approx(0.8, abs=0.03)
    plain = replace(found, ranks=(1.0, 1.0))
    without = [float(np.mean(masses_to_truth(plain, mixtures, truth) <= q)) for q in CONFIDENCES]
    assert max(abs(np.subtract(without, CONFIDENCES))) > 0.05
    few = mixtures.take(slice(0, 150))
    points = found.points(few)
    for q in (0.5, 0.8):
        exact = [belief.radius_m(q) for belief in found.beliefs(few)]
        assert np.median(exact / found.radii_m(few, points, q)) == pytest.approx(1.0, abs=0.1)


def test_parts_together_are_the_whole() -> None:
    """Ranks that are even change densities by a few percent, more only far out."""
    mixtures, truth = several(20, CITY_M, np.random.default_rng(13), sure=1.0, says=1.0)
    points = mixtures.points()
    parts, left = reranked(mixtures, points, EVEN, background=0.05)
    assert left == pytest.approx(0.05, abs=1e-9)
    difference = np.abs(parts.log_density(truth) - mixtures.log_density(truth))
    assert np.median(difference) < 0.1
    assert difference.max() < 0.5


def test_a_beta_distribution_is_found_again() -> None:
    drawn = np.random.default_rng(14).beta(1.5, 2.5, 20_000)
    assert fitted_ranks(drawn) == pytest.approx((1.5, 2.5), rel=0.05)
    assert fitted_ranks(np.random.default_rng(15).random(400)) == EVEN
    assert levels((0.5,), (1.5, 2.5)) == pytest.approx([stats.beta(1.5, 2.5).ppf(0.5)])


def test_the_promise_is_measured_on_the_other_half() -> None:
    mixtures, truth = HEADS["eight, a fifth lost"](1200, CITY_M, np.random.default_rng(6))
    promise = fit(mixtures, truth).promise
    assert promise is not None
    assert promise.samples == 1200
    assert promise.held == pytest.approx(CONFIDENCES, abs=0.045)  # sd of 80 % of 1200, fit included: 1.5 %
    assert "80% (" in promise.sentence()


def test_calibrating_lowers_the_cost_on_fresh_photographs() -> None:
    """The score is proper: the densities of fresh truths are higher than with the head's own numbers."""
    rng = np.random.default_rng(7)
    for head in HEADS.values():
        found = fit(*head(800, CITY_M, rng), check=False)
        mixtures, truth = head(800, CITY_M, rng)
        raw = np.logaddexp(np.log(0.99) + mixtures.log_density(truth), np.log(0.01 / (4 * np.pi)))
        new = found.apply(mixtures).log_density(truth)
        new = np.logaddexp(np.log1p(-found.background) + new, np.log(found.background / (4 * np.pi)))
        assert new.mean() > raw.mean() + 0.1


# ---- circles


@pytest.mark.parametrize("q", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("scale_m", [CITY_M, PLANET_M], ids=["city", "planet"])
def test_circles_are_those_of_the_beliefs(scale_m: float, q: float) -> None:
    """The oracle integrates each belief exactly."""
    rng = np.random.default_rng(8)
    mixtures, _ = several(12, scale_m, rng, sure=1.0, says=1.0)
    one, _ = single(4, scale_m, rng, says=1.0)
    calibration = Calibration(shares=(0.7, 0.3), factors=(0.5, 3.0), background=0.02)
    for said in (mixtures, one):
        points = calibration.points(said)
        found = calibration.radii_m(said, points, q)
        beliefs = list(calibration.beliefs(said))
        exact = [belief.radius_m(q, point) for belief, point in zip(beliefs, points, strict=True)]
        assert found == pytest.approx(exact, rel=0.03)
        inside = mass_nearer(calibration.apply(said), points, np.array(exact), background=0.02)
        assert inside == pytest.approx(q, abs=0.012)


def test_a_circle_beyond_the_patches_is_that_of_the_background() -> None:
    """A quarter of the globe's half beyond: sin²(α/2) = (0.9 − 0.6) / 0.4."""
    here = Mixtures.at([[0.0, 0.0]], 10.0)
    found = radii_m(here, np.zeros((1, 2)), (0.9,), background=0.4)[:, 0]
    expected = 2.0 * np.arcsin(np.sqrt(0.75)) * sphere.EARTH_RADIUS_M
    assert found == pytest.approx([expected], rel=1e-6)


def test_rayleigh_by_hand() -> None:
    """One patch: the circle of 80 % has the radius σ √(−2 ln 0.2)."""
    here = np.array([[10.0, 50.0]])
    found = radii_m(Mixtures.at(here, 1000.0), here, (0.5, 0.8), background=1e-9)[0]
    assert found == pytest.approx(1000.0 * np.sqrt(-2.0 * np.log([0.5, 0.2])), rel=0.003)


# ---- the value


def test_it_comes_back_from_json_to_the_last_bit() -> None:
    mixtures, truth = HEADS["eight, too sure"](200, CITY_M, np.random.default_rng(9))
    found = fit(mixtures, truth)
    assert Calibration.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert Calibration.from_json(json.loads(json.dumps(Calibration().to_json()))) == Calibration()


@pytest.mark.parametrize("values", [{}, {"shares": [1.0], "factors": [1.0], "heat": 3}, {"shares": 1}, []])
def test_what_is_no_calibration_is_refused(values) -> None:
    with pytest.raises(FormatError, match="no calibration"):
        Calibration.from_json(values)


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.0},
        {"background": 1.0},
        {"shares": (0.5,)},
        {"factors": (1.0, 2.0)},
        {"exponent": -1.0},
    ],
)
def test_numbers_out_of_range_are_refused(change: dict) -> None:
    with pytest.raises(InputError):
        Calibration(**change)


def test_too_few_photographs_are_refused() -> None:
    mixtures, truth = single(40, CITY_M, np.random.default_rng(0), says=1.0)
    truth[:20] = np.nan
    with pytest.raises(NotEnoughDataError, match="needs 30 photographs of known position, here are 20"):
        fit(mixtures, truth)


def test_patches_that_do_not_count_change_nothing() -> None:
    mixtures, truth = HEADS["eight, too sure"](300, CITY_M, np.random.default_rng(10))
    first, second = fit(mixtures, truth, check=False), fit(mixtures.filled(20), truth, check=False)
    assert second.temperature == pytest.approx(first.temperature, rel=1e-6)
    assert second.factors == pytest.approx(first.factors, rel=1e-6)


def test_a_promise_is_a_sentence() -> None:
    told = Promise((0.5, 0.8), (0.491, 0.815), 100).sentence()
    assert told == "radii promised (held on 100 photographs left out of the fit): 50% (49.1%), 80% (81.5%)"


@pytest.mark.slow
def test_a_hundred_thousand_photographs_take_seconds() -> None:
    """Measured 5 s on one core: the fit looks at a sample."""
    rng = np.random.default_rng(0)
    centers = anywhere(100_000 * 64, CITY_M, rng).reshape(-1, 64, 2)
    mixtures = Mixtures(centers, rng.normal(size=(100_000, 64)), np.full((100_000, 64), 100.0))
    started = process_time()
    fit(mixtures, centers[:, 0])
    assert process_time() - started < 30.0
