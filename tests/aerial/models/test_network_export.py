"""Networks as ONNX: the same logits as torch, at the size of the trace and at others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
pytest.importorskip("transformers")

from whence.aerial.models import NETWORKS, network  # noqa: E402
from whence.aerial.models.backbones.transformers import PRETRAINED  # noqa: E402
from whence.aerial.models.export import write_onnx  # noqa: E402
from whence.errors import InputError  # noqa: E402

OPTIONS: dict[str, dict[str, Any]] = {
    "unetformer": {"width": 32},
    "ft-unetformer": {"backbone": "swin-tiny", "width": 32},
    "dcswin": {"backbone": "swin-tiny"},
    "manet": {"backbone": "resnet18"},
    "a2fpn": {"backbone": "resnet18"},
    "upernet": {"width": 32},
}


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same layers with few channels: what an exporter may get wrong does not depend on their number."""
    shapes = {
        "swin-tiny": {"embed_dim": 16, "depths": [2, 2, 2, 2], "num_heads": [1, 2, 2, 4]},
        "resnet18": {"embedding_size": 16, "hidden_sizes": [16, 24, 32, 48]},
    }
    for name, shape in shapes.items():
        row = PRETRAINED[name]
        monkeypatch.setitem(PRETRAINED, name, replace(row, shape={**row.shape, **shape}))


def check_export(name: str, folder: Path, **options: Any) -> None:
    torch.manual_seed(0)
    module = network(name, classes=4, bands=4, **options).train()
    path = write_onnx(module, folder / "network.onnx", bands=4)
    assert module.training, "the export left the network in another mode"
    assert [each.name for each in folder.iterdir()] == ["network.onnx"]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    module.eval()
    for batch, rows, columns in ((1, 96, 96), (2, 67, 93), (1, 32, 224)):
        images = torch.randn(batch, 4, rows, columns)
        with torch.no_grad():
            expected = module(images)
        (found,) = session.run(None, {"images": images.numpy()})
        torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-4, atol=1e-4)


def test_the_starters_network(tmp_path: Path) -> None:
    check_export("residual-unet", tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"residual-unet"}))
def test_every_network(name: str, tmp_path: Path) -> None:
    check_export(name, tmp_path, **OPTIONS.get(name, {}))


def test_a_file_for_one_size_says_so(tmp_path: Path) -> None:
    module = network("residual-unet", classes=2)
    path = write_onnx(module, tmp_path / "fixed.onnx", bands=3, rows=64, columns=96, any_size=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape[1:] == [3, 64, 96]


def test_too_small_a_tile_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="32 pixels and more"):
        write_onnx(network("residual-unet", classes=2), tmp_path / "small.onnx", bands=3, rows=16)
    assert not list(tmp_path.iterdir())
