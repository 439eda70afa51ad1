"""Labelled heights from files to a fit: the table, the sheet that places it, the height model it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.maps.heights.calibration import fit_heights
from whence.maps.heights.label_table import read_labels
from whence.maps.heights.sampling import sample_heights
from whence.maps.heights.vertical.systems import check_same_vertical, vertical_of, vertical_system

if TYPE_CHECKING:
    from whence.maps.heights.calibration import Model
    from whence.maps.heights.height_fit import HeightFit
    from whence.maps.heights.labelled import HeightLabels
    from whence.typing import Floats, PathLike

__all__ = ["calibrate"]


def calibrate(
    table: PathLike,
    *,
    points: PathLike | None = None,
    record: PathLike | None = None,
    crs: str | None = None,
    model: PathLike | None = None,
    kind: Model = "auto",
    unit: str | None = None,
    tilt: bool = False,
    vertical: str | None = None,
    place: str | None = None,
) -> HeightFit:
    """Fit the heights of a table.

    Parameters
    ----------
    table
        What `label_table.read_labels` reads.
    points, record
        Control points of the sheet, or its fit as ``whence map fit --out`` wrote it: places pixels.
    crs
        System of places (and of control points) that do not say it.
    model
        A modern height model, read where the table has no modern heights.
    kind, unit, tilt
        As `calibration.fit_heights`.
    vertical
        System of the modern heights; that of the model where it says.
    place
        ``"longitude,latitude"`` of a place that the sheet shows.

    Raises
    ------
    InputError
        When both points and a record are given, pixels have no fit where places are needed, neither modern
        heights nor a model are there, or the place lies outside the sheet.
    NotEnoughDataError
        As `calibration.fit_heights`.
    """
    labels, modern_m = read_labels(table, crs=crs)
    labels = _placed(labels, points, record, crs)
    if place is not None:
        _require_place(labels, place)
    if model is not None:
        sampled = sample_heights(model, _world(labels, model), crs=labels.crs)
        modern_m = sampled if modern_m is None else np.where(np.isfinite(modern_m), modern_m, sampled)
    if modern_m is None:
        raise InputError(f"{table} has no column modern_height; add one, or give a height model (--dem)")
    return fit_heights(
        labels, modern_m, model=kind, unit=unit, tilt=tilt, vertical=_vertical(vertical, model)
    )


def _placed(
    labels: HeightLabels, points: PathLike | None, record: PathLike | None, crs: str | None
) -> HeightLabels:
    """Place pixels by the fit of the sheet, if one is given; else keep the places of the table."""
    if points is not None and record is not None:
        raise InputError("both control points and a fit are given; keep one of --points and --fit")
    if record is not None:
        from whence.maps.records import read_record

        known = read_record(record)
        return labels.placed(known.transform, known.recipe.points.crs)
    if points is not None:
        from whence.maps import fit, read_points

        control = read_points(points, crs=crs)
        return labels.placed(fit(control, kind="auto").transform, control.crs)
    return labels


def _world(labels: HeightLabels, model: PathLike) -> Floats:
    if labels.world is None:
        raise InputError(
            f"the heights are placed on the scan alone, so {model} cannot be read there; give the "
            "control points of the sheet (--points) or its fit (--fit)"
        )
    return labels.world


def _require_place(labels: HeightLabels, place: str) -> None:
    from whence.maps.heights.zone import check_place, parse_place

    if labels.world is None or labels.crs is None:
        raise InputError("a known place tells the zone of a coordinate system; the heights have none (--crs)")
    check_place(labels.world, labels.crs, parse_place(place)).require()


def _vertical(given: str | None, model: PathLike | None) -> str | None:
    """Name the system of the modern heights, from the option and from the model."""
    of_model = None if model is None else vertical_of(model)
    if given is None:
        return None if of_model is None else of_model.label
    named = vertical_system(given)
    if of_model is not None:
        check_same_vertical(named, of_model, names=("--vertical", str(model)))
    return named.label
