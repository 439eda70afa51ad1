"""The thin plate on a grid: its operator, its solver, and what it makes of contours."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.interpolate import RBFInterpolator
from scipy.sparse.linalg import spsolve

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights import Lake, Lattice, Terrain, contours_of, method
from whence.maps.heights.surface.bending import Bending
from whence.maps.heights.surface.biharmonic import grid_data, plate_of
from whence.maps.heights.surface.multigrid import Plate
from whence.maps.heights.surface.readout import Data, bilinear_rows, read_out
from whence.maps.heights.surface.transfer import coarse_shape, expand, reduce


def slow_energy(z: np.ndarray, stiffness: np.ndarray) -> float:
    total = 0.0
    rows, columns = z.shape
    for i in range(rows):
        for j in range(columns):
            if j + 2 < columns:
                total += stiffness[i, j : j + 3].min() * (z[i, j] - 2 * z[i, j + 1] + z[i, j + 2]) ** 2
            if i + 2 < rows:
                total += stiffness[i : i + 3, j].min() * (z[i, j] - 2 * z[i + 1, j] + z[i + 2, j]) ** 2
            if i + 1 < rows and j + 1 < columns:
                twist = z[i, j] - z[i, j + 1] - z[i + 1, j] + z[i + 1, j + 1]
                total += 2 * stiffness[i : i + 2, j : j + 2].min() * twist**2
    return total


@pytest.mark.parametrize("shape", [(12, 17), (4, 30), (10, 10)])
@pytest.mark.parametrize("soft", [False, True])
def test_bending_equals_the_slow_sum(shape, soft) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=shape)
    stiffness = rng.uniform(0.01, 1, shape) if soft else None
    bending = Bending(shape, stiffness)
    full = np.ones(shape) if stiffness is None else stiffness
    assert_allclose(bending.energy(z), slow_energy(z, full))
    matrix = bending.matrix()
    assert_allclose(bending(z).ravel(), matrix @ z.ravel(), atol=1e-12)
    assert_allclose(bending.diagonal().ravel(), matrix.diagonal())


def test_planes_do_not_bend() -> None:
    row, column = np.mgrid[:20, :30].astype(float)
    assert_allclose(Bending((20, 30))(3 + 2 * row - column), 0, atol=1e-10)


@pytest.mark.parametrize("shape", [(9, 14), (10, 13), (31, 32)])
def test_reduce_is_the_adjoint_of_expand_and_planes_pass(shape) -> None:
    rng = np.random.default_rng(0)
    coarse, fine = rng.normal(size=coarse_shape(shape)), rng.normal(size=shape)
    assert_allclose((expand(coarse, shape) * fine).sum(), (coarse * reduce(fine)).sum())
    row, column = np.mgrid[: coarse.shape[0], : coarse.shape[1]] * 2.0
    fine_row, fine_column = np.mgrid[: shape[0], : shape[1]]
    assert_allclose(expand(3 * row - column, shape), 3 * fine_row - fine_column, atol=1e-12)


def test_reading_a_plane_is_exact_up_to_the_outer_edge() -> None:
    row, column = np.mgrid[:7, :9].astype(float)
    at = np.random.default_rng(0).uniform([-0.5, -0.5], [8.5, 6.5], (40, 2))
    assert_allclose(read_out(5 + 2 * column - row, at), 5 + 2 * at[:, 0] - at[:, 1])
    assert_allclose(bilinear_rows(at, (7, 9)).sum(axis=1), 1)


def random_data(shape: tuple[int, int], count: int) -> Data:
    rng = np.random.default_rng(1)
    nodes = rng.uniform(-0.5, np.array(shape)[::-1] - 0.5, (count, 2))
    heights = np.sin(nodes[:, 0] / 9) * 50 + nodes[:, 1]
    return Data(nodes, heights, rng.uniform(0.1, 1, count), np.full(count, -1))


@pytest.mark.parametrize("smoothing", [0.003, 0.1, 10.0])
@pytest.mark.parametrize("soft", [False, True])
def test_multigrid_finds_the_direct_solution(smoothing, soft) -> None:
    shape = (47, 60)
    stiffness = np.where(np.arange(60) == 31, 0.01, 1.0) * np.ones(shape) if soft else None
    plate = Plate(shape, random_data(shape, 150), smoothing, stiffness)
    rows = plate.rows
    matrix = rows.T @ rows + smoothing * plate.bending.matrix()
    direct = spsolve(matrix.tocsc(), plate.right_side().ravel()).reshape(shape)
    found = plate.solve(tolerance_m=1e-7)
    assert found.iterations < 60
    assert_allclose(found.heights, direct, atol=1e-4)


def test_the_stencil_and_the_matrix_are_one_operator(monkeypatch) -> None:
    plate = Plate((40, 52), random_data((40, 52), 200), 0.05)
    z = np.random.default_rng(0).normal(size=(40, 52))
    assembled = plate.apply(z)
    monkeypatch.setattr("whence.maps.heights.surface.multigrid._ASSEMBLED_CELLS", 0)
    assert_allclose(plate.apply(z), assembled, atol=1e-10)
    assert_allclose(plate.apply(z.astype(np.float32)), assembled, atol=1e-4)


def test_points_in_the_middle_of_a_wide_grid_give_the_thin_plate_spline() -> None:
    # On a fine grid that reaches far beyond the data the energy is that of the plane: Duchon's spline.
    rng = np.random.default_rng(0)
    nodes = np.stack(np.meshgrid([160, 200, 240], [160, 200, 240]), axis=-1).reshape(-1, 2)
    nodes = nodes + rng.integers(-9, 10, nodes.shape).astype(float)
    heights = rng.normal(size=9)
    data = Data(nodes, heights, np.ones(9), np.full(9, -1))
    found = Plate((401, 401), data, 1e-3).solve(tolerance_m=1e-5).heights[160:241:8, 160:241:8]
    row, column = np.mgrid[160:241:8, 160:241:8]
    at = np.stack([column, row], axis=-1).reshape(-1, 2)
    exact = RBFInterpolator(nodes, heights, kernel="thin_plate_spline")(at)
    assert_allclose(found.ravel(), exact, atol=0.02 * np.ptp(exact))


def test_contours_of_a_plane_give_the_plane() -> None:
    lattice = Lattice(500_000.0, 6_000_000.0, 10.0, 40, 30)
    centres = lattice.centres() - [500_000.0, 6_000_000.0]
    truth = 100 + centres @ [0.3, -0.2]
    terrain = Terrain(contours_of(truth, lattice, interval_m=10.0))
    found = method("biharmonic", smoothing=5.0).heights(terrain, lattice)
    assert_allclose(found, truth, atol=1e-2)


def test_it_finds_hills_better_than_triangles_and_means_do(hilly, rmse) -> None:
    lattice, truth, terrain = hilly()
    errors = {
        name: rmse(method(name).heights(terrain, lattice), truth) for name in ("biharmonic", "tin", "idw")
    }
    assert errors["biharmonic"] < 0.5 * errors["tin"] < errors["idw"]
    assert errors["biharmonic"] < terrain.interval_m / 20


def test_a_spot_height_lifts_the_summit(hilly, points_only) -> None:
    lattice, truth, terrain = hilly(interval_m=40.0)
    row, column = np.unravel_index(truth.argmax(), truth.shape)
    summit = points_only(lattice.centres()[row, column][None], truth[row, column][None]).spots
    informed = Terrain(terrain.contours, summit)
    surface = method("biharmonic", smoothing=0.005)
    off = [
        abs(surface.heights(one, lattice)[row, column] - truth[row, column]) for one in (terrain, informed)
    ]
    assert off[1] < 0.5
    assert off[1] < off[0]


def test_a_lake_is_flat_and_the_ground_breaks_at_its_shore(rmse) -> None:
    lattice = Lattice(0.0, 800.0, 10.0, 80, 80)
    distance = np.hypot(*(lattice.centres() - 400.0).transpose(2, 0, 1))
    truth = np.maximum(distance - 150.0, 0.0) * 0.5 + 20.0
    angle = np.linspace(0, 2 * np.pi, 100)[:-1]
    shore = 400 + 150 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lines = contours_of(truth, lattice, interval_m=20.0, base_m=30.0)
    surface = method("biharmonic", smoothing=0.01)
    found = surface.heights(Terrain(lines, lakes=(Lake(shore, 20.0),)), lattice)
    assert (found[distance < 140] == 20.0).all()
    assert rmse(found, truth) < 0.5 < rmse(surface.heights(Terrain(lines), lattice), truth)


def test_a_breakline_lets_the_ground_bend(rmse) -> None:
    lattice = Lattice(0.0, 500.0, 10.0, 60, 50)
    across = lattice.centres()[..., 0] - 300.0
    truth = np.abs(across) * 0.5  # a valley with a sharp floor
    lines = contours_of(truth, lattice, interval_m=50.0, base_m=25.0)
    stream = np.array([[300.0, 0.0], [300.0, 500.0]])
    surface = method("biharmonic", smoothing=0.005)
    found = surface.heights(Terrain(lines, breaklines=(stream,)), lattice)
    assert rmse(found, truth) < 0.5 * rmse(surface.heights(Terrain(lines), lattice), truth)


def test_options_and_degenerate_data_are_refused(hilly) -> None:
    lattice, _, terrain = hilly()
    with pytest.raises(InputError, match="smoothing"):
        method("biharmonic", smoothing=0.0)
    with pytest.raises(InputError, match="no option"):
        method("biharmonic", lam=1)
    with pytest.raises(InputError, match="no surface"):
        method("spline of splines")
    far = Lattice(0.0, 0.0, 10.0, 20, 20)
    with pytest.raises(NotEnoughDataError, match="no height"):
        grid_data(terrain, far)
    assert plate_of(terrain, lattice, 1.0).shape == lattice.shape
