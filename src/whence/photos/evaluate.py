"""How good the positions are: errors, shares within distances, scores, and whether the radii hold.

Photographs that were not located are counted, never dropped: each share is given of all photographs with a
known position, where those not located count as wrong, and of the located ones. `evaluate` is for one table
of results; `whence.photos.evaluation.comparison.evaluate_many` sets several side by side.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whence.errors import InputError
from whence.photos.evaluation.administrative import Level, administrative, continents_of, countries_of
from whence.photos.evaluation.answers import Answers
from whence.photos.evaluation.distribution import Distribution, distribution
from whence.photos.evaluation.groups import Groups, grouped
from whence.photos.evaluation.headline import Score, Share, headline, resampling_of
from whence.photos.evaluation.localizability import Localizability, localizability
from whence.photos.evaluation.reliability import Calibration, Probabilities, Radii, probabilities, radii
from whence.photos.summary import summary_text

if TYPE_CHECKING:
    from whence.photos.evaluation.resampling import Interval, Resampling
    from whence.photos.protocols import Protocol
    from whence.photos.results import ResultRow

__all__ = ["Calibration", "Evaluation", "Plan", "Score", "Share", "evaluate", "evaluate_answers"]


@dataclass(frozen=True)
class Plan:
    """What to measure beyond the usual figures, and how.

    Attributes
    ----------
    within_m
        Limits in metres to give shares for instead of the protocol's; measured as errors.
    confidence
        Share of the truths that the column ``radius_m`` promises to hold.
    right_within_m
        An answer this near the truth makes its ``probability`` come true, metres.
    by
        Columns to give the figures of each value of.
    min_count
        Parts with fewer photographs are left out of charts and balanced scores.
    places
        Whether to name positions: right country, region and city, and the figures of every country and
        continent of the truth. Takes seconds and opens the gazetteer.
    names_from
        Who names them; see `administrative`.
    cluster
        Column whose values are drawn as a whole by the bootstrap (sequences, cameras, authors); None draws
        photographs.
    seed
        Of the bootstrap.
    """

    within_m: Sequence[float] | None = None
    confidence: float = 0.8
    right_within_m: float = 25_000.0
    by: tuple[str, ...] = ()
    min_count: int = 10
    places: bool = False
    names_from: str | None = None
    cluster: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.confidence < 1.0:
            raise InputError(f"confidence is {self.confidence}; it must lie between 0 and 1, such as 0.8")
        if not self.right_within_m > 0.0:
            raise InputError(f"right_within_m is {self.right_within_m}; it must be metres above zero")


@dataclass(frozen=True)
class Evaluation:
    """Figures of one table of results.

    Attributes
    ----------
    protocol
        How distances and scores were measured.
    rows
        Rows of the table.
    with_truth
        Those whose true position is known: "all" of the shares.
    located
        Those with a known and a predicted position.
    not_located
        Status -> number of rows without a predicted position; what follows a colon is left out.
    mean_m, median_m, p90_m
        Of the errors of the located, metres; None when there is none.
    mean_interval_m, median_interval_m, p90_interval_m
        Their 95 % bootstrap intervals.
    median_of_all_m
        Median over all, photographs not located being infinitely far; None when it is infinite.
    within
        Shares within the protocol's limits, metres first, rising.
    score
        Mean GeoScore.
    far_200, far
        False alarms: answers more than 200 and 500 km off. A photograph not located raises no alarm.
    calibration
        Of the column ``radius_m``; None when no row has a radius.
    radii
        Of the columns of radii of every confidence level.
    probabilities
        Of the column ``probability``; None when no row has one.
    localizability
        Of the column ``information_bits``; None when the table has none.
    distribution
        Histogram and counts of the thesis.
    levels
        Right country, region, sub-region, city; empty unless places were asked for.
    groups
        Figures of parts of the photographs, one entry for each way to part them.
    resamples, clusters
        How many resamples stand behind the intervals; how many clusters were drawn, None for photographs.
    """

    protocol: Protocol
    rows: int
    with_truth: int
    located: int
    not_located: Mapping[str, int]
    mean_m: float | None
    median_m: float | None
    p90_m: float | None
    mean_interval_m: Interval | None
    median_interval_m: Interval | None
    p90_interval_m: Interval | None
    median_of_all_m: float | None
    within: tuple[Share, ...]
    score: Score
    far_200: Share
    far: Share
    calibration: Calibration | None
    radii: Radii | None
    probabilities: Probabilities | None
    localizability: Localizability | None
    distribution: Distribution
    levels: tuple[Level, ...]
    groups: tuple[Groups, ...]
    resamples: int
    clusters: int | None

    def to_json(self) -> dict[str, Any]:
        """Give the figures as values that JSON can hold; the protocol by its name."""
        values = dataclasses.asdict(dataclasses.replace(self, not_located=dict(self.not_located)))
        return values | {"protocol": self.protocol.name}

    def summary(self) -> str:
        """Give the figures as lines of text for a terminal."""
        return summary_text(self)


def evaluate(
    rows: Iterable[ResultRow | Mapping[str, Any]],
    *,
    protocol: str | Protocol = "whence",
    within_m: Sequence[float] | None = None,
    confidence: float = 0.8,
    seed: int = 0,
    plan: Plan | None = None,
) -> Evaluation:
    """Measure a table of results.

    Errors are computed from the positions; a column ``error_m`` is not relied on.

    Parameters
    ----------
    rows
        Of `read_results` or `Estimate.to_row()`, or mappings of named values.
    protocol
        A name of `PROTOCOLS`, or one's own.
    within_m, confidence, seed
        As in `Plan`, for the usual case; not looked at when there is a plan.
    plan
        What else to measure.

    Raises
    ------
    NotEnoughDataError
        When no row has a true position.
    InputError
        When the protocol, a limit, a column or the confidence makes no sense.

    Examples
    --------
    Three photographs: one exact, one a degree of latitude off on the equator (110.574 km), one not located.

    >>> rows = [
    ...     {"img_path": "a.jpg", "gt_lat": 0, "gt_lon": 0, "pred_lat": 0, "pred_lon": 0, "radius_m": 5},
    ...     {"img_path": "b.jpg", "gt_lat": 0, "gt_lon": 0, "pred_lat": 1, "pred_lon": 0, "radius_m": 5},
    ...     {"img_path": "c.jpg", "gt_lat": 0, "gt_lon": 0, "pred_lat": None, "pred_lon": None},
    ... ]
    >>> figures = evaluate(rows, within_m=[200_000])
    >>> figures.located, dict(figures.not_located)
    (2, {'no position': 1})
    >>> round(figures.mean_m), round(figures.median_m)
    (55287, 55287)
    >>> share = figures.within[0]
    >>> share.count, round(share.of_all, 3), share.of_located
    (2, 0.667, 1.0)
    >>> figures.calibration.inside, figures.calibration.count
    (1, 2)
    """
    agreed = plan or Plan(within_m=within_m, confidence=confidence, seed=seed)
    return evaluate_answers(Answers.of_rows(rows, protocol=protocol), agreed)


def evaluate_answers(answers: Answers, plan: Plan | None = None) -> Evaluation:
    """Measure answers that are columns already; as `evaluate`.

    Raises
    ------
    InputError
        When a limit or a column makes no sense.
    """
    agreed = plan or Plan()
    resampling = resampling_of(answers, cluster=agreed.cluster, seed=agreed.seed)
    head = headline(answers, resampling, within_m=agreed.within_m)
    held = radii(answers, confidence=agreed.confidence, resampling=resampling)
    said = probabilities(answers, right_within_m=agreed.right_within_m, resampling=resampling)
    return Evaluation(
        protocol=answers.protocol,
        rows=answers.rows,
        with_truth=len(answers),
        located=int(answers.located.sum()),
        not_located=answers.not_located,
        **{field.name: getattr(head, field.name) for field in dataclasses.fields(head)},
        calibration=_of_level(held, agreed.confidence),
        radii=held,
        probabilities=said,
        localizability=localizability(answers),
        distribution=distribution(answers),
        levels=_levels(answers, agreed, resampling) if agreed.places else (),
        groups=_groups(answers, agreed),
        resamples=resampling.number,
        clusters=None if agreed.cluster is None else resampling.units,
    )


def _levels(answers: Answers, plan: Plan, resampling: Resampling) -> tuple[Level, ...]:
    return administrative(answers, names_from=plan.names_from, resampling=resampling)


def _of_level(held: Radii | None, confidence: float) -> Calibration | None:
    levels = () if held is None else held.levels
    return next((level for level in levels if level.promised == confidence), None)


def _groups(answers: Answers, plan: Plan) -> tuple[Groups, ...]:
    labels = {}
    if plan.places:
        countries = countries_of(answers)
        labels = {"country": countries, "continent": continents_of(countries)}
    labels |= {name: answers.texts(name) for name in plan.by if name not in labels}
    return tuple(
        grouped(answers, values, by=name, min_count=plan.min_count) for name, values in labels.items()
    )
