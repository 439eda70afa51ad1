"""Cells with offsets: frames, what is learnt beyond the centre, and round trips."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from whence.earth.partitions import DegreeGrid, H3Partition, Partition, Quadtree
from whence.earth.sphere import destination, distance_m
from whence.earth.tangent import TangentPlane
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.photos.heads.fitting import Standardisation
from whence.photos.heads.frames import BoxFrame, PlaneFrame
from whence.photos.heads.hybrid import Hybrid, HybridHead, OffsetTable
from whence.photos.heads.learning.hybrid import HybridLearner
from whence.photos.heads.partitions import cell_spreads_m
from whence.photos.heads.perceptron import Perceptron
from whence.photos.heads.protocol import Task


def photos(seed: int = 0) -> np.ndarray:
    """A city, both sides of the date line, and near a pole."""
    rng = np.random.default_rng(seed)
    places = [[37.6, 55.75], [180.0, -17.0], [12.0, 89.0]]
    clouds = [destination(place, rng.uniform(0, 360, 200), rng.exponential(2e4, 200)) for place in places]
    return np.concatenate(clouds)


PARTITIONS = {
    "quadtree": lambda lonlat: Quadtree.fit(lonlat, max_points=15),
    "grid": lambda lonlat: DegreeGrid.fit(lonlat, step_deg=0.25),
    "h3": lambda lonlat: H3Partition.fit(lonlat, resolution=5),
}


@pytest.mark.parametrize("name", PARTITIONS)
@pytest.mark.parametrize("frame", [BoxFrame, PlaneFrame])
def test_offsets_lead_back_to_the_position(name: str, frame: type) -> None:
    """Round trip; training positions lie within a reach of 1.2."""
    lonlat = photos()
    partition = PARTITIONS[name](lonlat)
    if name == "h3" and frame is BoxFrame:
        with pytest.raises(InputError, match="no boxes"):
            frame.of(partition, lonlat)
        return
    cell = partition.assign(lonlat)
    frame = frame.of(partition, lonlat)
    offsets = frame.offsets(lonlat, cell)
    assert np.abs(offsets).max() <= 1.2
    assert distance_m(frame.positions(offsets, cell), lonlat).max() < 1e-3
    again = type(frame).from_arrays(frame.to_arrays(), len(partition))
    np.testing.assert_array_equal(again.positions(offsets, cell), frame.positions(offsets, cell))
    assert frame.unit_m().shape == (len(partition),)


def test_box_frame_is_the_published_formula() -> None:
    """Oracle: g = c + r ⊙ (max − c where r > 0, c − min elsewhere), written out."""
    lonlat = photos()[:200]
    tree = Quadtree.fit(lonlat, max_points=15)
    frame = BoxFrame.of(tree, lonlat)
    rng = np.random.default_rng(1)
    thick = 0
    for cell, (west, south, east, north) in enumerate(tree.boxes()):
        r = 1.2 * np.tanh(rng.normal(size=2))
        c = tree.centers()[cell]
        low, high = np.array([west, south]), np.array([east, north])
        if ((high - c) < 0.05 * (high - low)).any() or ((c - low) < 0.05 * (high - low)).any():
            continue  # the floor
        thick += 1
        expected = c + [r[axis] * ((high - c) if r[axis] > 0 else (c - low))[axis] for axis in (0, 1)]
        np.testing.assert_allclose(frame.positions(r, np.array(cell)), expected, rtol=1e-12)
    assert thick > 10


def test_thin_cells_are_floored() -> None:
    """All photographs on the western edge: nothing to divide by, were it not floored."""
    lonlat = np.array([[0.0, 10.0], [0.0, 10.4], [0.0, 10.9], [5.0, 15.0]])
    frame = BoxFrame.of(DegreeGrid.fit(lonlat, step_deg=5.0), lonlat)
    assert np.isfinite(frame.offsets(lonlat, np.array([0, 0, 0, 1]))).all()
    assert frame.down.min() == pytest.approx(0.25)


def test_plane_frame_is_the_tangent_plane() -> None:
    """Oracle: the geodesic plane; the sphere is within 0.6 %."""
    lonlat = photos()[:200]
    partition = H3Partition.fit(lonlat, resolution=6)
    frame = PlaneFrame.of(partition, lonlat)
    cell = partition.assign(lonlat)
    metres = frame.offsets(lonlat, cell) * frame.radius_m[cell][:, None]
    for row in range(0, 200, 10):
        expected = TangentPlane(partition.centers()[cell[row]]).to_enu(lonlat[row])
        assert np.linalg.norm(metres[row] - expected) <= 0.006 * np.linalg.norm(expected) + 1e-3


def floors_km(partition: Partition, lonlat: np.ndarray) -> float:
    return float(np.median(distance_m(partition.centers()[partition.assign(lonlat)], lonlat))) / 1000


@pytest.mark.parametrize(
    "recipe",
    [
        Hybrid(max_points=40, standardise=True),
        Hybrid(max_points=40, shared_offset=True, hierarchy=0.3, standardise=True),
        Hybrid(partition="h3", resolution=0, offset_loss="huber"),
        Hybrid(partition="h3", resolution=0, offset_loss="gaussian", offset_weight=0.3),
        Hybrid(partition="grid", step_deg=30.0, offset="plane", offset_loss="laplace", offset_weight=0.3),
    ],
    ids=str,
)
def test_the_offset_beats_the_perfect_cell(recipe: Hybrid, planet: Task) -> None:
    """The centres of the true cells are the best a classifier can do; offsets go below."""
    head = recipe.fit(planet)
    samples = planet.validation
    features = samples.take(slice(None))
    places, spread_m = head.within(features, head.cells.assign(samples.lonlat)[:, None])
    errors_m = distance_m(places[:, 0], samples.lonlat)
    assert np.median(errors_m) / 1000 < 0.9 * floors_km(head.cells, samples.lonlat)
    assert np.mean(errors_m <= 1.7941 * spread_m[:, 0]) == pytest.approx(0.8, abs=0.01)
    settings, arrays = head.to_parts()
    again = HybridHead.from_parts(settings, arrays)
    for name in ("lonlat", "log_weights", "spread_m"):
        first, second = (getattr(h.mixtures(features), name) for h in (head, again))
        np.testing.assert_array_equal(first, second)


def test_learns_a_toy_city(city: Task) -> None:
    """10 km wide. Cells and offsets in metres."""
    head = Hybrid(partition="h3", resolution=6, offset_loss="huber").fit(city)
    wrong_m = distance_m(head.mixtures(city.validation.take(slice(None))).points(), city.validation.lonlat)
    assert np.median(wrong_m) < 0.75 * 1000 * floors_km(head.cells, city.validation.lonlat)


@pytest.mark.parametrize("shared", [False, True])
def test_the_finished_head_is_what_was_trained(planet: Task, shared: bool) -> None:
    """Oracle: the module's own offsets in torch; small blocks change nothing."""
    recipe = Hybrid(shared_offset=shared, offset="plane", offset_loss="gaussian", max_points=40)
    lonlat = planet.train.lonlat
    partition = recipe.fit_partition(lonlat)
    frame = PlaneFrame.of(partition, lonlat)
    learner = HybridLearner.of(recipe, partition, frame, inputs=Standardisation.none(64), seed=0)
    with torch.no_grad():
        for values in learner.module.parameters():
            values.add_(0.3 * torch.randn(values.shape, generator=torch.Generator().manual_seed(1)))
    features = planet.validation.take(slice(0, 40))
    cell = partition.assign(planet.validation.lonlat[:40])
    _, raw = learner.module(torch.from_numpy(features), torch.as_tensor(cell), None)
    expected = 1.2 * torch.tanh(raw[:, :2]).detach().numpy()
    scale = np.exp(-7 + 9 / (1 + np.exp(-raw[:, 2].detach().numpy().astype(float))))
    head = HybridHead(
        learner.perceptron(),
        learner.table(),
        frame,
        cell_spreads_m(partition, lonlat),
        1.0,
        8,
        partition.to_json(),
    )
    places, spread_m = head.within(features, cell[:, None])
    assert distance_m(places[:, 0], frame.positions(expected.astype(float), cell)).max() < 10.0
    np.testing.assert_allclose(spread_m[:, 0], scale * frame.radius_m[cell], rtol=1e-4)


def test_the_offset_table_in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Oracle: a loop over photographs and cells."""
    rng = np.random.default_rng(0)
    table = OffsetTable(
        rng.normal(size=(9, 2, 5)).astype(np.float32), rng.normal(size=(9, 2)).astype(np.float32), 1.2, False
    )
    hidden, cells = rng.normal(size=(7, 5)).astype(np.float32), rng.integers(9, size=(7, 3))
    monkeypatch.setattr("whence.photos.heads.hybrid._GATHERED", 31)
    found, scale = table(hidden, cells)
    assert scale is None
    for photo in range(7):
        for place in range(3):
            cell = cells[photo, place]
            raw = table.weight[cell] @ hidden[photo] + table.bias[cell]
            np.testing.assert_allclose(found[photo, place], 1.2 * np.tanh(raw), rtol=1e-5)


def test_what_is_refused(planet: Task) -> None:
    few = Task(planet.train.subset(np.arange(10)), planet.validation, planet.optimise)
    with pytest.raises(NotEnoughDataError, match="at least 20"):
        Hybrid().fit(few)
    with pytest.raises(InputError, match="no boxes"):
        Hybrid(partition="h3", resolution=1, offset="box").fit(planet)
    with pytest.raises(InputError, match="loss of offsets"):
        Hybrid(offset_loss="l1").fit(planet)
    for wrong in ({"offset": "polar"}, {"hidden": ()}, {"reach": 0.0}, {"offset_weight": 0.0}):
        with pytest.raises(InputError):
            Hybrid(**wrong)
    frame = PlaneFrame(np.zeros((3, 2)), np.ones(3))
    table = OffsetTable(np.zeros((3, 2, 4), np.float32), np.zeros((3, 2), np.float32), 1.2, False)
    network = Perceptron((np.zeros((3, 4)),), (np.zeros(3),))
    settings, arrays = HybridHead(network, table, frame, np.ones(3), 1.0, 2, {}).to_parts()
    with pytest.raises(FormatError, match="belong together"):
        HybridHead.from_parts(settings, arrays | {"offset.weight": np.zeros((2, 2, 4))})
    with pytest.raises(FormatError, match="no frame"):
        HybridHead.from_parts(settings | {"frame": "polar"}, arrays)
    with pytest.raises(FormatError, match="'radius_m'"):
        HybridHead.from_parts(settings, {k: v for k, v in arrays.items() if k != "radius_m"})
