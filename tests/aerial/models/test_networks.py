"""Networks: any size in and out, gradients everywhere, rebuilt from their settings; parts against loops."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from whence.aerial.models import NETWORKS, network  # noqa: E402
from whence.aerial.models.attention import (  # noqa: E402
    ChannelAttention,
    KernelAttention,
    LinearAttention,
    WindowAttention,
)
from whence.aerial.models.backbones import BACKBONES, backbone  # noqa: E402
from whence.aerial.models.backbones.bands import repeated_kernels  # noqa: E402
from whence.aerial.models.blocks import NormalisedPool  # noqa: E402
from whence.aerial.models.contract import Network, Outputs  # noqa: E402
from whence.aerial.models.upernet import BinnedMeans  # noqa: E402
from whence.errors import FormatError, InputError, MissingExtraError, NotFoundError  # noqa: E402

SMALL: dict[str, dict[str, Any]] = {
    name: {"backbone": "residual"} for name in NETWORKS if name not in {"residual-unet", "segformer"}
} | {"residual-unet": {}, "segformer": {"width": 32}}
SMALL["upernet"]["width"] = 16
SMALL["ft-unetformer"]["width"] = 32


@pytest.mark.parametrize("name", NETWORKS)
def test_forward_and_backward_at_an_odd_size(name: str) -> None:
    torch.manual_seed(0)
    module = network(name, classes=5, bands=4, **SMALL[name])
    check_forward_and_backward(module, bands=4)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_forward_and_backward_of_the_papers_own_backbone(name: str) -> None:
    torch.manual_seed(0)
    check_forward_and_backward(network(name, classes=5), bands=3)


def check_forward_and_backward(module: Network, *, bands: int) -> None:
    images = torch.randn(2, bands, 67, 93)
    found = module.outputs(images)
    assert all(each.shape == (2, 5, 67, 93) for each in (found.logits, *found.auxiliary))
    sum(each.square().mean() for each in (found.logits, *found.auxiliary)).backward()
    silent = [name for name, each in module.named_parameters() if each.grad is None]
    assert silent == []
    assert all(torch.isfinite(each.grad).all() for each in module.parameters())
    module.eval()
    with torch.no_grad():
        assert torch.equal(module(images), module.outputs(images).logits)
        assert module(images[:1, :, :32, :33]).shape == (1, 5, 32, 33)


@pytest.mark.parametrize("name", ["residual-unet", "unetformer"])
def test_what_lies_beyond_the_rim_is_a_mirror(name: str) -> None:
    torch.manual_seed(0)
    module = network(name, classes=3, **SMALL[name]).eval()
    images = torch.randn(1, 3, 50, 70)
    mirrored = torch.from_numpy(np.pad(images.numpy(), ((0, 0), (0, 0), (0, 14), (0, 26)), mode="reflect"))
    with torch.no_grad():
        torch.testing.assert_close(module(images), module(mirrored)[..., :50, :70])


@pytest.mark.parametrize("name", NETWORKS)
def test_settings_build_it_again(name: str) -> None:
    with torch.device("meta"):
        module = network(name, classes=7, bands=5, **SMALL[name])
        again = network(**module.settings())
    assert {k: v.shape for k, v in module.state_dict().items()} == {
        k: v.shape for k, v in again.state_dict().items()
    }


def test_unknown_names_and_options_are_errors() -> None:
    with pytest.raises(InputError, match="no network 'unet'"):
        network("unet", classes=2)
    with pytest.raises(InputError, match="depth"):
        network("abcnet", classes=2, depth=3)
    with pytest.raises(InputError, match="no backbone 'vgg'"):
        network("abcnet", classes=2, backbone="vgg")
    with pytest.raises(InputError, match="no published weights"):
        network("residual-unet", classes=2, pretrained=True)
    with pytest.raises(InputError, match="b0, b1"):
        network("segformer", classes=2, backbone="b9")


# ---- parts


@torch.no_grad()
def test_windowed_attention_is_a_loop_over_windows() -> None:
    torch.manual_seed(0)
    layer = WindowAttention(8, heads=2, window_px=4).double()
    maps = torch.randn(2, 8, 6, 9, dtype=torch.float64)
    mixed = layer.mixed(maps)
    expected = torch.zeros_like(maps)
    for b, top, left in np.ndindex(2, 2, 3):
        at = [
            (i, j) for i in range(top * 4, min(top * 4 + 4, 6)) for j in range(left * 4, min(left * 4 + 4, 9))
        ]
        for head in range(2):
            q, k, v = (
                torch.stack([mixed[b, part * 8 + head * 4 : part * 8 + head * 4 + 4, i, j] for i, j in at])
                for part in range(3)
            )
            bias = torch.tensor(
                [
                    [float(layer.bias.detach()[(i - m + 3) * 7 + (j - n + 3), head]) for m, n in at]
                    for i, j in at
                ],
                dtype=torch.float64,
            )
            out = torch.softmax(q @ k.T / 2.0 + bias, dim=1) @ v
            for (i, j), value in zip(at, out, strict=True):
                expected[b, head * 4 : head * 4 + 4, i, j] = value
    torch.testing.assert_close(layer(maps), expected)


@pytest.mark.parametrize("kind", [LinearAttention, KernelAttention])
def test_linear_attention_is_the_quadratic_sum(kind: Any) -> None:
    torch.manual_seed(0)
    layer = kind(16).double()
    torch.nn.init.ones_(layer.gamma)
    maps = torch.randn(1, 16, 3, 5, dtype=torch.float64)
    q, k, v = (part(maps)[0].flatten(1).T for part in (layer.query, layer.key, layer.value))  # (N, c)
    if kind is LinearAttention:
        q, k = q / q.norm(dim=1, keepdim=True), k / k.norm(dim=1, keepdim=True)
        weights = 1.0 + q @ k.T
    else:
        weights = torch.nn.functional.softplus(q) @ torch.nn.functional.softplus(k).T
    expected = (weights @ v) / weights.sum(1, keepdim=True)
    torch.testing.assert_close(layer(maps)[0].flatten(1).T, expected, rtol=1e-5, atol=1e-6)


def test_channels_collect_from_channels_that_look_alike() -> None:
    torch.manual_seed(0)
    layer = ChannelAttention().double()
    torch.nn.init.ones_(layer.gamma)
    maps = torch.randn(1, 6, 4, 5, dtype=torch.float64)
    maps[:, 1] = -maps[:, 0]
    flat, expected = maps[0].flatten(1), torch.zeros(6, 20, dtype=torch.float64)
    for i in range(6):
        scores = torch.stack([(flat[i] * flat[j]).mean() for j in range(6)]).exp()
        assert scores[i] > scores[1 - i] or i > 1
        for j in range(6):
            expected[i] += scores[j] / scores.sum() * flat[j]
    torch.testing.assert_close(layer(maps)[0].flatten(1), expected)
    twice = layer(maps.repeat_interleave(2, dim=-1))  # a larger image of the same things
    torch.testing.assert_close(twice[..., ::2], layer(maps))


@pytest.mark.parametrize("shape", [(6, 6), (5, 13), (7, 1), (3, 40)])
@pytest.mark.parametrize("bins", [1, 2, 3, 6])
def test_binned_means_are_adaptive_pooling(bins: int, shape: tuple[int, int]) -> None:
    maps = torch.randn(2, 3, *shape)
    torch.testing.assert_close(BinnedMeans(bins)(maps), torch.nn.AdaptiveAvgPool2d(bins)(maps))


def test_a_batch_of_one_pooled_vector_is_normalised_by_what_was_seen() -> None:
    layer = NormalisedPool(3)
    layer.running_mean += torch.tensor([1.0, 2.0, 3.0])
    one = torch.tensor([2.0, 2.0, 2.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(layer(one).flatten(), torch.tensor([1.0, 0.0, -1.0]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(layer(torch.cat([one, -one])).mean(), torch.tensor(0.0))


# ---- backbones


@pytest.mark.parametrize("name", ["residual", "rest-lite", "efficientnet-b0", "mit-b0"])
def test_maps_have_the_channels_and_strides_that_are_said(name: str) -> None:
    check_maps(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_maps_of_every_backbone(name: str) -> None:
    check_maps(name)


def check_maps(name: str) -> None:
    with torch.device("meta"):
        made = backbone(name, bands=5)
        maps = made(torch.randn(2, 5, 64, 96))
    expected = [(2, c, 64 // s, 96 // s) for c, s in zip(made.channels, made.strides, strict=True)]
    assert [tuple(each.shape) for each in maps] == expected
    assert made.strides[-4:] == (4, 8, 16, 32)


@pytest.mark.parametrize("bands", [1, 2, 3, 4, 5, 8])
def test_a_grey_image_gets_the_same_response_from_other_bands(bands: int) -> None:
    kernels = torch.randn(6, 3, 3, 3, dtype=torch.float64)
    grey = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    conv = torch.nn.functional.conv2d
    torch.testing.assert_close(
        conv(grey.expand(-1, bands, -1, -1), repeated_kernels(kernels, bands)),
        conv(grey.expand(-1, 3, -1, -1), kernels),
    )


@pytest.fixture(scope="module")
def mit(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A folder with the weights of a MiT-B0, as the library writes them, and the model."""
    import transformers

    from whence.aerial.models.backbones.transformers import PRETRAINED, configuration

    torch.manual_seed(1)
    model = transformers.SegformerModel(configuration(PRETRAINED["mit-b0"], bands=3)).eval()
    folder = tmp_path_factory.mktemp("mit")
    model.save_pretrained(folder)
    return SimpleNamespace(folder=folder, model=model)


def test_weights_are_read_from_a_folder(mit: Any) -> None:
    made = backbone("mit-b0", bands=3, weights=mit.folder).eval()
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        theirs = mit.model(images, output_hidden_states=True).hidden_states
        assert all(torch.equal(a, b) for a, b in zip(made(images), theirs, strict=True))


def test_weights_of_three_bands_serve_five(mit: Any) -> None:
    made = backbone("mit-b0", bands=5, weights=mit.folder).eval()
    grey = torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        theirs = mit.model(grey.expand(-1, 3, -1, -1), output_hidden_states=True).hidden_states
        for a, b in zip(made(grey.expand(-1, 5, -1, -1)), theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_weights_of_another_network_are_refused(mit: Any, tmp_path: Any) -> None:
    with pytest.raises(FormatError, match="not of a mit-b1: hidden_sizes is"):
        backbone("mit-b1", weights=mit.folder)
    with pytest.raises(FormatError, match="not of a resnet18: model_type is segformer"):
        backbone("resnet18", weights=mit.folder)
    with pytest.raises(NotFoundError, match=r"lacks config\.json"):
        backbone("resnet18", weights=tmp_path)
    (tmp_path / "config.json").write_bytes((mit.folder / "config.json").read_bytes())
    with pytest.raises(FormatError, match="pickled weights are never read"):
        backbone("mit-b0", weights=tmp_path)


# ---- what the user may have


class FakeTimm(torch.nn.Module):
    """Four maps the way timm gives them, the last two with the channels behind."""

    def __init__(self, bands: int, strides: tuple[int, ...]) -> None:
        super().__init__()
        self.convolutions = torch.nn.ModuleList(
            torch.nn.Conv2d(bands, 4 + i, stride, stride=stride) for i, stride in enumerate(strides)
        )
        self.feature_info = SimpleNamespace(
            reduction=lambda: list(strides), channels=lambda: [4 + i for i in range(len(strides))]
        )

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        maps = [layer(images) for layer in self.convolutions]
        return [*maps[:-2], *(each.movedim(1, -1) for each in maps[-2:])]


def test_encoders_of_timm_where_the_user_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def create_model(name: str, *, in_chans: int, **options: Any) -> FakeTimm:
        if name == "nonsense":
            raise RuntimeError("Unknown model (nonsense)")
        asked.update(options, name=name)
        return FakeTimm(in_chans, (16,) if name == "vit" else (2, 4, 8, 16, 32))

    fake = ModuleType("timm")
    fake.create_model = create_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", fake)
    module = network("unetformer", classes=3, bands=2, backbone="timm:resnest14d", width=16, heads=2)
    assert asked == {"name": "resnest14d", "features_only": True, "pretrained": False}
    assert module.backbone.channels == (5, 6, 7, 8)
    assert module(torch.randn(2, 2, 64, 40)).shape == (2, 3, 64, 40)
    with pytest.raises(NotFoundError, match="timm knows no model 'nonsense'"):
        backbone("timm:nonsense")
    with pytest.raises(InputError, match="needs 4, 8, 16 and 32"):
        backbone("timm:vit")


def test_architectures_of_smp_where_the_user_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unet(torch.nn.Module):
        def __init__(
            self, *, encoder_name: str, encoder_weights: Any, in_channels: int, classes: int
        ) -> None:
            super().__init__()
            assert (encoder_name, encoder_weights) == ("resnet34", None)
            self.encoder = torch.nn.Conv2d(in_channels, classes, 3, padding=1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            assert images.shape[-1] % 32 == 0
            return self.encoder(images)

    fake = ModuleType("segmentation_models_pytorch")
    fake.Unet = Unet  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch", fake)
    module = network("smp:Unet", classes=3, bands=2)
    assert isinstance(module.outputs(torch.randn(1, 2, 45, 33)), Outputs)
    assert network(**module.settings()).settings() == {"name": "smp:Unet", "classes": 3, "bands": 2}
    with pytest.raises(InputError, match="no architecture 'Nonet'"):
        network("smp:Nonet", classes=3)


@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("timm", lambda: backbone("timm:resnet18")),
        ("segmentation_models_pytorch", lambda: network("smp:Unet", classes=2)),
    ],
)
def test_what_the_user_lacks_is_a_sentence(module: str, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match="install it yourself"):
        make()
