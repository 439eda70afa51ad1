"""A trained model as a source of evidence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from whence.errors import InputError
from whence.learn.encoders import load_encoder
from whence.photos.calibration import Calibration
from whence.photos.evidence.sources import SourceSettings, prepare
from whence.photos.heads.constant import ConstantHead
from whence.photos.locate import locate, locator
from whence.photos.model import Model, Record

LUND = np.array([13.195, 55.698])


def save(folder: Path, *, lonlat: np.ndarray = LUND, encoder: bool = True) -> Path:
    thumbnail = load_encoder("thumbnail")
    record = Record(name="north", encoder=thumbnail.identity, data={"count": 900})
    head = ConstantHead(thumbnail.dim, lonlat, 2000.0)
    Model(head, Calibration(background=0.1), record).save(folder, encoder=thumbnail if encoder else None)
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)).save(
        tmp_path / "p.png"
    )
    return tmp_path / "p.png"


def test_the_models_belief_is_the_answer(tmp_path: Path, photo: Path) -> None:
    estimate = locate(photo, model=save(tmp_path / "m"), sources=["model"])
    assert (estimate.best.longitude_deg, estimate.best.latitude_deg) == pytest.approx(tuple(LUND), abs=1e-6)
    (said,) = estimate.evidence
    assert said.evidence.source == "model"
    assert said.evidence.sentence.startswith(
        "The model north (constant, trained on 900 photographs) puts most of its weight near Lund, SE"
    )
    expected = next(iter(Model.open(tmp_path / "m").beliefs(np.full((1, 768), 768**-0.5))))
    assert estimate.radius_m == pytest.approx(expected.radius_m(0.8), rel=1e-3)


def test_without_a_model_it_is_idle_with_the_way_out() -> None:
    assert "whence train" in prepare(None, SourceSettings()).idle["model"]
    with pytest.raises(InputError, match="whence train"):
        locator(sources=["model"])


def test_a_model_without_its_encoder_is_idle_unless_asked_for(tmp_path: Path, photo: Path) -> None:
    folder = save(tmp_path / "m", encoder=False)
    prepared = locator(model=folder)
    assert "model" not in prepared.sources.ready
    assert "north has no encoder in its folder" in prepared.sources.idle["model"]
    assert "exif" in prepared.sources.ready
    with pytest.raises(InputError, match="has no encoder"):
        locator(model=folder, sources=["model"])


def test_another_model_is_another_run(tmp_path: Path) -> None:
    first = locator(model=save(tmp_path / "a"), sources=["model"])
    same = locator(model=save(tmp_path / "b"), sources=["model"])
    other = locator(model=save(tmp_path / "c", lonlat=LUND + 1.0), sources=["model"])
    assert first.fingerprint == same.fingerprint
    assert first.fingerprint != other.fingerprint


def test_processes_make_the_model_again(tmp_path: Path, photo: Path) -> None:
    folder = save(tmp_path / "m")
    alone = locate([photo, photo], model=folder, sources=["model"])
    together = locate([photo, photo], model=folder, sources=["model"], jobs=2)
    assert [estimate.to_json() for estimate in together] == [estimate.to_json() for estimate in alone]
