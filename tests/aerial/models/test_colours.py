"""The classifier of colours beside the small U-Net: its features against loops, and what it adds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.aerial.models import network  # noqa: E402
from whence.aerial.models.colours import LocalColours, local_colours  # noqa: E402

SMALL = {"width": 8, "fine_width": 8, "widths": [8, 8, 8, 8, 8], "depths": [1, 1, 1, 1], "colours": 8}


@pytest.fixture
def images() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).normal(size=(2, 3, 64, 96)).astype(np.float32))


def test_finest_means_and_spreads_are_those_of_squares_of_four(images: torch.Tensor) -> None:
    found = local_colours(images).numpy()
    assert found.shape == (2, 27, 16, 24)
    squares = images.numpy().reshape(2, 3, 16, 4, 24, 4)
    np.testing.assert_allclose(found[:, :3], squares.mean(axis=(3, 5)), atol=1e-5)
    np.testing.assert_allclose(found[:, 18:21], squares.std(axis=(3, 5)), atol=1e-4)


def test_a_uniform_image_has_its_colour_everywhere_and_no_spread() -> None:
    colour = torch.tensor([0.5, -1.0, 2.0])
    found = local_colours(colour[None, :, None, None].expand(1, 3, 64, 64))
    means, spreads = found[0, :18].reshape(6, 3, -1), found[0, 18:]
    torch.testing.assert_close(means, colour[None, :, None].expand_as(means))
    assert float(spreads.max()) <= 0.0101  # the least variance is 1e-4


def test_neighbourhoods_grow(images: torch.Tensor) -> None:
    """What changes at one place reaches farther in each mean than in the one before."""
    other = images.clone()
    other[:, :, 33, 49] += 1000.0
    changed = (local_colours(other) - local_colours(images)).abs()[0, :18].reshape(6, 3, -1).amax(
        dim=1
    ) > 1e-3
    reached = changed.sum(dim=1)
    assert (reached[1:] >= reached[:-1]).all()
    assert reached[0] == 1


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_evaluation_multiplies_the_two_experts(images: torch.Tensor, weight: float) -> None:
    torch.manual_seed(0)
    module = network("residual-unet", classes=4, colours_weight=weight, **SMALL).eval()
    with torch.no_grad():
        shapes = module.outputs(images).logits.softmax(dim=1)
        product = (
            shapes * module.colours(images).exp().repeat_interleave(4, 2).repeat_interleave(4, 3) ** weight
        )
        found = module(images).softmax(dim=1)
    wanted = product / product.sum(dim=1, keepdim=True)
    assert (found - wanted)[..., 2::4, 2::4].abs().max() < 0.03  # one is enlarged bilinearly, the other not


def test_members_are_averaged_as_logarithms(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    module = LocalColours(3, 4, 8, members=3).eval()
    with torch.no_grad():
        seen = local_colours(images)
        each = [member(seen).softmax(dim=1) for member in module.members]
        torch.testing.assert_close(module(images), torch.stack(each).log().mean(dim=0))


def test_the_network_learns_as_if_they_were_not_there(images: torch.Tensor) -> None:
    module = network("residual-unet", classes=4, **SMALL)
    outputs = module.outputs(images)
    (outputs.logits.sum() + outputs.auxiliary[0].sum()).backward()
    assert len(outputs.auxiliary) == 1
    assert all((each.grad is None) == name.startswith("colours.") for name, each in module.named_parameters())


def test_export_gives_the_same(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    from whence.aerial.models.export import write_onnx

    torch.manual_seed(0)
    module = network("residual-unet", classes=4, **SMALL).eval()
    path = tmp_path / "network.onnx"
    write_onnx(module, path, bands=3)
    values = np.random.default_rng(0).normal(size=(1, 3, 70, 101)).astype(np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: values})
    with torch.no_grad():
        np.testing.assert_allclose(found, module(torch.from_numpy(values)).numpy(), atol=1e-4)
