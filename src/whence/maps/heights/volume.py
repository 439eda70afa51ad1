"""Volume of change between two height models, with the uncertainty that errors of the heights leave in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from whence.maps.heights.compare import Comparison
    from whence.typing import Bools, Floats

__all__ = ["Volume", "correlated_area_m2", "volume_of", "within_areas"]

_SIDE = 512
_FEWEST_STABLE = 30
_NORMAL = 1.4826


@dataclass(frozen=True)
class Volume:
    """How much ground was added and taken away.

    Attributes
    ----------
    fill_m3, cut_m3
        Ground above and below the reference; both positive.
    area_m2
        Of the cells counted.
    offset_m
        Systematic difference that was taken off first: the median on stable ground; 0 without such.
    offset_error_m
        Its standard error; without stable ground the median of all differences, which may be an offset or
        true change: nothing tells them apart.
    sigma_m
        Standard deviation of one cell.
    correlated_m2
        Area over which errors of cells hang together.
    net_error_m3, fill_error_m3, cut_error_m3
        Standard errors: A (o² + σ² min(a / A, 1))^½ of an area A, o the error of the offset and a the
        correlated area.
    basis
        Where σ and the offset are from, in words.
    """

    fill_m3: float
    cut_m3: float
    area_m2: float
    offset_m: float
    offset_error_m: float
    sigma_m: float
    correlated_m2: float
    net_error_m3: float
    fill_error_m3: float
    cut_error_m3: float
    basis: str

    @property
    def net_m3(self) -> float:
        """Fill less cut."""
        return self.fill_m3 - self.cut_m3

    @property
    def sentence(self) -> str:
        """The finding in words."""
        return (
            f"fill {self.fill_m3:,.0f} ± {self.fill_error_m3:,.0f} m³, cut {self.cut_m3:,.0f} ± "
            f"{self.cut_error_m3:,.0f} m³, net {self.net_m3:+,.0f} ± {self.net_error_m3:,.0f} m³ over "
            f"{self.area_m2:,.0f} m² ({self.basis})"
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {**vars(self), "net_m3": self.net_m3}


def volume_of(comparison: Comparison, *, stable: Bools | None = None, sigma_m: float | None = None) -> Volume:
    """Measure the volume between a model and its reference.

    Parameters
    ----------
    comparison
        Of both.
    stable
        (rows, columns) cells in which nothing changed: their median is an offset, which is taken off, and
        their scatter is σ. Volumes are of the other cells. None is no such ground.
    sigma_m
        Standard deviation of one cell; None takes that of stable ground, then that which the model brings,
        then the NMAD of all differences.

    Raises
    ------
    NotEnoughDataError
        When stable ground has too few cells with a height, or nothing is left beside it.

    Notes
    -----
    Fill and cut each hold the noise of their sign, 0.4 σ over the area where nothing changes; in the net it
    cancels. For correlated errors see Rolstad et al. (2009).
    """
    off_m = comparison.off_m.astype(np.float64)
    known = np.isfinite(off_m)
    offset, error, scatter, basis = _offset(comparison, off_m, stable)
    if sigma_m is not None:
        scatter, basis = sigma_m, f"{basis.partition(', σ')[0]}, σ as given"
    counted = known if stable is None else known & ~stable
    if not counted.any():
        raise NotEnoughDataError("no cell is left beside stable ground; name less of it")
    areas = np.broadcast_to(comparison.sides_m.prod(axis=1)[:, None], off_m.shape)
    change, cells_m2 = (off_m - offset)[counted], areas[counted]
    noise = off_m if stable is None else np.where(stable, off_m, np.nan)
    patch = correlated_area_m2(noise, float(cells_m2.mean()))
    total = float(cells_m2.sum())
    if stable is not None:
        held = float(areas[known & stable].sum())
        error = scatter * float(np.sqrt(min(patch / held, 1.0)))

    def doubt(area_m2: float) -> float:
        share = min(patch / area_m2, 1.0) if area_m2 else 0.0
        return area_m2 * float(np.sqrt(error**2 + scatter**2 * share))

    up = change > 0
    return Volume(
        fill_m3=float((change * cells_m2)[up].sum()),
        cut_m3=float(-(change * cells_m2)[~up].sum()),
        area_m2=total,
        offset_m=offset,
        offset_error_m=error,
        sigma_m=scatter,
        correlated_m2=patch,
        net_error_m3=doubt(total),
        fill_error_m3=doubt(float(cells_m2[up].sum())),
        cut_error_m3=doubt(float(cells_m2[~up].sum())),
        basis=basis,
    )


def _offset(comparison: Comparison, off_m: Floats, stable: Bools | None) -> tuple[float, float, float, str]:
    """Give the offset, its error, σ, and where they are from."""
    if stable is None:
        found = comparison.difference
        middle = abs(found.quantiles_m[0.5])
        if comparison.sigma_m is not None:
            return 0.0, middle, comparison.sigma_m, "no stable ground named, σ of the model"
        return 0.0, middle, found.nmad_m, "no stable ground named, σ the NMAD of all differences"
    values = off_m[np.isfinite(off_m) & stable]
    if len(values) < _FEWEST_STABLE:
        raise NotEnoughDataError(
            f"stable ground has {len(values)} cells with both heights; name more of it ({_FEWEST_STABLE} "
            "at least)"
        )
    middle = float(np.median(values))
    spread = float(_NORMAL * np.median(np.abs(values - middle)))
    return middle, 0.0, spread, f"offset {middle:+.3f} m of stable ground taken off, σ from there"


def correlated_area_m2(off_m: Floats, cell_m2: float) -> float:
    """Measure over what area differences hang together.

    The sum of their autocorrelation (by the Fourier transform, in a window of 512 × 512 cells in the middle),
    ring by ring outward to the first ring without any: for a spherical variogram of range L it is π L² / 5.
    Not less than a cell.

    Parameters
    ----------
    off_m
        (rows, columns), NaN where none.
    cell_m2
        Area of a cell.
    """
    part = off_m[tuple(slice(max((n - _SIDE) // 2, 0), (n + _SIDE) // 2 + 1) for n in off_m.shape)]
    known = np.isfinite(part)
    if known.sum() < 2:
        return cell_m2
    free = np.where(known, part - part[known].mean(), 0.0)
    shape = tuple(2 * n for n in part.shape)
    pairs = np.fft.irfft2(np.abs(np.fft.rfft2(known, s=shape)) ** 2, s=shape)
    product = np.fft.irfft2(np.abs(np.fft.rfft2(free, s=shape)) ** 2, s=shape)
    variance = product[0, 0] / known.sum()
    if not variance > 1e-12:
        return cell_m2
    far = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, 1 / n) for n in shape), indexing="ij"))
    ring = np.round(far).astype(np.int64).ravel()
    trusted = pairs.ravel() > 0.5
    counts = np.bincount(ring[trusted])
    sums = np.bincount(ring[trusted], weights=(product.ravel()[trusted] / pairs.ravel()[trusted]))
    mean = sums / np.maximum(counts, 1) / variance
    ends = np.flatnonzero(mean <= 0)
    end = int(ends[0]) if len(ends) else len(mean)
    rings = np.bincount(ring)[:end]
    return float(max((mean[:end] * rings).sum(), 1.0) * cell_m2)


def within_areas(comparison: Comparison, areas: Any) -> Bools:
    """Tell which (rows, columns) cells have their centre in areas of a vector file.

    Parameters
    ----------
    comparison
        Whose grid.
    areas
        The file: polygons in any system that it names; GeoJSON without one is longitude, latitude.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it holds no areas.
    """
    import shapely

    from whence.maps.heights.places import in_crs
    from whence.maps.heights.vector_files import read_features

    features, said = read_features(areas)
    rings = [part[:, :2] for one in features if one.kind == "area" for part in one.parts]
    if not rings:
        raise InputError(f"{areas} holds no areas; stable ground is named by polygons")
    shapes = [shapely.Polygon(in_crs(ring, said, comparison.crs)) for ring in rings]
    inside = np.zeros(comparison.lattice.shape, dtype=bool)
    for row in range(comparison.lattice.rows):
        columns = np.arange(comparison.lattice.columns) + 0.5
        places = comparison.lattice.to_world(np.stack([columns, np.full(len(columns), row + 0.5)], axis=-1))
        for shape in shapes:
            inside[row] ^= shapely.contains_xy(shape, places)  # a ring within a ring is a hole
    return inside
