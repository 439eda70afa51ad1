"""The timm adapter with a stand-in for timm (which needs torchvision); torch is the oracle."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from whence.errors import FormatError, MissingExtraError, NotFoundError
from whence.learn.encoders import Staged, load_encoder

torch = pytest.importorskip("torch")


def tiny_model() -> Any:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    model.pretrained_cfg = {"license": "apache-2.0"}
    return model


def transform(image: Any) -> Any:
    pixels = np.asarray(image.resize((16, 16)), np.float32) / 255
    return torch.from_numpy(pixels.transpose(2, 0, 1))


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The calls of timm 1.0 that are made."""
    made = ModuleType("timm")
    made.data = ModuleType("timm.data")  # type: ignore[attr-defined]
    made.asked = []  # type: ignore[attr-defined]

    def create_model(name: str, *, pretrained: bool, num_classes: int) -> Any:
        made.asked.append((name, pretrained, num_classes))  # type: ignore[attr-defined]
        if name == "nonsense":
            raise RuntimeError("Unknown model (nonsense)")
        if name == "unfit":
            raise RuntimeError("Error(s) in loading state_dict for Net:\n\tsize mismatch")
        if name == "far":
            raise OSError("no network")
        return tiny_model()

    def resolve_data_config(arguments: dict[str, Any], *, model: Any) -> dict[str, Any]:
        return {"input_size": (3, 16, 16), "crop_pct": 0.9, "mean": (0, 0, 0), "std": (1, 1, 1)}

    def create_transform(**settings: Any) -> Any:
        assert settings.pop("is_training") is False
        assert settings == resolve_data_config({}, model=None)
        return transform

    made.create_model = create_model  # type: ignore[attr-defined]
    made.data.resolve_data_config = resolve_data_config  # type: ignore[attr-defined]
    made.data.create_transform = create_transform  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", made)
    monkeypatch.setitem(sys.modules, "timm.data", made.data)  # type: ignore[attr-defined]
    return made


def test_vectors_are_the_models(timm: Any) -> None:
    from PIL import Image

    encoder = load_encoder("timm:tiny")
    assert timm.asked == [("tiny", True, 0)]  # pretrained, without the classifier
    assert isinstance(encoder, Staged)
    images = list(np.random.default_rng(0).integers(0, 256, (20, 24, 32, 3), dtype=np.uint8))
    with torch.inference_mode():
        pixels = torch.stack([transform(Image.fromarray(image)) for image in images])
        expected = torch.nn.functional.normalize(tiny_model()(pixels)).numpy()
    np.testing.assert_allclose(encoder.encode(images), expected, atol=1e-6)
    assert (encoder.dim, encoder.input_px, encoder.licence) == (6, 18, "apache-2.0")
    assert encoder.encode([]).shape == (0, 6)


def test_a_saved_one_comes_back_and_another_is_noticed(
    timm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder("timm:tiny")
    encoder.save(tmp_path)
    assert load_encoder(tmp_path).identity == encoder.identity

    def other(*_: Any, **__: Any) -> Any:
        model = tiny_model()
        torch.nn.init.ones_(model[0].weight)
        return model

    monkeypatch.setattr(timm, "create_model", other)
    with pytest.raises(FormatError, match="not the one that was used"):
        load_encoder(tmp_path)


def test_a_folder_is_opened_by_timm_and_must_hold_safetensors(timm: Any, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="never read"):
        load_encoder(f"timm:{tmp_path}")
    (tmp_path / "model.safetensors").touch()
    load_encoder(f"timm:{tmp_path}")
    assert timm.asked == [(f"local-dir:{tmp_path}", True, 0)]


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("nonsense", NotFoundError, "knows no model 'nonsense'"),
        ("unfit", FormatError, "do not fit"),
        ("far", NotFoundError, "timm:FOLDER"),
    ],
)
def test_what_timm_cannot_open_is_a_sentence(
    timm: Any, name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        load_encoder(f"timm:{name}")


def test_without_timm_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"pip install timm.*whence encoder list"):
        load_encoder("timm:resnet50")
