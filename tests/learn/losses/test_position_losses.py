"""The losses: slow loops and the published formulae are the oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

torch = pytest.importorskip("torch")

from whence.errors import InputError  # noqa: E402
from whence.learn.losses import LOSSES, loss_named  # noqa: E402
from whence.learn.losses.hermite import MonotoneHermite, fritsch_carlson_slopes  # noqa: E402
from whence.learn.losses.protocol import CoordinateLoss, DistanceLoss, PositionLoss  # noqa: E402
from whence.learn.losses.thesis import HERMITE, HERMITE_KNOTS  # noqa: E402
from whence.learn.losses.thesis_models import THESIS_LOSSES, thesis_models  # noqa: E402

POSITION_LOSSES = [*THESIS_LOSSES.values(), "geoscore-1492"]
OF_DISTANCE = [name for name in POSITION_LOSSES if name != "mse"]
DISTANCES_KM = np.concatenate([[0.0, 1e-3], np.linspace(0.1, 20015.0, 4001)])

FORMULAE = {
    "haversine": lambda d: d,
    "geoscore": lambda d: 5000 - 5000 * math.exp(-10 * d / 20037.5),
    "linear-score": lambda d: 1.1077 * d,
    "hermite": lambda d: slow_hermite(d),
    "modified-geoscore": lambda d: (5000 + d / 3) * (1 - math.exp(-15 * d / 20037.5)),
    "geoscore-1492": lambda d: 1 - math.exp(-d / 1492.7),
}


def slow_hermite(d: float) -> float:
    """The encyclopaedias' algorithm, one number at a time."""
    x = [knot[0] for knot in HERMITE_KNOTS]
    y = [knot[1] for knot in HERMITE_KNOTS]
    n = len(x)
    secant = [(y[k + 1] - y[k]) / (x[k + 1] - x[k]) for k in range(n - 1)]
    m = [secant[0]] + [(secant[k - 1] + secant[k]) / 2 for k in range(1, n - 1)] + [secant[-1]]
    for k in range(n - 1):
        if secant[k] == 0:
            m[k] = m[k + 1] = 0.0
    for k in range(n - 1):
        if secant[k] == 0:
            continue
        alpha, beta = m[k] / secant[k], m[k + 1] / secant[k]
        if alpha**2 + beta**2 > 9:
            tau = 3 / math.sqrt(alpha**2 + beta**2)
            m[k], m[k + 1] = tau * alpha * secant[k], tau * beta * secant[k]
    if d >= x[-1]:
        return y[-1] + m[-1] * (d - x[-1])
    k = max(i for i in range(n - 1) if x[i] <= d)
    h = x[k + 1] - x[k]
    t = (d - x[k]) / h
    h00, h10 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t
    h01, h11 = -2 * t**3 + 3 * t**2, t**3 - t**2
    return y[k] * h00 + h * m[k] * h10 + y[k + 1] * h01 + h * m[k + 1] * h11


@pytest.mark.parametrize("name", OF_DISTANCE)
def test_value_is_the_formula(name: str) -> None:
    slow = [FORMULAE[name](float(d)) for d in DISTANCES_KM]
    np.testing.assert_allclose(loss_named(name)(torch.from_numpy(DISTANCES_KM)), slow, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("name", OF_DISTANCE)
def test_float32_follows(name: str) -> None:
    distances = torch.tensor(DISTANCES_KM, dtype=torch.float32)
    loss = loss_named(name)
    torch.testing.assert_close(loss(distances), loss(distances.double()).float(), rtol=2e-6, atol=1e-4)


@pytest.mark.parametrize("name", OF_DISTANCE)
def test_derivative_passes_gradcheck(name: str) -> None:
    distances = torch.tensor(np.linspace(3.0, 20000.0, 101), requires_grad=True)
    assert torch.autograd.gradcheck(loss_named(name), (distances,))


@pytest.mark.parametrize("name", POSITION_LOSSES)
def test_gradient_of_positions_passes_gradcheck(name: str) -> None:
    rng = np.random.default_rng(2)
    predicted = torch.tensor(rng.uniform([-170, -80], [170, 80], (15, 2)), requires_grad=True)
    truth = torch.tensor(rng.uniform([-170, -80], [170, 80], (15, 2)))
    loss = loss_named(name)
    assert torch.autograd.gradcheck(lambda p: loss.of_positions(p, truth), (predicted,))
    value = loss.of_positions(predicted, truth)
    value.sum().backward()
    again, gradient = loss.with_gradient(predicted.detach(), truth)
    torch.testing.assert_close(again, value.detach())
    torch.testing.assert_close(gradient, predicted.grad)


@pytest.mark.parametrize("name", POSITION_LOSSES)
def test_finite_on_the_spot_and_at_the_antipode(name: str) -> None:
    predicted = torch.tensor([[30.0, 50.0], [30.0, 50.0]], requires_grad=True)
    truth = torch.tensor([[30.0, 50.0], [-150.0, -50.0]])
    value = loss_named(name).of_positions(predicted, truth)
    value.sum().backward()
    assert value[0].item() == 0.0
    assert torch.isfinite(predicted.grad).all()


@pytest.mark.parametrize("name", OF_DISTANCE)
def test_farther_is_never_better(name: str) -> None:
    values = loss_named(name)(torch.from_numpy(DISTANCES_KM)).numpy()
    assert (np.diff(values) >= 0.0).all()


def test_mse_is_the_mean_over_both_coordinates() -> None:
    value = loss_named("mse").of_positions(torch.tensor([[3.0, -1.0]]), torch.tensor([[1.0, 2.0]]))
    assert value.tolist() == [(2.0**2 + 3.0**2) / 2]


def test_the_curve_passes_through_its_knots_and_goes_on_straight() -> None:
    x, y = torch.tensor(HERMITE_KNOTS, dtype=torch.float64).unbind(-1)
    torch.testing.assert_close(HERMITE(x), y)
    beyond = torch.tensor([21000.0, 22000.0, 23000.0], dtype=torch.float64)
    torch.testing.assert_close(HERMITE.derivative(beyond), torch.full_like(beyond, 95000 / 16000))
    assert HERMITE(beyond).diff().tolist() == pytest.approx([1000 * 95000 / 16000] * 2)


def test_the_limiter_acts_on_one_piece_of_the_knots() -> None:
    """Between 874 and 1749 km α² + β² comes to 9.09 before it is scaled back to 9."""
    x, y = np.array(HERMITE_KNOTS).T
    secants, slopes = np.diff(y) / np.diff(x), fritsch_carlson_slopes(x, y)
    rising = secants > 0
    squares = (slopes[:-1][rising] ** 2 + slopes[1:][rising] ** 2) / secants[rising] ** 2
    assert squares.max() <= 9.0 + 1e-12
    assert np.isclose(squares, 9.0).sum() == 1


def test_the_curve_is_not_scipys() -> None:
    """The published remark: they differ by up to 42 per cent (of PCHIP, near 8,700 km)."""
    x, y = np.array(HERMITE_KNOTS).T
    d = np.linspace(31.0, 20000.0, 20000)
    ours = HERMITE(torch.from_numpy(d)).numpy()
    difference = np.abs(ours / PchipInterpolator(x, y)(d) - 1.0)
    assert difference.max() == pytest.approx(0.42, abs=0.005)


def test_knots_that_fall_are_refused() -> None:
    with pytest.raises(InputError, match="increase"):
        MonotoneHermite.through([(0.0, 1.0), (1.0, 0.0)])


def test_unknown_loss_is_a_sentence() -> None:
    with pytest.raises(InputError, match=r"no loss 'l2'; choose one of: mse, haversine"):
        loss_named("l2")


@pytest.mark.parametrize("name", POSITION_LOSSES)
def test_table_names_its_losses(name: str) -> None:
    loss = loss_named(name)
    assert name in LOSSES
    assert loss.name == name
    assert isinstance(loss, PositionLoss)
    assert isinstance(loss, CoordinateLoss if name == "mse" else DistanceLoss)


def test_there_are_36_models_with_the_names_of_the_thesis() -> None:
    models = thesis_models()
    names = [model.name for model in models]
    assert len(set(names)) == 36
    assert {"GeoLocB32-MSEc", "GeoLocB32-ICMHt", "GeoLocB16-GSc", "GeoLocB16-GSMl"} <= set(names)
    best = models[names.index("GeoLocB16-LSl")]
    assert (best.loss, best.last_layer, best.encoder) == (
        "linear-score", "logistic", "openai/clip-vit-base-patch16",
    )  # fmt: skip
