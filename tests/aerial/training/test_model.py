"""The folder of a model: what is written comes back, what is damaged is told, any size is answered."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from whence.aerial.model import AerialModel, load_model
from whence.aerial.models import network
from whence.aerial.normalisation import Normalisation
from whence.aerial.reduced import Reduced
from whence.aerial.schemes import SCHEMES
from whence.aerial.segmenter import NetworkSegmenter
from whence.errors import FormatError, InputError, NotFoundError

SMALL = {"widths": (8, 8, 8, 8, 8), "depths": (1, 1, 1, 1), "width": 8, "fine_width": 8}


def made(**settings) -> AerialModel:
    torch.manual_seed(0)
    return AerialModel(
        SCHEMES["dubai"],
        network("residual-unet", classes=5, bands=4, **SMALL),
        Normalisation((0.4,) * 4, (0.2,) * 4, {"uint16": 2047.0}),
        **{"reduction": 2, "cell_m": 0.3, "name": "made", "card": {"licence": "CC0"}, **settings},
    )


@pytest.fixture(scope="module")
def model() -> AerialModel:
    return made()


def tiles(rows: int, columns: int, count: int = 2) -> np.ndarray:
    return np.random.default_rng(rows).integers(0, 256, (count, rows, columns, 4)).astype(np.uint8)


def test_what_is_written_comes_back(model: AerialModel, tmp_path: Path) -> None:
    again = load_model(model.write(tmp_path / "made"), device="cpu")
    assert again.header() == json.loads(json.dumps(model.header()))
    assert again.identity == model.identity
    np.testing.assert_array_equal(again.probabilities(tiles(64, 96)), model.probabilities(tiles(64, 96)))


def test_sixteen_bits_are_half_the_size_and_nearly_the_same(model: AerialModel, tmp_path: Path) -> None:
    whole, half = model.write(tmp_path / "whole"), model.write(tmp_path / "half", half=True)
    sizes = [(folder / "weights.safetensors").stat().st_size for folder in (whole, half)]
    assert sizes[1] < 0.7 * sizes[0]
    found = load_model(half, device="cpu").probabilities(tiles(64, 96))
    np.testing.assert_allclose(found, model.probabilities(tiles(64, 96)), atol=5e-3)


def test_it_is_a_segmenter(model: AerialModel) -> None:
    assert isinstance(model, NetworkSegmenter)
    assert model.bands == 4
    with torch.inference_mode():
        found = model.exportable()(torch.from_numpy(model.prepared(tiles(64, 64), None)))
    np.testing.assert_allclose(found.numpy(), model.probabilities(tiles(64, 64)), atol=1e-6)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 300), (33, 65), (64, 64), (131, 90)])
def test_any_size_is_answered(model: AerialModel, rows: int, columns: int) -> None:
    found = model.probabilities(tiles(rows, columns))
    assert found.shape == (2, 5, rows, columns)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)


def test_scales_are_averaged() -> None:
    """The oracle shows the network each reduced image on its own."""
    several = made(reduction=2, scales=(1.0, 2.0, 0.5))
    image = torch.from_numpy(several.prepared(tiles(128, 192)))
    with torch.inference_mode():
        each = []
        for times in (2, 1, 4):
            small = torch.nn.functional.avg_pool2d(image, times)
            logits = torch.nn.functional.interpolate(
                several.network(small), size=(128, 192), mode="bilinear", align_corners=False
            )
            each.append(torch.softmax(logits, dim=1))
        found = several.probabilities(tiles(128, 192))
    geometric = torch.stack(each).log().mean(dim=0).exp()
    wanted = geometric / geometric.sum(dim=1, keepdim=True)
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.3])
def test_pixels_stay_in_register(scale: float) -> None:
    """A network that passes its image on must give it back where it was, but for a blur."""

    class Through(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.cat([images, torch.zeros_like(images)], dim=1)

    rows, columns = np.mgrid[:96, :120]
    slope = torch.from_numpy((rows / 30.0 - columns / 40.0).astype(np.float32))[None, None]
    found = Reduced(Through(), 2, (scale,))(slope)[0, 0]
    wanted = torch.sigmoid(slope[0, 0])
    inner = (slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(found[inner].numpy(), wanted[inner].numpy(), atol=2e-3)


def test_offsets_multiply_the_probabilities(model: AerialModel) -> None:
    shares = np.array([0.1, 0.5, 0.2, 0.15, 0.05])
    wanted = model.probabilities(tiles(64, 96)) * shares[:, None, None]
    found = made(offsets=tuple(np.log(shares))).probabilities(tiles(64, 96))
    np.testing.assert_allclose(found, wanted / wanted.sum(axis=1, keepdims=True), atol=1e-6)


def test_offsets_come_back_and_are_one_for_each_class(tmp_path: Path) -> None:
    weighed = made(offsets=(0.0, -1.5, 0.25, 0.0, 0.0))
    assert load_model(weighed.write(tmp_path / "weighed"), device="cpu").offsets == weighed.offsets
    assert weighed.identity != made().identity
    with pytest.raises(InputError, match="2 offsets for 5 classes"):
        made(offsets=(0.0, 1.0))


def test_holes_do_not_change_what_is_far_from_them(model: AerialModel) -> None:
    image = tiles(64, 64)
    valid = np.ones(image.shape[:3], bool)
    valid[:, 3, 4] = False
    image[:, 3, 4] = 255
    assert (model.prepared(image, valid)[:, :, 3, 4] == 0).all()
    rest = np.delete(model.prepared(image, valid).reshape(2, 4, -1), 3 * 64 + 4, axis=2)
    np.testing.assert_array_equal(
        rest, np.delete(model.prepared(image).reshape(2, 4, -1), 3 * 64 + 4, axis=2)
    )


def test_identity_changes_with_weights_and_settings(model: AerialModel) -> None:
    other = made(scales=(1.0, 1.5))
    assert other.identity != model.identity
    assert made(card={}).identity == model.identity
    assert replace(model, precision="bf16").identity != model.identity
    changed = made()
    with torch.no_grad():
        next(changed.network.parameters()).add_(1e-3)
    assert changed.identity != model.identity


def spoilt(folder: Path, **values: object) -> None:
    header = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(header | values))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"format": "whence model"}, "not a 'whence aerial model'"),
        ({"version": 7}, "version 7, this release reads 1"),
        ({"network": {"name": "residual-unet", "classes": 5, "bands": 4}}, "no usable model"),
        ({"network": {"name": "unknown", "classes": 5}}, "no usable model"),
        ({"scheme": {}}, "no usable model"),
    ],
)
def test_a_foreign_folder_is_told(model: AerialModel, tmp_path: Path, values: dict, told: str) -> None:
    folder = model.write(tmp_path / "made")
    spoilt(folder, **values)
    with pytest.raises(FormatError, match=told):
        load_model(folder)


def test_a_device_that_is_not_here_is_no_fault_of_the_model(model: AerialModel, tmp_path: Path) -> None:
    folder = model.write(tmp_path / "made")
    with pytest.raises(InputError, match="use auto or cpu") as told:
        load_model(folder, device="cuda:77")
    assert "copy it again" not in str(told.value)


def test_the_folder_of_the_run_tells_where_its_model_is(model: AerialModel, tmp_path: Path) -> None:
    model.write(tmp_path / "model")
    with pytest.raises(NotFoundError, match=r"that of the run is .*model"):
        load_model(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_who_may_read_the_header_may_read_the_weights(model: AerialModel, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        folder = model.write(tmp_path / "made")
    finally:
        os.umask(before)
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o644"}


def test_a_truncated_file_is_told(model: AerialModel, tmp_path: Path) -> None:
    folder = model.write(tmp_path / "made")
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(FormatError, match="damaged"):
        load_model(folder)
    weights.unlink()
    with pytest.raises(FormatError, match="missing"):
        load_model(folder)
    (folder / "model.json").write_text("{")
    with pytest.raises(FormatError, match="broken"):
        load_model(folder)


def test_a_starter_that_is_not_shipped_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whence.aerial.model.STARTERS", {"starter": tmp_path / "land-cover"})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError, match="does not come with this release; train one"):
        load_model("starter")
    made().write(tmp_path / "land-cover")
    assert load_model("starter", device="cpu").name == "made"


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="starter"):
        load_model(tmp_path / "nothing")
    with pytest.raises(NotFoundError, match=r"no model\.json"):
        load_model(tmp_path)


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="5 classes apart, the scheme loveda has 7"):
        AerialModel(
            SCHEMES["loveda"], network("residual-unet", classes=5, **SMALL), Normalisation((0,), (1,))
        )
    with pytest.raises(InputError, match="sees 3 bands"):
        AerialModel(SCHEMES["dubai"], network("residual-unet", classes=5, **SMALL), Normalisation((0,), (1,)))
    with pytest.raises(InputError, match="reduction is 0"):
        made(reduction=0)
    with pytest.raises(InputError, match="scales"):
        made(scales=()).probabilities(tiles(64, 64))
    with pytest.raises(InputError, match="3 bands and 4 are wanted"):
        made().probabilities(tiles(64, 64)[..., :3])
