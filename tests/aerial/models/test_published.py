"""Sizes of the networks: within a tenth of what was published; the counter against counting by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from whence.aerial.models import NETWORKS, network  # noqa: E402
from whence.aerial.models.complexity import complexity  # noqa: E402
from whence.aerial.models.contract import Network, Outputs  # noqa: E402
from whence.aerial.models.published import PUBLISHED, Published  # noqa: E402

FAST = {"segformer", "abcnet"}


def rows() -> list[object]:
    return [
        pytest.param(
            row,
            id=f"{row.name}-{row.options.get('backbone', 'default')}-{row.side_px}",
            marks=[] if row.name in FAST else [pytest.mark.slow],
        )
        for row in PUBLISHED
    ]


@pytest.mark.parametrize("row", rows())
def test_size_is_within_a_tenth_of_the_published_one(row: Published) -> None:
    with torch.device("meta"):
        module = network(row.name, classes=row.classes, **row.options)
    found = complexity(module, side_px=row.side_px, **row.counting)
    assert found.parameters / 1e6 == pytest.approx(row.parameters_m, rel=0.1)
    if row.giga is not None:
        assert found.multiplications / 1e9 == pytest.approx(row.giga, rel=0.1)


def test_every_network_of_a_paper_has_a_published_size() -> None:
    assert {row.name for row in PUBLISHED} == set(NETWORKS) - {"residual-unet"}


def test_the_starters_network_is_as_small_as_it_is_meant_to_be() -> None:
    with torch.device("meta"):
        module = network("residual-unet", classes=6)
    assert complexity(module, side_px=256).parameters * 4 < 10e6  # bytes in float32


class Known(Network):
    """A convolution, a transposed one and a matrix product, counted by hand below."""

    def __init__(self, *, classes: int, bands: int = 3) -> None:
        super().__init__()
        self.down = torch.nn.Conv2d(bands, 8, 4, stride=4, bias=False)
        self.up = torch.nn.ConvTranspose2d(8, classes, 2, stride=2, bias=False)

    def raw(self, images: torch.Tensor, *, training: bool) -> Outputs:
        maps = self.down(images)
        flat = maps.flatten(2)
        mixed = (flat @ flat.transpose(1, 2)) @ flat
        return Outputs(self.up(mixed.view_as(maps)))


def test_products_are_those_counted_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NETWORKS, "known", f"{__name__}:Known")
    monkeypatch.setattr("whence.aerial.models.part", lambda *_: Known)
    module = network("known", classes=5)
    down, attention, up = 16 * 16 * 8 * 3 * 16, 2 * 256 * 8 * 8, 256 * 8 * 5 * 4
    counts = {
        (products, whole): complexity(module, side_px=64, products=products, whole_kernels=whole)
        for products in (True, False)
        for whole in (True, False)
    }
    assert {each.parameters for each in counts.values()} == {8 * 3 * 16 + 8 * 5 * 4}
    assert {key: each.multiplications for key, each in counts.items()} == {
        (True, False): down + attention + up,
        (False, False): down + up,
        (True, True): down + attention + 4 * up,
        (False, True): down + 4 * up,
    }
