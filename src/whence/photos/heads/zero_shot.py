"""Countries and places by name alone: what the text half of a CLIP model says of a photograph.

Radford et al. 2021, "Learning transferable visual models from natural language supervision", classify by
prompts; Haas et al. 2023 (StreetCLIP) by country first, then by the city within it. No photograph of known
position is needed. The vectors of the prompts are kept, so that answers need no text tower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from scipy import special
from scipy.spatial import cKDTree

from whence.earth.sphere import EARTH_RADIUS_M, to_unit_vectors
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.learn.encoders.normalisation import unit_rows
from whence.photos.heads.constant import drawn
from whence.photos.heads.keeping import kept_mixture
from whence.photos.heads.kernel import FEWEST
from whence.photos.heads.parts import array_of, value_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.earth.region import Region
    from whence.photos.heads.mixtures import Mixtures
    from whence.photos.heads.protocol import Task
    from whence.typing import Floats, Floats32, Ints, Json, PathLike

__all__ = ["NamedPlaces", "TextTower", "ZeroShot", "ZeroShotHead", "gazetteer_places", "zero_shot_head"]

COUNTRY_PROMPTS = ("a photo taken in {country}.", "a street in {country}.", "a view of {country}.")
PLACE_PROMPTS = ("a photo taken in {place}, {country}.", "a street in {place}, {country}.")

_LEAST_SPREAD_M = 3_000.0
_CHOSEN_ON = 4000
_SCALES = np.geomspace(0.1, 10.0, 9)
_SPREADS = np.geomspace(0.25, 8.0, 6)


class TextTower(Protocol):
    """What turns names into vectors; `whence.learn.encoders.clip_text.CLIPTextTower` is one."""

    @property
    def logit_scale(self) -> float:
        """What likenesses are multiplied with before the softmax over texts."""

    def encode(self, texts: Sequence[str]) -> Floats32:
        """Turn n texts into unit vectors (n, dim)."""


@dataclass(frozen=True, eq=False)
class NamedPlaces:
    """Places that a photograph may be from.

    Attributes
    ----------
    names, countries
        Name of each of m places and of its country, as a caption would have them. Places of one country
        stand together.
    lonlat
        (m, 2) longitude, latitude, degrees.
    spread_m
        (m,) how far round each photographs of it lie, metres.
    """

    names: tuple[str, ...]
    countries: tuple[str, ...]
    lonlat: Floats
    spread_m: Floats

    def __post_init__(self) -> None:
        changes = sum(a != b for a, b in zip(self.countries, self.countries[1:], strict=False))
        if len(self.names) == 0:
            raise NotEnoughDataError("there is no place to choose from; widen the region or the countries")
        if changes + 1 != len(set(self.countries)):
            raise InputError("places of one country must stand together")

    def __len__(self) -> int:
        return len(self.names)

    def country_of(self) -> tuple[list[str], Ints]:
        """Names of the countries in order, and the number (m,) of each place's."""
        names = list(dict.fromkeys(self.countries))
        return names, np.array([names.index(country) for country in self.countries], np.int64)


def gazetteer_places(
    *, countries: Sequence[str] | None = None, per_country: int = 20, region: Region | None = None
) -> NamedPlaces:
    """Take the most populous places of every country from the gazetteer.

    Parameters
    ----------
    countries
        Two-letter codes; all by default.
    per_country
        Places of each, at most.
    region
        Only places in it.

    Raises
    ------
    NotEnoughDataError
        When there is none.
    """
    from whence.places.country_table import countries as all_countries
    from whence.places.country_table import country
    from whence.places.gazetteer import gazetteer

    known = gazetteer()
    chosen = all_countries() if countries is None else [country(code) for code in countries]
    names: list[str] = []
    owners: list[str] = []
    rows: list[int] = []
    for owner in chosen:
        inside = np.asarray(known.places_in(owner.code), np.int64)
        if region is not None and len(inside):
            inside = inside[np.asarray(region.contains(known.lonlat[inside]), np.bool_)]
        largest = inside[np.argsort(-known.population[inside], kind="stable")[:per_country]]
        rows += largest.tolist()
        names += [known.place(row).name for row in largest.tolist()]
        owners += [owner.name] * len(largest)
    lonlat = np.asarray(known.lonlat[np.array(rows, np.int64)], np.float64).reshape(-1, 2)
    return NamedPlaces(tuple(names), tuple(owners), lonlat, _reach_m(lonlat))


def _reach_m(lonlat: Floats) -> Floats:
    """Half of the distance (m,) to the nearest other place, at least 3 km: what each stands for."""
    if len(lonlat) < 2:
        return np.full(len(lonlat), 50_000.0)
    vectors = to_unit_vectors(lonlat)
    chords = cKDTree(vectors).query(vectors, k=2)[0][:, 1]
    return np.asarray(np.maximum(EARTH_RADIUS_M * chords / 2.0, _LEAST_SPREAD_M))


def zero_shot_head(
    tower: TextTower,
    *,
    places: NamedPlaces | None = None,
    countries: Sequence[str] | None = None,
    region: Region | None = None,
    country_prompts: Sequence[str] = COUNTRY_PROMPTS,
    place_prompts: Sequence[str] = PLACE_PROMPTS,
    patches: int = 64,
) -> ZeroShotHead:
    """Make a head of names alone.

    Parameters
    ----------
    tower
        The text half of the model whose picture half gives the features.
    places
        What to choose from; those of the gazetteer by default.
    countries, region
        Limit the gazetteer, see `gazetteer_places`.
    country_prompts, place_prompts
        Captions with ``{country}``, and with ``{place}`` and ``{country}``; their vectors are averaged.
    patches
        Places kept for a photograph.

    Raises
    ------
    NotEnoughDataError
        When there is no place.
    InputError
        For a caption without its gap.
    """
    known = places or gazetteer_places(countries=countries, region=region)
    names, country = known.country_of()
    _check_prompts(country_prompts, "{country}")
    _check_prompts(place_prompts, "{place}")
    return ZeroShotHead(
        countries=_mean_vectors(tower, [[p.format(country=name) for name in names] for p in country_prompts]),
        places=_mean_vectors(
            tower,
            [
                [
                    p.format(place=place, country=owner)
                    for place, owner in zip(known.names, known.countries, strict=True)
                ]
                for p in place_prompts
            ],
        ),
        country=country,
        lonlat=known.lonlat,
        spread_m=known.spread_m,
        scale=float(tower.logit_scale),
        patches=patches,
    )


def _check_prompts(prompts: Sequence[str], gap: str) -> None:
    if isinstance(prompts, str) or not prompts or not all(gap in prompt for prompt in prompts):
        raise InputError(f"give a list of captions, each with {gap}; given is {prompts!r}")


def _mean_vectors(tower: TextTower, texts: Sequence[Sequence[str]]) -> Floats32:
    """Average the vectors of several captions of the same things: (things, d) unit vectors."""
    return unit_rows(np.mean([tower.encode(list(captions)) for captions in texts], axis=0))


@dataclass(frozen=True, eq=False)
class ZeroShotHead:
    """p(country) by its captions, times p(place | country) by those of its places.

    Attributes
    ----------
    countries
        (c, d) unit vectors of the countries' captions.
    places
        (m, d) of the places'.
    country
        (m,) number of each place's country, ascending.
    lonlat, spread_m
        (m, 2) degrees and (m,) metres.
    scale
        What likenesses are multiplied with; that of the model is far too sure of itself.
    patches
        Places kept for a photograph; the others become one wide patch.
    """

    countries: Floats32
    places: Floats32
    country: Ints
    lonlat: Floats
    spread_m: Floats
    scale: float
    patches: int

    kind: ClassVar[str] = "zero-shot"

    def __post_init__(self) -> None:
        count = len(self.places)
        if not (len(self.country) == len(self.lonlat) == len(self.spread_m) == count) or (
            self.countries.shape[1] != self.places.shape[1]
        ):
            raise FormatError("the places of the head do not belong together; its file is broken")
        if (
            not np.array_equal(np.unique(self.country), np.arange(len(self.countries)))
            or (np.diff(self.country) < 0).any()
        ):
            raise FormatError("the countries of the head are not in order; its file is broken")

    @property
    def dim(self) -> int:
        """Length of the vectors that it takes."""
        return int(self.places.shape[1])

    def log_weights(self, features: Floats32) -> Floats:
        """Logarithm (n, m) of p(country) p(place | country) for n vectors (n, dim)."""
        return self._weighted(*self._likenesses(features))

    def mixtures(self, features: Floats32) -> Mixtures:
        """Say where n photographs may have been taken, from their vectors (n, dim)."""
        return kept_mixture(self.log_weights(features), self.lonlat, self.spread_m, most=self.patches)

    def tempered(self, task: Task) -> ZeroShotHead:
        """Choose scale and spreads by the likelihood of at most 4000 validation samples; nothing is learnt.

        Raises
        ------
        NotEnoughDataError
            With fewer than 10 validation samples.
        """
        if len(task.validation) < FEWEST:
            raise NotEnoughDataError(
                f"{len(task.validation)} validation samples cannot choose a scale; give at least {FEWEST}"
            )
        chosen = drawn(len(task.validation), _CHOSEN_ON, task.seed)
        features, truth = task.validation.take(chosen), task.validation.lonlat[chosen]

        def likelihood(head: ZeroShotHead) -> float:
            return float(head.mixtures(features).log_density(truth).mean())

        scaled = max((replace(self, scale=self.scale * factor) for factor in _SCALES), key=likelihood)
        spread = [replace(scaled, spread_m=scaled.spread_m * factor) for factor in _SPREADS]
        rescaled = [replace(max(spread, key=likelihood), scale=self.scale * factor) for factor in _SCALES]
        return max(rescaled, key=likelihood)

    def to_parts(self) -> tuple[Json, dict[str, NDArray[Any]]]:
        """Give settings and arrays; see `Head.to_parts`."""
        names = ("countries", "places", "country", "lonlat", "spread_m")
        return {"scale": self.scale, "patches": self.patches}, {name: getattr(self, name) for name in names}

    @classmethod
    def from_parts(cls, settings: Json, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make it again; see `Head.from_parts`."""
        places = array_of(arrays, "places", -1, -1)
        count, dim = places.shape
        return cls(
            array_of(arrays, "countries", -1, dim).astype(np.float32),
            places.astype(np.float32),
            array_of(arrays, "country", count).astype(np.int64),
            array_of(arrays, "lonlat", count, 2).astype(np.float64),
            array_of(arrays, "spread_m", count).astype(np.float64),
            float(value_of(settings, "scale")),
            int(value_of(settings, "patches")),
        )

    def _likenesses(self, features: Floats32) -> tuple[Floats, Floats]:
        """Cosines (n, c) with the countries and (n, m) with the places."""
        vectors = np.asarray(features, np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise InputError(f"the head takes vectors (n, {self.dim}), not {vectors.shape}; same encoder?")
        unit = unit_rows(vectors)
        return (unit @ self.countries.T).astype(np.float64), (unit @ self.places.T).astype(np.float64)

    def _weighted(self, of_countries: Floats, of_places: Floats) -> Floats:
        log_country = special.log_softmax(self.scale * of_countries, axis=1)
        logits = self.scale * of_places
        start = np.searchsorted(self.country, np.arange(len(self.countries)))
        peak = np.maximum.reduceat(logits, start, axis=1)
        total = np.add.reduceat(np.exp(logits - peak[:, self.country]), start, axis=1)
        within = logits - (peak + np.log(total))[:, self.country]
        return np.asarray(log_country[:, self.country] + within)


@dataclass(frozen=True)
class ZeroShot:
    """Settings of a head of names alone; training samples are not looked at.

    Attributes
    ----------
    text_tower
        Where the text half of the encoder's model is: as for the encoder, such as ``clip-vit-b32``.
    countries
        Two-letter codes of the countries to choose from; none: all.
    per_country
        Places of each, the most populous.
    patches
        Places kept for a photograph.
    """

    text_tower: str = ""
    countries: tuple[str, ...] = ()
    per_country: int = 20
    patches: int = 64

    def fit(self, task: Task) -> ZeroShotHead:
        """Encode the names, then choose scale and spreads on the validation samples.

        Raises
        ------
        InputError
            Without a text tower, or when its vectors are not of the features' length.
        NotEnoughDataError
            With fewer than 10 validation samples, or without places.
        MissingExtraError
            Without torch or transformers.
        """
        if not self.text_tower:
            raise InputError('say where the text tower is: text_tower = "clip-vit-b32", or a folder')
        places = gazetteer_places(countries=self.countries or None, per_country=self.per_country)
        head = zero_shot_head(opened_tower(self.text_tower), places=places, patches=self.patches)
        if head.dim != task.validation.dim:
            raise InputError(
                f"{self.text_tower} gives vectors of {head.dim} components and the features have "
                f"{task.validation.dim}: take the text tower of the very encoder"
            )
        return head.tempered(task)


def opened_tower(source: PathLike) -> TextTower:
    """Open the text tower of a model; see `whence.learn.encoders.clip_text.CLIPTextTower.open`."""
    from whence.learn.encoders.clip_text import CLIPTextTower

    tower: TextTower = CLIPTextTower.open(source)
    return tower
