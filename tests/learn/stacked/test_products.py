"""The wide products: float64 products are the oracle, and the faster way is the one that is taken."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from whence.learn.stacked.products import WideProducts, fastest, onednn_available  # noqa: E402

WAYS = ["mm", *(["onednn"] if onednn_available(torch.float32, torch.device("cpu")) else [])]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rows", [1, 3, 64])  # a last batch may be short
def test_both_products_of_the_first_layer(way: str, rows: int) -> None:
    weights, batch, outer = torch.randn(3, 32, 24), torch.randn(rows, 24), torch.randn(96, rows)
    products, holder = WideProducts(way, way), [torch.empty(3, 32, 24)]
    forward = products.apply(weights.flatten(0, 1), batch)
    products.add_gradient(outer, batch, holder)
    exact = weights.flatten(0, 1).double() @ batch.double().T
    torch.testing.assert_close(forward.double(), exact, rtol=1e-5, atol=1e-5)
    exact = (outer.double() @ batch.double()).view(3, 32, 24)
    torch.testing.assert_close(holder[0].double(), exact, rtol=1e-5, atol=1e-5)


def test_the_faster_way_is_named() -> None:
    assert fastest({"slow": lambda: sum(range(300_000)), "fast": lambda: None}) == "fast"
