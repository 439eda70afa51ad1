"""Where a photograph was taken, with the evidence behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.belief import Belief, Hypothesis
from whence.earth.ellipsoid import geodesic_distance_m
from whence.earth.sphere import EARTH_AREA_KM2
from whence.errors import FormatError, NotEnoughDataError
from whence.photos.evidence.evidence import Evidence
from whence.photos.results import LOCATED, ResultRow

if TYPE_CHECKING:
    from whence.earth.region import Region
    from whence.typing import Floats

__all__ = ["NO_EVIDENCE", "OUTSIDE", "Contribution", "Estimate", "weigh"]

NO_EVIDENCE = "no evidence"
OUTSIDE = "evidence points outside the region"

LEAST_SAID = 0.05
"""When all sources together leave more than 95 % to "anywhere", a position would be invented."""


@dataclass(frozen=True)
class Contribution:
    """What one source said, and what it did to the answer.

    Attributes
    ----------
    evidence
        The source's belief, sentence and details.
    bits
        Information that the source alone holds over knowing nothing (KL divergence from uniform), in bits.
    moved_m
        Distance between the best position with and without this source, in metres;
        None when nothing would remain without it.
    """

    evidence: Evidence
    bits: float
    moved_m: float | None


@dataclass(frozen=True)
class Estimate:
    """The answer for one photograph.

    Attributes
    ----------
    path
        The photograph as it was named by the caller.
    status
        ``"located"``, ``"no evidence"``, ``"evidence points outside the region"`` or ``"unreadable: …"``.
    belief
        The sources' product, restricted to the region if one was given; None unless located.
    hypotheses
        Separated positions, most probable first.
    evidence
        One contribution per source that had something to say.
    confidence
        The share of answers that `radius_m` promises to hold.
    truth
        Known (longitude, latitude) in degrees, if any; never used for the answer.
    problems
        What was noticed and not believed, such as an impossible EXIF position.

    Examples
    --------
    >>> from whence.earth.belief import Belief
    >>> said = Evidence("exif", Belief.at((13.4, 52.5), spread_m=10), "The file says so.")
    >>> estimate = weigh("a.jpg", [said])
    >>> estimate.status, round(estimate.best.longitude_deg, 3), estimate.radius_m < 30
    ('located', 13.4, True)
    """

    path: str
    status: str
    belief: Belief | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    evidence: tuple[Contribution, ...] = ()
    confidence: float = 0.8
    truth: tuple[float, float] | None = None
    problems: tuple[str, ...] = ()

    @property
    def located(self) -> bool:
        """Whether there is a position."""
        return bool(self.hypotheses)

    @property
    def best(self) -> Hypothesis:
        """The most probable position.

        Raises
        ------
        NotEnoughDataError
            When the photograph was not located; `status` says why.
        """
        if not self.hypotheses:
            raise NotEnoughDataError(
                f"{self.path} has no position ({self.status}); look at .status before .best"
            )
        return self.hypotheses[0]

    @property
    def radius_m(self) -> float | None:
        """Radius round the best position that holds `confidence` of the whole belief, in metres."""
        return self.hypotheses[0].radius_m if self.hypotheses else None

    @property
    def error_m(self) -> float | None:
        """Geodesic distance from the best position to the truth, in metres; None without either."""
        if self.truth is None or not self.hypotheses:
            return None
        return float(geodesic_distance_m((self.best.longitude_deg, self.best.latitude_deg), self.truth))

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources that had something to say."""
        return tuple(contribution.evidence.source for contribution in self.evidence)

    def to_row(self) -> ResultRow:
        """Give the row of a results table."""
        gt_lon, gt_lat = self.truth or (None, None)
        best = self.hypotheses[0] if self.hypotheses else None
        return ResultRow(
            img_path=self.path,
            gt_lat=gt_lat,
            gt_lon=gt_lon,
            pred_lat=best.latitude_deg if best else None,
            pred_lon=best.longitude_deg if best else None,
            error_m=self.error_m,
            radius_m=best.radius_m if best else None,
            probability=best.probability if best else None,
            sources=self.sources,
            status=self.status,
        )

    def to_json(self) -> dict[str, Any]:
        """Give everything as values that JSON can hold; `from_json` takes it back."""
        return {
            "img_path": self.path,
            "status": self.status,
            "confidence": self.confidence,
            "error_m": self.error_m,
            "radius_m": self.radius_m,
            "truth": list(self.truth) if self.truth else None,
            "problems": list(self.problems),
            "hypotheses": [vars(hypothesis) for hypothesis in self.hypotheses],
            "evidence": [
                {
                    "source": item.evidence.source,
                    "sentence": item.evidence.sentence,
                    "details": dict(item.evidence.details),
                    "bits": item.bits,
                    "moved_m": item.moved_m,
                    "belief": item.evidence.belief.to_json(),
                }
                for item in self.evidence
            ],
            "belief": self.belief.to_json() if self.belief else None,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Estimate:
        """Rebuild an estimate from `to_json`.

        Raises
        ------
        FormatError
            When keys are missing.
        """
        try:
            return cls(
                path=values["img_path"],
                status=values["status"],
                belief=Belief.from_json(values["belief"]) if values["belief"] else None,
                hypotheses=tuple(Hypothesis(**item) for item in values["hypotheses"]),
                evidence=tuple(_contribution(item) for item in values["evidence"]),
                confidence=values["confidence"],
                truth=tuple(values["truth"]) if values["truth"] else None,
                problems=tuple(values["problems"]),
            )
        except KeyError as error:
            raise FormatError(f"this is not an estimate written by whence: {error} is missing") from error


def _contribution(values: dict[str, Any]) -> Contribution:
    belief = Belief.from_json(values["belief"])
    evidence = Evidence(values["source"], belief, values["sentence"], values["details"])
    return Contribution(evidence, values["bits"], values["moved_m"])


def weigh(
    path: str | Path,
    said: Sequence[Evidence],
    *,
    region: Region | None = None,
    top_k: int = 5,
    confidence: float = 0.8,
    truth: tuple[float, float] | None = None,
    problems: Sequence[str] = (),
) -> Estimate:
    """Multiply what the sources said into one answer.

    Parameters
    ----------
    path
        Name of the photograph in the answer.
    said
        The evidence; sources without anything to say are left out.
    region
        Where the photograph is known to be; the belief is cut to it. With no other evidence the
        region alone does not locate a photograph.
    top_k
        Number of hypotheses at most.
    confidence
        Share of answers that the radius promises to hold, between 0 and 1.
    truth
        Known (longitude, latitude) in degrees, carried along for the error.
    problems
        Sentences about what was noticed and not believed.
    """
    unlocated = Estimate(str(path), NO_EVIDENCE, confidence=confidence, truth=truth, problems=tuple(problems))
    if not said:
        return unlocated
    whole = Belief.combine([item.belief for item in said])
    says_little = 1.0 - whole.background < LEAST_SAID
    if says_little if region is None else not _reaches(whole, region):
        heard = tuple(_weighed(item, said, None, None) for item in said)
        return replace(unlocated, status=NO_EVIDENCE if says_little else OUTSIDE, evidence=heard)
    belief = whole if region is None else whole.within(region)
    hypotheses = tuple(belief.hypotheses(top_k, q=confidence))
    best = np.array([hypotheses[0].longitude_deg, hypotheses[0].latitude_deg])
    return replace(
        unlocated,
        status=LOCATED,
        belief=belief,
        hypotheses=hypotheses,
        evidence=tuple(_weighed(item, said, region, best) for item in said),
    )


def _reaches(belief: Belief, region: Region) -> bool:
    """Tell whether a belief has more to say about a region than its background does everywhere."""
    nothing = belief.background * region.area_km2 / EARTH_AREA_KM2
    return belief.mass_in(region) > 2 * nothing


def _weighed(
    item: Evidence, said: Sequence[Evidence], region: Region | None, best: Floats | None
) -> Contribution:
    others = [other.belief for other in said if other is not item]
    moved_m = None
    if others and best is not None:
        without = Belief.combine(others)
        if region is not None:
            without = without.within(region)
        moved_m = float(geodesic_distance_m(best, without.best()))
    return Contribution(item, item.belief.information_bits(), moved_m)
