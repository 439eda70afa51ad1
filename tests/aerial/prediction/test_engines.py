"""Torch, ONNX Runtime and OpenVINO give the same classes for the same folder."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pixel_models import TOWN, Colours, picture, read, write

from whence.aerial import load_model, predict
from whence.errors import InputError

torch = pytest.importorskip("torch")
SIDE = 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model with random weights that sees half the resolution, and a smooth image with a gap beside it."""
    from whence.aerial.model import AerialModel
    from whence.aerial.models import network
    from whence.aerial.normalisation import Normalisation

    made = tmp_path_factory.mktemp("engines")
    torch.manual_seed(3)
    small = {"width": 8, "fine_width": 8, "widths": [8, 8, 8, 8, 8], "depths": [1, 1, 1, 1]}
    unet = network("residual-unet", classes=3, **small)
    image = cv2.resize(picture(30, 40), (200, 150), interpolation=cv2.INTER_CUBIC)
    image[:40, :50] = 0
    model = AerialModel(TOWN, unet, Normalisation((0.4, 0.5, 0.5), (0.2, 0.2, 0.3)), reduction=2)
    with torch.no_grad():  # random weights favour one class everywhere: let each win somewhere
        unet.head[-1].weight *= 20
        unet.head[-1].bias -= unet(torch.from_numpy(model.prepared(image[None]))).mean(dim=(0, 2, 3))
    model.write(made / "model")
    write(made / "a.tif", np.maximum(image, 1) * (image > 0), nodata=0)
    return made


def predicted(folder, engine: str) -> tuple[np.ndarray, np.ndarray]:
    out, shares = folder / f"{engine}.tif", folder / f"{engine}_p.tif"
    predict(folder / "a.tif", folder / "model", out, probabilities=shares, probability_type="float32",
            tile=SIDE, overlap=24, batch=3, engine=engine, cache=folder / "cache")  # fmt: skip
    return read(out), read(shares)


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_other_runtimes_agree_with_torch(folder, engine):
    pytest.importorskip({"onnx": "onnxruntime"}.get(engine, engine))
    pytest.importorskip("onnx")
    classes, shares = predicted(folder, engine)
    expected, expected_shares = predicted(folder, "torch")
    assert len(np.unique(expected)) > 2, "one class everywhere would show nothing"
    assert (classes == expected).mean() > 0.999
    np.testing.assert_allclose(shares, expected_shares, atol=1e-3)
    assert len(list((folder / "cache").iterdir())) == 1, "exported once, for both"


def test_batches_change_no_more_than_rounding(folder):
    for batch in (1, 4):
        out, shares = folder / f"b{batch}.tif", folder / f"b{batch}_p.tif"
        predict(folder / "a.tif", load_model(folder / "model"), out, probabilities=shares, batch=batch,
                probability_type="float32", tile=SIDE, overlap=24)  # fmt: skip
    np.testing.assert_allclose(read(folder / "b1_p.tif"), read(folder / "b4_p.tif"), atol=5e-5)


def test_a_model_without_a_network_runs_by_itself_only(tmp_path):
    write(tmp_path / "a.tif", picture(40, 40))
    with pytest.raises(InputError, match="Colours cannot be exported"):
        predict(tmp_path / "a.tif", Colours(), tmp_path / "c.tif", engine="onnx")
