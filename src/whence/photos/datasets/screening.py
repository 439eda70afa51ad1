"""Rows of a published table that can be used, and the others with the reason."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.imagery.catalogue import Catalogue
from whence.imagery.store import Excluded

if TYPE_CHECKING:
    import pyarrow as pa

    from whence.typing import Bools, Floats

__all__ = ["screened"]


def screened(table: pa.Table) -> tuple[Catalogue, list[Excluded]]:
    """Separate usable rows from those without id, with an impossible position, or with a repeated id.

    Of rows with one id and one position the first is kept; where their positions differ none is, because
    nothing tells which is true.

    Parameters
    ----------
    table
        With the columns ``id``, ``lat``, ``lon`` as `whence.imagery.columns.read_columns` gives them.

    Returns
    -------
    The usable rows in their order, and what is left out.
    """
    ids = table.column("id").to_pylist()
    lat_deg, lon_deg = (_degrees(table, name) for name in ("lat", "lon"))
    reasons: dict[int, str] = {}
    _note(reasons, np.array([not name for name in ids], np.bool_), "no id in the table")
    known = ~np.isnan(lat_deg), ~np.isnan(lon_deg)
    _note(reasons, known[0] ^ known[1], "half a position in the table")
    _note(reasons, ~known[0] & ~known[1], "no position in the table")
    beyond = (np.abs(lat_deg) > 90) | (np.abs(lon_deg) > 180)  # NaN is not beyond
    for row in np.flatnonzero(beyond).tolist():
        reasons.setdefault(row, f"position out of range: lat {lat_deg[row]:g}, lon {lon_deg[row]:g}")
    for row, reason in _repeated(table, ids, np.column_stack([lon_deg, lat_deg])).items():
        reasons.setdefault(row, reason)
    keep = np.ones(len(ids), np.bool_)
    keep[list(reasons)] = False
    excluded = [Excluded(ids[row] or "", reason) for row, reason in sorted(reasons.items())]
    return Catalogue(table.filter(keep) if reasons else table), excluded


def _degrees(table: pa.Table, name: str) -> Floats:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(table.column(name).to_numpy(), np.float64)


def _note(reasons: dict[int, str], rows: Bools, reason: str) -> None:
    for row in np.flatnonzero(rows).tolist():
        reasons.setdefault(row, reason)


def _repeated(table: pa.Table, ids: list[Any], lonlat: Floats) -> dict[int, str]:
    import pyarrow.compute as pc

    column = table.column("id")
    counts = pc.value_counts(column)
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    groups: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(pc.is_in(column, value_set=twice).to_numpy()).tolist():
        if ids[row]:
            groups[ids[row]].append(row)
    reasons: dict[int, str] = {}
    for rows in groups.values():
        if (lonlat[rows] == lonlat[rows[0]]).all():
            reasons |= dict.fromkeys(rows[1:], "id repeated in the table: its first row is kept")
        else:
            reasons |= dict.fromkeys(rows, "id repeated in the table: with different positions")
    return reasons
