"""Distance and its gradient: the oracle is the float64 distance of the sphere, and its differences."""

from __future__ import annotations

import numpy as np
import pytest

from whence.earth.sphere import distance_m, to_unit_vectors

torch = pytest.importorskip("torch")

from whence.learn.losses.distance import (  # noqa: E402
    EARTH_RADIUS_KM,
    distance_and_gradient,
    distance_km,
    vector_distance_km,
)

HARD = {
    "same point": ([30.0, 50.0], [30.0, 50.0]),
    "origin": ([0.0, 0.0], [0.0, 0.0]),
    "antipode": ([30.0, 50.0], [-150.0, -50.0]),
    "antipode of the origin": ([180.0, 0.0], [0.0, 0.0]),
    "poles": ([0.0, 90.0], [0.0, -90.0]),
    "at the pole": ([10.0, 90.0], [120.0, 90.0]),
    "date line": ([180.0, 10.0], [-180.0, 10.0]),
}


def random_pairs(n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    low, high = [-180.0, -89.0], [180.0, 89.0]
    return rng.uniform(low, high, (n, 2)), rng.uniform(low, high, (n, 2))


def test_distance_is_that_of_the_sphere() -> None:
    a, b = random_pairs()
    ours = distance_km(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    np.testing.assert_allclose(ours, distance_m(a, b) / 1000.0, rtol=1e-12)


@pytest.mark.parametrize("turn_deg", [1e-4, 1e-2, 1.0, 100.0, 179.0, 179.99])
@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_float32_is_good_to_metres_at_any_range(turn_deg: float, mirror: float) -> None:
    """With the mirror the second point lies near the antipode of the first when the turn is 180°."""
    rng = np.random.default_rng(1)
    a = np.column_stack([rng.uniform(-180, 180, 200), rng.uniform(-60, 60, 200)])
    b = a * [1.0, mirror] + [turn_deg, 0.0]
    a32, b32 = torch.tensor(a, dtype=torch.float32), torch.tensor(b, dtype=torch.float32)
    exact = distance_km(a32.double(), b32.double())  # of the positions that float32 can hold
    torch.testing.assert_close(distance_km(a32, b32).double(), exact, rtol=1e-6, atol=3e-3)


def test_gradient_is_the_central_difference() -> None:
    a, b = random_pairs()
    step = 1e-5
    _, gradient = distance_and_gradient(torch.from_numpy(a), torch.from_numpy(b))
    for axis in (0, 1):
        move = np.eye(2)[axis] * step
        forth = distance_km(torch.from_numpy(a + move), torch.from_numpy(b))
        back = distance_km(torch.from_numpy(a - move), torch.from_numpy(b))
        np.testing.assert_allclose(gradient[:, axis], (forth - back) / (2 * step), rtol=1e-5, atol=1e-5)


def test_gradcheck_away_from_the_singular_points() -> None:
    a, b = random_pairs(20)
    predicted = torch.tensor(a, requires_grad=True)
    assert torch.autograd.gradcheck(distance_km, (predicted, torch.from_numpy(b)))


def test_a_kilometre_straight_away_is_a_kilometre() -> None:
    """|gradient| on the ground is one: its components are per degree of longitude and latitude."""
    a, b = random_pairs()
    _, gradient = distance_and_gradient(torch.from_numpy(a), torch.from_numpy(b))
    per_degree = EARTH_RADIUS_KM * np.pi / 180.0
    east = gradient[:, 0].numpy() / (per_degree * np.cos(np.radians(a[:, 1])))
    np.testing.assert_allclose(np.hypot(east, gradient[:, 1].numpy() / per_degree), 1.0, rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("case", HARD)
def test_gradient_is_finite_where_naive_ones_are_not(case: str, dtype: torch.dtype) -> None:
    here, there = HARD[case]
    predicted = torch.tensor([here], dtype=dtype, requires_grad=True)
    distance = distance_km(predicted, torch.tensor([there], dtype=dtype))
    distance.sum().backward()
    assert torch.isfinite(predicted.grad).all()
    assert predicted.grad.abs().max() < 112.0  # never more than a degree is long
    np.testing.assert_allclose(distance.detach(), distance_m([here], [there]) / 1000.0, atol=2e-2)


def test_the_naive_haversine_does_give_nan_there() -> None:
    """The reason for the closed form; if torch mends this one day, it can go."""
    predicted = torch.tensor([0.5, 0.8], requires_grad=True)
    half = torch.sin((predicted - predicted.detach()) / 2) ** 2
    torch.asin(torch.sqrt(half[1] + half[0])).backward()
    assert torch.isnan(predicted.grad).any()


def test_gradient_is_zero_on_the_spot_and_right_a_micrometre_beside() -> None:
    here = torch.tensor([[30.0, 50.0]], dtype=torch.float64)
    assert (distance_and_gradient(here, here)[1] == 0.0).all()
    north_of_it = here + torch.tensor([0.0, 1e-11], dtype=torch.float64)
    _, gradient = distance_and_gradient(here, north_of_it)
    np.testing.assert_allclose(gradient[0, 1], -EARTH_RADIUS_KM * np.pi / 180.0, rtol=1e-3)


def test_beyond_the_pole_is_the_other_side() -> None:
    over, same = torch.tensor([[20.0, 100.0]]), torch.tensor([[-160.0, 80.0]])
    truth = torch.tensor([[5.0, 40.0]])
    torch.testing.assert_close(distance_km(over, truth), distance_km(same, truth), rtol=1e-5, atol=1e-2)


def test_broadcasting_sums_the_gradients() -> None:
    here = torch.tensor([10.0, 20.0], dtype=torch.float64, requires_grad=True)
    truths = torch.from_numpy(random_pairs(7)[1])
    distance_km(here, truths).sum().backward()
    each = distance_and_gradient(here.detach().expand(7, 2), truths)[1]
    torch.testing.assert_close(here.grad, each.sum(0))


def test_vectors_agree_with_degrees() -> None:
    a, b = random_pairs()
    u, v = torch.from_numpy(to_unit_vectors(a)), torch.from_numpy(to_unit_vectors(b))
    np.testing.assert_allclose(vector_distance_km(u, v), distance_m(a, b) / 1000.0, rtol=1e-9)


def test_vector_gradient_is_that_of_the_direction() -> None:
    a, b = random_pairs(20)
    raw = torch.tensor(3.0 * to_unit_vectors(a), requires_grad=True)
    v = torch.from_numpy(to_unit_vectors(b))

    def of_direction(vectors: torch.Tensor) -> torch.Tensor:
        return vector_distance_km(torch.nn.functional.normalize(vectors, dim=-1), v)

    assert torch.autograd.gradcheck(of_direction, (raw,))


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_vector_gradient_is_finite_on_the_spot_and_at_the_antipode(sign: float, dtype: torch.dtype) -> None:
    u = torch.tensor(to_unit_vectors(random_pairs(50)[0]), dtype=dtype, requires_grad=True)
    vector_distance_km(u, sign * u.detach()).sum().backward()
    assert torch.isfinite(u.grad).all()
    assert u.grad.norm(dim=-1).max() < 1.001 * EARTH_RADIUS_KM
