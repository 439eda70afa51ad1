"""The frame of a sheet on its scan, and the control points that its corners make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyproj

from whence.errors import InputError, NotEnoughDataError
from whence.maps.points import ControlPoints
from whence.maps.scan.attitude import Attitude
from whence.maps.scan.borders import crossing, dark_lines, outline
from whence.maps.scan.edges import follow, strip_along
from whence.maps.scan.neatline import nested_frames
from whence.maps.scan.source import as_scan
from whence.maps.sheets.frame import CORNERS, SheetFrame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.maps.scan.edges import Edge
    from whence.maps.scan.source import Scan
    from whence.typing import Floats, Image

__all__ = ["Frame", "FrameScale", "find_frame", "frame_points", "frame_scale"]

_SMALL_PX = 2000
_REACH_PX = 5.0
_THICK_PX = 9.0
_STEP_PX = 0.25
_LEAST_COVERED = 0.6
_DIFFERENT = 0.06
# Corners of a scan clockwise from the top left, as steps to the right and down from its middle.
_RIGHT_DOWN = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
# Corners of a sheet in the order of CORNERS, as steps to the east and north.
_EAST_NORTH = np.array([[-1.0, 1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])


@dataclass(frozen=True, eq=False)
class Frame:
    """The neatline of a sheet on its scan.

    Attributes
    ----------
    corners
        (4, 2) column, row of the corners: top left, top right, bottom right, bottom left of the scan.
    edges
        The four edges as they were followed: top, right, bottom, left.
    nested
        How many frames were found, one inside the other; this is the innermost.
    """

    corners: Floats
    edges: tuple[Edge, ...]
    nested: int

    @property
    def bow_px(self) -> Floats:
        """(4,) how far the middle of each edge lies off the straight line between its ends, inward."""
        return np.array([edge.bow_px for edge in self.edges])

    @property
    def scatter_px(self) -> Floats:
        """(4,) root mean square of each edge's pieces about it."""
        return np.array([edge.scatter_px for edge in self.edges])


def find_frame(image: Image | Scan) -> Frame:
    """Find the innermost frame that is drawn round a map.

    The rectangle of long lines is found on the scan made small; frames that run inside of it at an even
    distance are looked for; and the four edges of the innermost are followed at full resolution. Their
    corners are where the edges, straight or slightly bowed, cross.

    Parameters
    ----------
    image
        (h, w, 3) uint8, or a scan that is read in windows; turned by at most 6 degrees from a quarter turn.

    Raises
    ------
    NotEnoughDataError
        When there are no four long lines, or an edge is lost.
    InputError
        When the array is no picture of a map.
    """
    scan = as_scan(image)
    pixels, factor = scan.small(_SMALL_PX, keep_dark=True)
    small = as_scan(pixels)
    rough = outline(dark_lines(pixels.max(axis=2)))
    first = _edges(small, rough, np.zeros((4, 3)))
    corners = _corners(first)
    nested = nested_frames(small, corners) or [(np.zeros((4, 3)), 1.0)]
    inner = _corners(_edges(small, corners, nested[-1][0]))
    edges = _edges(scan, inner * factor, np.zeros((4, 3)), widened=factor)
    return Frame(_corners(edges), tuple(edges), len(nested))


def _edges(scan: Scan, corners: Floats, bends: Floats, *, widened: float = 1.0) -> list[Edge]:
    """Follow the four edges next to guessed ones."""
    reach = _REACH_PX * max(widened, 1.0)
    return [_edge(scan, corners, side, bend=bends[side], reach_px=reach) for side in range(4)]


def _edge(scan: Scan, corners: Floats, side: int, *, bend: Floats, reach_px: float) -> Edge:
    far = reach_px + float(np.abs(bend).sum()) + 2.0 * _THICK_PX
    strip = strip_along(
        scan,
        corners[side],
        corners[(side + 1) % 4],
        offsets_px=np.arange(-far, far, _STEP_PX),
        thick_px=_THICK_PX * reach_px / _REACH_PX,
    )
    edge = follow(strip, bend, reach_px=reach_px)
    if edge is None or edge.covered < _LEAST_COVERED:
        seen = 0.0 if edge is None else edge.covered
        raise NotEnoughDataError(
            f"the {('top', 'right', 'bottom', 'left')[side]} edge of the frame can be followed over "
            f"{seen:.0%} of its length only; give control points by hand"
        )
    return edge


def _corners(edges: Sequence[Edge]) -> Floats:
    """(4, 2) where the end of each edge crosses the beginning of the next; first the top left."""
    ends = np.array([edge.tangent(1.0) for edge in edges])
    starts = np.array([edge.tangent(-1.0) for edge in edges])
    return crossing(ends[[3, 0, 1, 2]], starts)


def frame_points(frame: Frame, sheet: SheetFrame, *, attitude: Attitude | None = None) -> ControlPoints:
    """Make control points of the corners of a frame.

    Parameters
    ----------
    frame
        As found on the scan.
    sheet
        The ground it encloses.
    attitude
        How the map lies on the scan; upright when not given.

    Raises
    ------
    InputError
        When the frame has quite another shape than the sheet would have, lying so.
    """
    way = attitude or Attitude(0)
    places = _RIGHT_DOWN @ way.ground.T
    rows = [int(np.argmax(places @ corner)) for corner in _EAST_NORTH]
    points = ControlPoints(frame.corners[rows], sheet.corners, crs=sheet.crs, names=CORNERS)
    scale = frame_scale(points)
    if abs(np.log(scale.agreement)) > _DIFFERENT:
        raise InputError(
            f"if {way.words}, sheet {sheet.name} would have {scale.east_m_px:.3f} m a pixel from west "
            f"to east and {scale.north_m_px:.3f} m from south to north; check its limits, and how the "
            "scan lies (--turn)"
        )
    return points


@dataclass(frozen=True)
class FrameScale:
    """Size of a pixel on the ground by the edges of a frame.

    Attributes
    ----------
    east_m_px, north_m_px
        Metres a pixel along the parallels and along the meridians.
    """

    east_m_px: float
    north_m_px: float

    @property
    def agreement(self) -> float:
        """The first over the second: 1 for a scan that was neither stretched nor shrunk one way."""
        return self.east_m_px / self.north_m_px


def frame_scale(points: ControlPoints) -> FrameScale:
    """Compare the edges of a frame with their lengths on the ellipsoid.

    Parameters
    ----------
    points
        The four corners in the order of `whence.maps.sheets.frame.CORNERS`, as from `frame_points`.

    Raises
    ------
    InputError
        When there are other than four, or their system is not geographic.
    """
    if len(points) != 4 or points.crs is None or not points.crs.is_geographic:
        raise InputError("the scale of a frame needs its four corners in longitude and latitude")
    ellipsoid = pyproj.CRS.from_wkt(points.crs.wkt).get_geod()
    if ellipsoid is None:
        raise InputError(f"{points.crs.label} has no ellipsoid to measure on")
    metres = [_length_m(ellipsoid, *points.world[[i, (i + 1) % 4]]) for i in range(4)]
    pixels = np.hypot(*(points.pixels[[1, 2, 3, 0]] - points.pixels).T)
    return FrameScale(
        east_m_px=(metres[0] + metres[2]) / float(pixels[0] + pixels[2]),
        north_m_px=(metres[1] + metres[3]) / float(pixels[1] + pixels[3]),
    )


def _length_m(ellipsoid: pyproj.Geod, start: Floats, end: Floats) -> float:
    return float(ellipsoid.inv(start[0], start[1], end[0], end[1])[2])
