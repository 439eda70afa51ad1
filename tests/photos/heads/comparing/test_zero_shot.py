"""Names alone: with a text tower that knows where places are, and by the rule of conditional probability."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whence.cli import main
from whence.earth.region import Region
from whence.earth.sphere import destination, distance_m
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.learn.encoders import load_encoder
from whence.photos.heads import Task, head_class, recipe_class
from whence.photos.heads.zero_shot import (
    NamedPlaces,
    ZeroShot,
    ZeroShotHead,
    gazetteer_places,
    zero_shot_head,
)
from whence.photos.model import Model
from whence.photos.samples import Samples

DIM = 64


def direction(word: str) -> np.ndarray:
    vector = np.random.default_rng(zlib.crc32(word.encode())).normal(size=DIM)
    return vector / np.linalg.norm(vector)


class Reader:
    """Hears the names in a caption: a direction for each word that is capitalised."""

    logit_scale = 100.0

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        vectors = [sum(direction(w.strip(".,")) for w in text.split() if w[0].isupper()) for text in texts]
        return np.array([v / np.linalg.norm(v) for v in vectors], np.float32)


PLACES = NamedPlaces(
    ("Lund", "Kiruna", "Oslo", "Bergen", "Narvik"),
    ("Sweden", "Sweden", "Norway", "Norway", "Norway"),
    np.array([[13.19, 55.70], [20.23, 67.86], [10.75, 59.91], [5.32, 60.39], [17.43, 68.44]]),
    np.full(5, 20e3),
)


def photographs(count: int, seed: int, *, noise: float = 0.8) -> Samples:
    rng = np.random.default_rng(seed)
    which = rng.integers(0, 5, count)
    exact = np.array([direction(PLACES.names[i]) + direction(PLACES.countries[i]) for i in which])
    features = exact + rng.normal(0, noise / np.sqrt(DIM), exact.shape) * 2
    lonlat = destination(PLACES.lonlat[which], rng.uniform(0, 360, count), rng.rayleigh(8e3, count))
    return Samples.of_arrays(features / np.linalg.norm(features, axis=1, keepdims=True), lonlat)


@pytest.fixture(scope="module")
def head() -> ZeroShotHead:
    return zero_shot_head(Reader(), places=PLACES)


def test_country_then_place_one_at_a_time(head: ZeroShotHead) -> None:
    features = photographs(3, 0).take(slice(None))
    reader = Reader()
    logs = head.log_weights(features)
    for row, vector in enumerate(features):
        of_country = {}
        for name in ("Sweden", "Norway"):
            captions = (f"a photo taken in {name}.", f"a street in {name}.", f"a view of {name}.")
            mean = reader.encode(captions).mean(axis=0)
            of_country[name] = np.exp(100 * vector @ mean / np.linalg.norm(mean))
        of_place = []
        for name, owner in zip(PLACES.names, PLACES.countries, strict=True):
            captions = (f"a photo taken in {name}, {owner}.", f"a street in {name}, {owner}.")
            mean = reader.encode(captions).mean(axis=0)
            of_place.append(np.exp(100 * vector @ mean / np.linalg.norm(mean)))
        for place, owner in enumerate(PLACES.countries):
            rivals = [p for p, o in zip(of_place, PLACES.countries, strict=True) if o == owner]
            expected = of_country[owner] / sum(of_country.values()) * of_place[place] / sum(rivals)
            assert logs[row, place] == pytest.approx(np.log(expected), rel=1e-3, abs=1e-3)
    assert np.exp(logs).sum(axis=1) == pytest.approx(np.ones(3))


def test_it_recognises_places_without_having_seen_one(head: ZeroShotHead) -> None:
    asked = photographs(300, 1)
    errors_m = distance_m(head.mixtures(asked.take(slice(None))).points(), asked.lonlat)
    assert np.mean(errors_m < 30e3) > 0.8


def test_the_scale_is_tempered_on_validation(head: ZeroShotHead) -> None:
    held, asked = photographs(300, 2, noise=2.0), photographs(300, 3, noise=2.0)
    task = Task(held.subset(np.arange(0)), held, lambda *_: None)
    tempered = head.tempered(task)
    assert tempered.scale < head.scale
    before, after = (
        one.mixtures(asked.take(slice(None))).log_density(asked.lonlat).mean() for one in (head, tempered)
    )
    assert after > before + 0.5
    with pytest.raises(NotEnoughDataError):
        head.tempered(replace(task, validation=held.subset(np.arange(5))))


def test_finite_at_extremes(head: ZeroShotHead) -> None:
    surest = replace(head, scale=1e5)
    mixtures = surest.mixtures(np.vstack([head.places, -head.places]))
    assert np.isfinite(mixtures.weights).all()
    assert distance_m(mixtures.points()[:5], PLACES.lonlat).max() < 1.0


def test_the_gazetteer_has_places_of_every_country() -> None:
    places = gazetteer_places(per_country=3)
    names, country = places.country_of()
    assert len(names) > 230
    assert np.bincount(country).max() == 3
    assert {"Paris", "Marseille", "Lyon"} == {
        name for name, owner in zip(places.names, places.countries, strict=True) if owner == "France"
    }
    assert places.spread_m.min() >= 3000.0


def test_a_region_or_a_few_countries_limit_the_choice() -> None:
    nordic = gazetteer_places(countries=["SE", "NO"], per_country=5)
    assert set(nordic.countries) == {"Sweden", "Norway"}
    assert len(nordic) == 10
    scania = Region.circle([13.5, 55.9], 80e3)
    reader = Reader()
    head = zero_shot_head(reader, countries=["SE", "DK"], region=scania)
    assert scania.contains(head.lonlat).all()
    assert any("Malmö, Sweden" in text for text in reader.read)
    with pytest.raises(NotEnoughDataError):
        gazetteer_places(countries=["SE"], region=Region.circle([0.0, -60.0], 1e5))


def test_it_comes_back_to_the_last_bit_and_needs_no_tower(head: ZeroShotHead) -> None:
    features = photographs(9, 4).take(slice(None))
    settings, arrays = head.to_parts()
    again = head_class("zero-shot").from_parts(settings, arrays)
    for name in ("lonlat", "log_weights", "spread_m"):
        assert np.array_equal(getattr(head.mixtures(features), name), getattr(again.mixtures(features), name))
    with pytest.raises(FormatError, match="order"):
        ZeroShotHead.from_parts(settings, arrays | {"country": arrays["country"][::-1].copy()})
    with pytest.raises(FormatError):
        ZeroShotHead.from_parts(settings, arrays | {"lonlat": arrays["lonlat"][:2]})


def test_the_recipe_wants_the_tower_of_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    held = photographs(50, 5)
    task = Task(held, held, lambda *_: None)
    with pytest.raises(InputError, match="text_tower"):
        ZeroShot().fit(task)
    monkeypatch.setattr("whence.photos.heads.zero_shot.opened_tower", lambda _: Reader())
    assert recipe_class("zero-shot")(text_tower="x", countries=("SE", "NO")).fit(task).dim == DIM
    other = Samples.of_arrays(np.eye(50, 8, dtype=np.float32) + 1, held.lonlat)
    with pytest.raises(InputError, match="very encoder"):
        ZeroShot(text_tower="x", countries=("SE",)).fit(replace(task, validation=other))


def test_captions_without_a_gap_are_refused() -> None:
    with pytest.raises(InputError, match="place"):
        zero_shot_head(Reader(), places=PLACES, place_prompts=["a photo"])
    with pytest.raises(InputError, match="together"):
        NamedPlaces(("a", "b", "c"), ("X", "Y", "X"), np.zeros((3, 2)), np.ones(3))


def test_a_model_folder_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Wide(Reader):
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return np.tile(super().encode(texts), (1, 12)) / np.sqrt(12).astype(np.float32)

    for home in ("whence.photos.heads.zero_shot", "whence.photos.training.zero_shot"):
        monkeypatch.setattr(f"{home}.opened_tower", lambda _: Wide())
    out = tmp_path / "names.model"
    arguments = ["train", "--zero-shot", "thumbnail", "--out", str(out), "--set", 'countries=["SE", "NO"]']

    def status(*more: str) -> object:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, *more])
        return ended.value.code

    assert status("--set", "per_country=4") == 0
    model = Model.open(out)
    assert model.head.kind == "zero-shot"
    assert model.encoder.identity == load_encoder("thumbnail").identity
    assert len(model.head.lonlat) == 8  # type: ignore[attr-defined]
    vector = Wide().encode(["Oslo, Norway"])
    oslo = next(row for row in model.head.lonlat if abs(row[0] - 10.75) < 0.1)  # type: ignore[attr-defined]
    assert distance_m(model.points(vector)[0], oslo) < 1.0
    assert status("--set", "cities=3") == 2
    assert "has no setting 'cities'" in capsys.readouterr().err
