"""Tables of the height chapter, as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whence.maps.heights.compare import Difference
    from whence.maps.heights.height_fit import HeightFit
    from whence.maps.heights.labels import Suspect

__all__ = [
    "compared_rows",
    "difference_headline",
    "fit_headline",
    "label_rows",
    "method_rows",
    "suspect_rows",
]

_NONE = "–"
_MOST_ROWS = 400


def fit_headline(fit: HeightFit) -> Iterator[dict[str, str]]:
    """List α, β and how well they fit."""
    alpha_note = "fixed" if fit.alpha_error is None else f"± {fit.alpha_error:.2g}"
    yield {"term": "α", "value": f"{fit.alpha:.6g}", "note": alpha_note}
    beta_note = "error not known" if fit.beta_error_m is None else f"± {fit.beta_error_m:.2g} m"
    yield {"term": "β", "value": f"{fit.beta_m:+.2f} m", "note": beta_note}
    yield {"term": "Residual", "value": f"{fit.rmse_m:.2f} m", "note": "root mean square"}
    left_out = fit.leave_one_out_rmse_m
    if left_out is not None:
        yield {"term": "Left out", "value": f"{left_out:.2f} m", "note": "root mean square"}
    yield {
        "term": "Heights used",
        "value": f"{int(fit.used.sum())} of {len(fit.labels)}",
        "note": f"{len(fit.outliers)} refused",
    }


def label_rows(fit: HeightFit) -> Iterator[dict[str, str]]:
    """List the labelled heights; of very many those refused, and the first."""
    refused = {one.row: one for one in fit.outliers}
    rows = [*refused, *(row for row in range(len(fit.labels)) if row not in refused)]
    for row in sorted(rows[:_MOST_ROWS]):
        one = refused.get(row)
        known, used = bool(fit.known[row]), bool(fit.used[row])
        story = one.sentence.partition("; ")[2] if one is not None else ""
        yield {
            "name": fit.labels.names[row],
            "map": _number(fit.labels.map_heights[row], "{:.10g}"),
            "modern": _number(fit.modern_m[row]),
            "residual": _number(fit.residuals_m[row], "{:+.2f}"),
            "left_out": _number(fit.leave_one_out_m[row], "{:+.2f}"),
            "state": "plain" if used else "wrong" if one is not None else "unused",
            "remark": f"refused: {story}" if one is not None else "" if known else "not known",
        }


def suspect_rows(suspects: tuple[Suspect, ...]) -> Iterator[dict[str, str]]:
    """List contours whose height contradicts their neighbours."""
    for one in suspects[:_MOST_ROWS]:
        yield {
            "line": f"line {one.line + 1}",
            "height": f"{one.height_m:g}",
            "proposed": f"{one.proposed_m:g}",
        }


def method_rows(rmse_m: Mapping[str, float], chosen: str) -> Iterator[dict[str, Any]]:
    """List the methods that were judged by what was held out."""
    for name, error in rmse_m.items():
        yield {"name": name, "rmse": f"{error:.3f}", "used": name == chosen}


def difference_headline(found: Difference) -> Iterator[dict[str, str]]:
    """List how far two models differ."""
    yield {"term": "Bias", "value": f"{found.bias_m:+.2f} m", "note": "mean difference"}
    yield {"term": "RMSE", "value": f"{found.rmse_m:.2f} m", "note": "root mean square"}
    yield {"term": "NMAD", "value": f"{found.nmad_m:.2f} m", "note": "spread of what is normal"}
    share = found.within_m.get(0.95)
    if share is not None:
        yield {"term": "95 % within", "value": f"{share:.2f} m", "note": "either way"}
    yield {"term": "Cells", "value": f"{found.cells:,}".replace(",", "\u2009"), "note": "with both heights"}


def compared_rows(found: Difference) -> Iterator[dict[str, str]]:
    """List errors by slope and by aspect."""
    classes = {
        **{f"slope {low:g} to {high:g}°": one for (low, high), one in found.by_slope.items()},
        **{f"facing {name}": one for name, one in found.by_aspect.items()},
    }
    for name, (count, bias, rmse) in classes.items():
        yield {"name": name, "cells": f"{count:,}", "bias": f"{bias:+.3f}", "rmse": f"{rmse:.3f}"}


def _number(value: float, form: str = "{:.2f}") -> str:
    return form.format(float(value)) if np.isfinite(value) else _NONE
