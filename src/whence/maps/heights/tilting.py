"""Whether the heights of a sheet lean: residuals that grow across it, tested before anyone corrects them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import f as fisher

from whence.errors import NotEnoughDataError
from whence.maps.ground import metres_per_unit
from whence.maps.heights.trimming import least_squares
from whence.maps.plane import in_plane

if TYPE_CHECKING:
    from whence.maps.heights.labelled import HeightLabels
    from whence.typing import Bools, Floats

__all__ = ["TiltTest", "find_tilt", "lever_arms"]

_NOTABLE = 0.01


@dataclass(frozen=True)
class TiltTest:
    """Fisher's test of a plane against none.

    Parameters
    ----------
    slope, error
        Metres per kilometre eastward and northward (or per 1000 px rightward and upward), and their standard
        errors.
    f, p
        The ratio F = ((RSS₀ − RSS₁) / 2) / (RSS₁ / (n − p − 2)), and how often chance has a larger one.
    per
        ``"km"`` or ``"1000 px"``.
    """

    slope: tuple[float, float]
    error: tuple[float, float]
    f: float
    p: float
    per: str

    @property
    def notable(self) -> bool:
        """Whether chance explains it in less than one of a hundred sheets."""
        return self.p < _NOTABLE

    @property
    def sentence(self) -> str:
        """The finding in words."""
        first, second = ("east", "north") if self.per == "km" else ("right", "up")
        found = f"{self.slope[0]:+.3g} ± {self.error[0]:.2g} m {first}ward and {self.slope[1]:+.3g} ± "
        found += f"{self.error[1]:.2g} m {second}ward per {self.per}"
        verdict = "the heights lean" if self.notable else "no tilt is shown"
        return f"{verdict}: {found} (F = {self.f:.3g}, p = {self.p:.2g})"

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "slope_m": list(self.slope),
            "slope_error_m": list(self.error),
            "per": self.per,
            "f": self.f,
            "p": self.p,
            "notable": self.notable,
        }


def lever_arms(labels: HeightLabels, known: Bools) -> tuple[Floats, str]:
    """Give (n, 2) distances east and north of the middle in km; on a scan right, up in 1000 px."""
    if labels.world is None:
        pixels = np.asarray(labels.pixels, dtype=np.float64) * [1.0, -1.0]
        return (pixels - pixels[known].mean(axis=0)) / 1000.0, "1000 px"
    if labels.crs is not None and labels.crs.is_geographic:
        plane = in_plane(labels.crs, labels.world)
    else:
        plane = labels.world * metres_per_unit(labels.crs, labels.world)
    return (plane - plane[known].mean(axis=0)) / 1000.0, "km"


def find_tilt(
    design: Floats, observed: Floats, arms: Floats, *, kept: Bools, per: str = "km"
) -> TiltTest | None:
    """Test whether a plane explains what a fit leaves.

    Parameters
    ----------
    design, observed
        (n, p) and (n,) of the fit without a plane.
    arms
        (n, 2) distances from the middle.
    kept
        (n,) observations to use.

    Returns
    -------
    TiltTest or None
        None where the places do not span a plane, nothing is left over, or the fit leaves nothing.
    """
    try:
        without = least_squares(design, observed, kept=kept)
        with_plane = least_squares(np.hstack([design, arms]), observed, kept=kept)
    except NotEnoughDataError:
        return None
    if with_plane.freedom < 1 or with_plane.covariance is None:
        return None
    noise = with_plane.sum_of_squares / with_plane.freedom
    if noise <= (1e-12 * float(np.abs(observed).max(initial=0.0))) ** 2:
        return None
    ratio = max((without.sum_of_squares - with_plane.sum_of_squares) / 2 / noise, 0.0)
    east, north = with_plane.coefficients[-2:].tolist()
    errors = np.sqrt(np.diagonal(with_plane.covariance)[-2:]).tolist()
    chance = float(fisher.sf(ratio, 2, with_plane.freedom))
    return TiltTest((east, north), (errors[0], errors[1]), ratio, chance, per)
