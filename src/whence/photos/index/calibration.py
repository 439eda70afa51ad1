"""What a list of neighbours is worth: numbers learnt from an index, kept in its folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence.errors import FormatError
from whence.imagery.atomic import atomic_path
from whence.photos.index.logistic import Logistic

if TYPE_CHECKING:
    from whence.photos.index.places import Places
    from whence.typing import ArrayLike, Floats

__all__ = [
    "Calibration",
    "PlaceModel",
    "Reliability",
    "bandwidth_for",
    "default_for",
    "near_for",
    "stranger_from",
]

_FILE = "calibration.json"
_VERSION = 1
_BANDWIDTH_SPACINGS = 10.0 / 3.0  # 20 m for street imagery with a place every 6 m, which beats 15 m there
_LEAST_BANDWIDTH_M = 5.0  # positions from phones are no better
_NEAR_M, _NEAR_BANDWIDTHS = 25.0, 1.25  # 25 m is what place recognition counts as found
_WIDEST_DEFAULT_SHARE = 0.5
_ELSEWHERE_UNMEASURED = 0.5
_FEWEST_FAMILIAR = 8
ELSEWHERE = 0.05
"""Probability, before looking, that a photo asked about is not from the map at all."""
MOST_LOG_ODDS = 5.0
"""Beyond these the spread of a cluster no longer changes."""


@dataclass(frozen=True, kw_only=True)
class PlaceModel:
    """How one kind of query (one photo, or several of a place together) is read.

    Attributes
    ----------
    near
        Log-odds that the truth is within `Calibration.near_m` of the best cluster, from (top similarity,
        margin to the best place elsewhere, share of the weight in the cluster).
    geometry
        Log-odds added when geometry was compared, from log(1 + max(inliers - 8, 0)) of the best pair.
    near_spread_m, near_slope
        Spread of the truth round the point of consensus when it is near: `near_spread_m` at even odds, and
        exp(`near_slope`) times that for each unit of log-odds (sure answers are also more exact).
    other_share
        Of the cases where it is not near: the share of those at another neighbour.
    coarse_temperature
        Neighbours weigh exp((s - s₁) / temperature) when the whole neighbourhood is meant.
    coarse_spread_m
        Spread of the truth round a neighbour when only the neighbourhood is right.
    map_share
        Of the coarse part: the share that only says "somewhere on this map".
    top_mean, top_sd
        Top similarity of photos whose surroundings are not in the index. One far below them resembles
        nothing here, and the belief fades to the background.
    """

    near: Logistic
    geometry: Logistic
    near_spread_m: float
    near_slope: float
    other_share: float
    coarse_temperature: float
    coarse_spread_m: float
    map_share: float
    top_mean: float
    top_sd: float

    def spread_at(self, probability: ArrayLike) -> Floats:
        """Spread of a cluster that is right with a probability (...), metres."""
        odds = np.clip(_logit(np.asarray(probability, np.float64)), -MOST_LOG_ODDS, MOST_LOG_ODDS)
        spread_m: Floats = self.near_spread_m * np.exp(self.near_slope * odds)
        return spread_m


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Promises against what was held, on photos left out of the fit (cross-fitted by spatial block).

    Attributes
    ----------
    queries
        Left-out photos measured in each of the two cases.
    promised
        Shares q promised: "the truth is within radius_m(q)".
    held_covered, held_uncovered
        Shares held when the surroundings of the photo are in the index, and when their block was removed.
    calibration_error
        Mean gap between the probability of "near" and its frequency in ten equal groups, both cases together
        (ECE, Guo et al. 2017).
    median_covered_m, median_uncovered_m
        Median error of the best point.
    """

    queries: int
    promised: tuple[float, ...]
    held_covered: tuple[float, ...]
    held_uncovered: tuple[float, ...]
    calibration_error: float
    median_covered_m: float
    median_uncovered_m: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Everything `belief_from_neighbours` needs besides the neighbours.

    Attributes
    ----------
    bandwidth_m
        Of the density of neighbours whose mode is the point of consensus.
    near_m
        What counts as found.
    map_center, map_spread_m
        The photos of the index as one patch.
    elsewhere
        Probability, before looking, that a photo is not from this map at all.
    single, group
        The model of one photo, and of several of one place together; without the second the first is used.
    photos
        Photos that the numbers rest on; 0 for the wide defaults of an index too small to measure.
    stranger
        Stands in for `elsewhere` in an index too small to measure: the probability of a photo from
        elsewhere, given its highest similarity (see `stranger_from`).
    reliability
        How well its promises were held; None for the defaults.
    """

    bandwidth_m: float
    near_m: float
    map_center: tuple[float, float]
    map_spread_m: float
    single: PlaceModel
    group: PlaceModel | None = None
    elsewhere: float = ELSEWHERE
    photos: int = 0
    stranger: Logistic | None = None
    reliability: Reliability | None = None

    @classmethod
    def default(cls, *, spacing_m: float, map_center: tuple[float, float], map_spread_m: float) -> Self:
        """Wide numbers for an index of too few photos to measure anything.

        Unless `stranger` is set, a photo is as likely from elsewhere as from the map. The best cluster is
        believed with probability one half whatever the similarities are, within twice the spacing of the
        map (at least 15 m); the rest is spread over the map.
        """
        bandwidth_m = bandwidth_for(spacing_m)
        model = PlaceModel(
            near=Logistic(0.0, (0.0, 0.0, 0.0)),
            geometry=DEFAULT_GEOMETRY,
            near_spread_m=max(15.0, 2.0 * spacing_m),
            near_slope=0.0,
            other_share=_WIDEST_DEFAULT_SHARE,
            coarse_temperature=0.1,
            coarse_spread_m=max(30.0, 0.5 * map_spread_m),
            map_share=_WIDEST_DEFAULT_SHARE,
            top_mean=-1.0,  # every photo is familiar: what is unfamiliar was never measured
            top_sd=1e-6,
        )
        return cls(
            bandwidth_m=bandwidth_m,
            near_m=near_for(bandwidth_m),
            map_center=map_center,
            map_spread_m=map_spread_m,
            single=model,
            elsewhere=_ELSEWHERE_UNMEASURED,
        )

    def save(self, folder: Path) -> None:
        """Write `calibration.json`."""
        text = json.dumps({"version": _VERSION, **asdict(self)}, indent=1)
        with atomic_path(folder / _FILE) as beside:
            beside.write_text(text, encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Read what `save` wrote; None when there is none.

        Raises
        ------
        FormatError
            When the file is broken or of another version.
        """
        path = folder / _FILE
        if not path.is_file():
            return None
        try:
            fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if fields.pop("version") != _VERSION:
                raise FormatError(f"{path} is of another version; measure again with: whence index calibrate")
            return cls(**_restored(fields))
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{path} is broken ({error}); measure again with: whence index calibrate"
            ) from error


DEFAULT_GEOMETRY = Logistic(-1.0, (1.4,))
"""Thirty inliers add 3.4 to the log-odds, eight or fewer take 1 away (street photographs of Cambridge)."""


def stranger_from(top_similarities: Floats) -> Logistic | None:
    """Guess what a photo from elsewhere looks like, where that cannot be measured.

    All that is known is how similar the index's own photos are to their nearest neighbours at other places.
    One as familiar as half of them is from elsewhere with probability 0.1; one less familiar than all but a
    twentieth of them, with probability 0.5; the log-odds are a line through these. Assumed, not fitted: on
    an index of 29 street photographs, 17 % of 82 photographs from elsewhere came above that twentieth.

    Parameters
    ----------
    top_similarities
        (n,) of the index's own photos.

    Returns
    -------
    None for fewer than 8, or when they are all alike.
    """
    if len(top_similarities) < _FEWEST_FAMILIAR:
        return None
    low, middle = np.quantile(top_similarities, [0.05, 0.5])
    if not middle > low:
        return None
    slope = -np.log(9.0) / (middle - low)
    return Logistic(float(-slope * low), (float(slope),))


def default_for(places: Places) -> Calibration:
    """Wide defaults for the map of an index."""
    return Calibration.default(
        spacing_m=places.spacing_m, map_center=places.map_center, map_spread_m=places.map_spread_m
    )


def _logit(p: Floats) -> Floats:
    inside = np.clip(p, 1e-9, 1.0 - 1e-9)
    log_odds: Floats = np.log(inside / (1.0 - inside))
    return log_odds


def bandwidth_for(spacing_m: float) -> float:
    """Choose the bandwidth of the consensus for an index whose places are so far apart, metres."""
    return max(_LEAST_BANDWIDTH_M, _BANDWIDTH_SPACINGS * spacing_m)


def near_for(bandwidth_m: float) -> float:
    """Tell what counts as found, metres: 25 m, more on a map too thin for that."""
    return max(_NEAR_M, _NEAR_BANDWIDTHS * bandwidth_m)


def _restored(fields: dict[str, Any]) -> dict[str, Any]:
    fields["map_center"] = tuple(fields["map_center"])
    fields["single"] = _model(fields["single"])
    fields["group"] = _model(fields["group"]) if fields["group"] else None
    fields["stranger"] = _logistic(fields["stranger"]) if fields["stranger"] else None
    if fields["reliability"]:
        measured: dict[str, Any] = fields["reliability"]
        lists = {name: tuple(value) for name, value in measured.items() if isinstance(value, list)}
        fields["reliability"] = Reliability(**{**measured, **lists})
    return fields


def _model(fields: dict[str, Any]) -> PlaceModel:
    parts = {name: _logistic(fields[name]) for name in ("near", "geometry")}
    return PlaceModel(**{**fields, **parts})


def _logistic(fields: dict[str, Any]) -> Logistic:
    return Logistic(fields["intercept"], tuple(fields["coefficients"]))
