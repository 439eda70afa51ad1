"""Evidence multiplied into an answer."""

from __future__ import annotations

import json
import math

import pytest

from whence.earth.belief import Belief
from whence.earth.region import Region
from whence.earth.sphere import distance_m
from whence.errors import NotEnoughDataError
from whence.photos.estimate import NO_EVIDENCE, OUTSIDE, Estimate, weigh
from whence.photos.evidence.evidence import Evidence

BERLIN, PARIS, MOSCOW_IDAHO, MOSCOW = (13.4, 52.5), (2.35, 48.86), (-117.0, 46.73), (37.62, 55.75)


def said(source: str, belief: Belief) -> Evidence:
    return Evidence(source, belief, f"{source} says so.", {"n": 1})


def test_no_evidence_gives_no_position() -> None:
    estimate = weigh("a.jpg", [], truth=BERLIN)
    assert (estimate.status, estimate.located, estimate.radius_m, estimate.error_m) == (
        NO_EVIDENCE,
        False,
        None,
        None,
    )
    assert estimate.to_row().img_path == "a.jpg"
    with pytest.raises(NotEnoughDataError, match="no evidence"):
        _ = estimate.best


def test_one_source_is_the_answer() -> None:
    estimate = weigh("a.jpg", [said("exif", Belief.at(BERLIN, spread_m=10))], truth=BERLIN)
    assert estimate.located
    assert estimate.error_m == pytest.approx(0, abs=0.01)
    # Closed form: 80 % of the whole belief, of which 99 % is a Gaussian of 10 m.
    assert estimate.radius_m == pytest.approx(10 * (-2 * math.log(1 - 0.8 / 0.99)) ** 0.5, rel=0.01)
    assert estimate.evidence[0].moved_m is None


def test_two_sources_settle_what_one_leaves_open() -> None:
    name = said("text", Belief.patches([MOSCOW_IDAHO, MOSCOW], 5e3, [0.6, 0.4], background=0.1))
    clock = said("time", Belief.at((45.0, 55.0), spread_m=800e3, background=0.2))
    alone, together = weigh("a.jpg", [name]), weigh("a.jpg", [name, clock])
    best = (alone.best.longitude_deg, alone.best.latitude_deg)
    assert distance_m(best, MOSCOW_IDAHO) < 1e3
    best = (together.best.longitude_deg, together.best.latitude_deg)
    assert distance_m(best, MOSCOW) < 1e3
    assert together.sources == ("text", "time")
    by_source = {item.evidence.source: item for item in together.evidence}
    assert by_source["time"].moved_m == pytest.approx(float(distance_m(MOSCOW, MOSCOW_IDAHO)), rel=0.01)
    assert by_source["text"].bits > by_source["time"].bits > 0


def test_the_order_of_the_evidence_does_not_matter() -> None:
    items = [
        said("exif", Belief.at(BERLIN, spread_m=50)),
        said("text", Belief.at(PARIS, spread_m=3e3, background=0.3)),
    ]
    forward, backward = weigh("a.jpg", items), weigh("a.jpg", items[::-1])
    assert forward.hypotheses == backward.hypotheses


def test_contradiction_keeps_both_places() -> None:
    items = [
        said("exif", Belief.at(BERLIN, spread_m=50, background=0.3)),
        said("text", Belief.at(PARIS, spread_m=50, background=0.3)),
    ]
    estimate = weigh("a.jpg", items)
    assert len(estimate.hypotheses) >= 2
    assert estimate.hypotheses[0].probability < 0.6
    assert estimate.radius_m is not None
    assert estimate.radius_m > 500e3


def test_a_region_chooses_between_hypotheses() -> None:
    name = said("text", Belief.patches([MOSCOW_IDAHO, MOSCOW], 5e3, [0.4, 0.6], background=0.1))
    region = Region.circle(MOSCOW_IDAHO, 300e3)
    estimate = weigh("a.jpg", [name], region=region)
    best = (estimate.best.longitude_deg, estimate.best.latitude_deg)
    assert distance_m(best, MOSCOW_IDAHO) < 1e3
    assert estimate.best.probability > 0.95


def test_evidence_outside_the_region_gives_no_invented_position() -> None:
    estimate = weigh(
        "a.jpg",
        [said("exif", Belief.at(BERLIN, spread_m=10))],
        region=Region.circle(PARIS, 50e3),
        truth=PARIS,
    )
    assert estimate.status == OUTSIDE
    assert not estimate.located
    assert estimate.sources == ("exif",)


@pytest.mark.parametrize("belief", [Belief.uniform(), Belief.at(BERLIN, spread_m=50, background=0.97)])
def test_what_says_next_to_nothing_gives_no_position(belief: Belief) -> None:
    estimate = weigh("a.jpg", [said("index", belief)])
    assert (estimate.status, estimate.located) == (NO_EVIDENCE, False)
    assert estimate.sources == ("index",)
    assert weigh("a.jpg", [said("index", belief)], region=Region.circle(PARIS, 50e3)).located is False


def test_a_region_can_make_weak_evidence_worth_saying() -> None:
    weak = said("text", Belief.at(BERLIN, spread_m=50, background=0.97))
    estimate = weigh("a.jpg", [weak], region=Region.circle(BERLIN, 50e3))
    assert estimate.located
    assert estimate.radius_m is not None
    assert estimate.radius_m < 200


def test_the_confidence_sets_the_radius() -> None:
    item = said("exif", Belief.at(BERLIN, spread_m=100))
    radii = [weigh("a.jpg", [item], confidence=share).radius_m for share in (0.5, 0.8, 0.95)]
    assert radii == sorted(radii)  # type: ignore[type-var]


@pytest.mark.parametrize("truth", [None, BERLIN])
def test_json_gives_the_same_estimate_back(truth: tuple[float, float] | None) -> None:
    items = [said("exif", Belief.at(BERLIN, spread_m=50)), said("text", Belief.at(PARIS, spread_m=3e3))]
    for estimate in (weigh("a.jpg", items, truth=truth, problems=["odd"]), weigh("b.jpg", [], truth=truth)):
        text = json.dumps(estimate.to_json(), allow_nan=False)
        back = Estimate.from_json(json.loads(text))
        assert back.to_row() == estimate.to_row()
        assert back.hypotheses == estimate.hypotheses
        assert back.to_json() == estimate.to_json()
