"""A model as a folder: what is written comes back, what is broken is refused, what it says is the head's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from whence.earth import sphere
from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.encoders import load_encoder
from whence.photos.calibration import Calibration
from whence.photos.calibration.information import information_bits
from whence.photos.heads.constant import ConstantHead
from whence.photos.heads.mixtures import Mixtures
from whence.photos.model import Model, Record, predict
from whence.photos.results import read_results, write_results
from whence.photos.samples import Samples

LUND = np.array([13.195, 55.698])
THUMBNAIL = load_encoder("thumbnail").identity


def lund(**options) -> Model:
    record = Record(name="lund", encoder=THUMBNAIL, data={"count": 1200}, split={"name": "blocks"})
    calibration = Calibration(temperature=2.0, shares=(0.8, 0.2), factors=(1.0, 5.0), background=0.02)
    return Model(ConstantHead(768, LUND, 300.0), calibration, record, **options)


def vectors(count: int = 5) -> np.ndarray:
    drawn = np.random.default_rng(0).normal(size=(count, 768)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    made = lund()
    found = made.save(tmp_path / "lund.model")
    assert found.calibration == made.calibration
    assert found.record == made.record
    assert found.identity == made.identity
    first, second = made.mixtures(vectors()), found.mixtures(vectors())
    assert np.array_equal(first.lonlat, second.lonlat)
    assert np.array_equal(first.log_weights, second.log_weights)
    assert found.sentence == "lund (constant, trained on 1,200 photographs, split by blocks)"


def test_arrays_and_kind_come_back_through_the_table(tmp_path: Path) -> None:
    """A head with weights: the arrays are the same to the last bit."""
    from whence.photos.heads.coordinates import CoordinateHead

    rng = np.random.default_rng(0)
    shapes = {"0.weight": (8, 16), "0.bias": (8,), "2.weight": (2, 8), "2.bias": (2,)}
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    made = Model(CoordinateHead.from_weights(weights, "tanh", 1e5))
    found = made.save(tmp_path / "m")
    for name, array in made.head.to_parts()[1].items():
        assert np.array_equal(found.head.to_parts()[1][name], array)
    x = rng.normal(size=(7, 16)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    assert np.array_equal(found.points(x), made.points(x))


def test_the_encoder_lies_in_the_folder_and_is_checked(tmp_path: Path) -> None:
    encoder = load_encoder("thumbnail")
    found = lund().save(tmp_path / "lund.model", encoder=encoder)
    assert found.encoder.identity == THUMBNAIL
    again = found.save(tmp_path / "copy.model")
    assert again.encoder.identity == THUMBNAIL
    with pytest.raises(InputError, match="the encoder given is"):
        lund().save(tmp_path / "other.model", encoder=load_encoder("gist"))
    assert not (tmp_path / "other.model").exists()
    other = Model(found.head, found.calibration, found.record, encoder_source=load_encoder("gist"))
    with pytest.raises(InputError, match="its encoder is"):
        _ = other.encoder


def test_without_an_encoder_it_says_which(tmp_path: Path) -> None:
    found = lund().save(tmp_path / "lund.model")
    with pytest.raises(
        InputError, match=f"lund has no encoder in its folder; it takes vectors of {THUMBNAIL}"
    ):
        _ = found.encoder


def edited(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        header = json.loads((folder / "model.json").read_text())
        change(header)
        (folder / "model.json").write_text(json.dumps(header))

    return harm


def cut(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


HARM = {
    "no folder": (lambda folder: (folder / "model.json").unlink(), NotFoundError, "whence train"),
    "no weights": (lambda folder: (folder / "weights.safetensors").unlink(), FormatError, "copy the whole"),
    "weights cut off": (cut, FormatError, "cut off"),
    "not JSON": (lambda folder: (folder / "model.json").write_text("{"), FormatError, "broken"),
    "a list": (lambda folder: (folder / "model.json").write_text("[]"), FormatError, "broken"),
    "foreign": (edited(lambda header: header.update(format="other")), FormatError, "not the header"),
    "later version": (edited(lambda header: header.update(version=9)), FormatError, "release reads 1"),
    "no calibration": (edited(lambda header: header.pop("calibration")), FormatError, "lacks calibration"),
    "unknown head": (edited(lambda header: header.update(kind="oracle")), FormatError, "no kind of head"),
    "head without settings": (edited(lambda header: header.update(head={})), FormatError, "incomplete"),
    "another length": (edited(lambda header: header.update(dim=3)), FormatError, "takes 768 numbers"),
    "no numbers": (
        edited(lambda header: header["calibration"].update(temperature="hot")), FormatError, "no calibration",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("harm", "error", "said"), HARM.values(), ids=HARM)
def test_what_is_broken_is_refused_with_a_sentence(tmp_path: Path, harm, error, said: str) -> None:
    folder = tmp_path / "lund.model"
    lund().save(folder)
    harm(folder)
    with pytest.raises(error, match=said):
        Model.open(folder)


def test_a_failed_save_leaves_the_old_model(tmp_path: Path) -> None:
    folder = tmp_path / "lund.model"
    lund().save(folder)

    class Texts(ConstantHead):
        def to_parts(self):
            return {}, {"names": np.array(["a", "b"])}

    with pytest.raises(InputError, match="holds no numbers"):
        Model(Texts(768, LUND, 1.0)).save(folder)
    assert Model.open(folder).record.name == "lund"


def test_vectors_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match=r"takes vectors \(n, 768\)"):
        lund().points(np.zeros((2, 5)))


@pytest.mark.parametrize("wrong", [2.0, 0.0, np.nan])
def test_vectors_that_are_not_of_length_one_are_refused(wrong: float) -> None:
    given = vectors()
    given[3] *= wrong
    with pytest.raises(InputError, match="takes vectors of length 1"):
        lund().points(given)
    assert len(lund().points(given[:3].astype(np.float16))) == 3


# ---- predictions


def samples(count: int) -> Samples:
    rng = np.random.default_rng(1)
    distance_m = rng.rayleigh(300.0, count)
    truth = np.asarray(sphere.destination(np.tile(LUND, (count, 1)), rng.uniform(0, 360, count), distance_m))
    truth[0] = np.nan
    return Samples.of_arrays(vectors(count), truth, country=["SE"] * count)


def test_a_row_each_with_radii_that_the_beliefs_have() -> None:
    model, given = lund(), samples(50)
    rows = predict(model, given, confidence=0.7)
    assert [row.img_path for row in rows] == given.metadata.ids
    (belief, *_) = model.beliefs(given.take(slice(0, 1)))
    for name, q in (("radius_50_m", 0.5), ("radius_80_m", 0.8), ("radius_95_m", 0.95)):
        assert rows[0].extra[name] == pytest.approx(belief.radius_m(q), rel=0.02)
    assert rows[0].radius_m == pytest.approx(belief.radius_m(0.7), rel=0.02)
    assert rows[0].extra["information_bits"] == pytest.approx(belief.information_bits(), abs=0.15)
    assert rows[0].prediction == pytest.approx(tuple(LUND))
    assert rows[0].truth is None
    assert rows[0].error_m is None
    from whence.earth.ellipsoid import geodesic_distance_m

    errors = [float(geodesic_distance_m(LUND, place)) for place in given.lonlat[1:]]
    assert [row.error_m for row in rows[1:]] == pytest.approx(errors)
    assert rows[3].extra["country"] == "SE"


def test_results_are_written_and_read(tmp_path: Path) -> None:
    rows = predict(lund(), samples(5))
    write_results(tmp_path / "results.csv", rows)
    again = read_results(tmp_path / "results.csv")
    assert [row.prediction for row in again] == [pytest.approx(row.prediction, abs=1e-7) for row in rows]
    assert float(again[2].extra["radius_90_m"]) == rows[2].extra["radius_90_m"]


def test_information_is_that_of_the_beliefs() -> None:
    """The oracle integrates; from ten metres to half the globe, from one patch to many."""
    rng = np.random.default_rng(3)
    centers = rng.uniform([-180, -80], [180, 80], (30, 12, 2))
    spreads = 10.0 ** rng.uniform(1.0, 6.5, (30, 12))
    mixtures = Mixtures(centers, rng.normal(size=(30, 12)) * 2.0, spreads)
    found = information_bits(mixtures, background=0.03)
    exact = [belief.information_bits() for belief in mixtures.beliefs(background=0.03)]
    assert found == pytest.approx(exact, abs=0.5)
    assert float(np.mean(np.abs(found - exact))) < 0.2


def test_confidence_must_be_a_share() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        predict(lund(), samples(2), confidence=80)


@pytest.mark.slow
def test_ten_thousand_photographs_take_less_than_a_minute() -> None:
    """With 64 patches each, and four concentric ones for each of those."""

    class Many(ConstantHead):
        def mixtures(self, features):
            rng = np.random.default_rng(0)
            shape = (len(features), 64)
            return Mixtures(rng.uniform(-60, 60, (*shape, 2)), rng.normal(size=shape), np.full(shape, 3e4))

    calibration = Calibration(shares=(0.4, 0.3, 0.2, 0.1), factors=(0.3, 1.0, 3.0, 10.0))
    given = Samples.of_arrays(np.ones((10_000, 2)), np.zeros((10_000, 2)))
    started = process_time()
    predict(Model(Many(2, LUND, 1.0), calibration), given)
    assert process_time() - started < 60.0
