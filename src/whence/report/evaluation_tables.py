"""Tables of a report: as texts for the page, as numbers for files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence.photos.summary import figure_text, length_text, sentences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whence.photos.choose import Choice
    from whence.photos.evaluate import Evaluation
    from whence.photos.evaluation.comparison import Comparison
    from whence.photos.evaluation.groups import Groups
    from whence.photos.evaluation.resampling import Interval

__all__ = ["for_files", "for_page"]

_Table = tuple[list[str], list[dict[str, object]]]
_GROUP_ROWS = 60  # on the page; files hold all


# ---- the page


def for_page(comparison: Comparison, choice: Choice | None) -> dict[str, Any]:
    """Give the values of the template that are tables and words."""
    order = list(comparison.models) if choice is None else [one.model for one in choice.candidates]
    return {
        "protocol": comparison.protocol,
        "common": f"{comparison.common:,}",
        "left_out": {model: f"{count:,}" for model, count in comparison.left_out.items() if count},
        "resamples": comparison.resamples,
        "clusters": comparison.clusters,
        "headings": [metric.label for metric in comparison.metrics],
        "rows": [_comparison_row(comparison, model) for model in order] if len(order) > 1 else [],
        "models": {model: _model(comparison.evaluations[model]) for model in order},
    }


def _comparison_row(comparison: Comparison, model: str) -> dict[str, Any]:
    cells = []
    for metric in comparison.metrics:
        one = comparison.standing(model, metric.name)
        behind = next((c for c in comparison.contrasts if (c.model, c.metric) == (model, metric.name)), None)
        cells.append(
            {
                "value": figure_text(one.value, metric.unit),
                "interval": _between(one.interval, metric.unit),
                "best": behind is None,
                "near": behind is not None and not behind.clear,
            }
        )
    return {"model": model, "cells": cells}


def _between(interval: Interval | None, unit: str) -> str:
    if interval is None:
        return ""
    return f"{figure_text(interval[0], unit)} to {figure_text(interval[1], unit)}"


def _model(figures: Evaluation) -> dict[str, Any]:
    counted = zip(figures.distribution.limits_km, figures.distribution.counts, strict=True)
    return {
        "headline": _headline(figures),
        "lines": sentences(figures),
        "with_truth": f"{figures.with_truth:,}",
        "located": f"{figures.located:,}",
        "shares": _share_rows(figures),
        "levels": _level_rows(figures),
        "names_from": figures.levels[0].names_from if figures.levels else "",
        "classes": _classes(figures),
        "counts": [
            {"limit": f"{limit:,.2f}".removesuffix(".00"), "count": f"{count:,}"} for limit, count in counted
        ],
        "groups": [_group_table(groups) for groups in figures.groups],
    }


def _share_rows(figures: Evaluation) -> list[dict[str, str]]:
    shares = [("within", share) for share in figures.within]
    shares += [("beyond", share) for share in (figures.far_200, figures.far)]
    return [
        {
            "label": f"{side} {length_text(share.limit_m)}",
            "of_all": f"{share.of_all:.1%}",
            "interval": _between(share.interval, "share"),
            "of_located": "–" if share.of_located is None else f"{share.of_located:.1%}",
        }
        for side, share in shares
    ]


def _level_rows(figures: Evaluation) -> list[dict[str, str]]:
    return [
        {
            "name": level.name,
            "share": f"{level.share:.1%}",
            "interval": _between(level.interval, "share"),
            "counted": f"{level.hits:,} of {level.count:,}",
            "truth_from": level.truth_from.replace("+", " + "),
        }
        for level in figures.levels
    ]


def _headline(figures: Evaluation) -> list[dict[str, str]]:
    rows = [{"term": "Located", "value": f"{figures.located:,}", "note": f"of {figures.with_truth:,}"}]
    if figures.median_m is not None and figures.mean_m is not None and figures.p90_m is not None:
        for term, value, ends in (
            ("Median error", figures.median_m, figures.median_interval_m),
            ("Mean error", figures.mean_m, figures.mean_interval_m),
            ("90 % within", figures.p90_m, figures.p90_interval_m),
        ):
            rows.append({"term": term, "value": length_text(value), "note": _between(ends, "m")})
    score = figures.score
    rows.append(
        {"term": "GeoScore", "value": f"{score.of_all:,.0f}", "note": _between(score.interval, "points")}
    )
    return rows


def _classes(figures: Evaluation) -> list[dict[str, str]]:
    told = figures.localizability
    return [
        {
            "name": one.name,
            "least": "–" if one.least_bits is None else f"{one.least_bits:.1f}",
            "count": f"{one.count:,}",
            "median": "–" if one.median_m is None else length_text(one.median_m),
            "score": "–" if one.score is None else f"{one.score:,.0f}",
        }
        for one in (told.classes if told is not None else ())
    ]


def _group_table(groups: Groups) -> dict[str, Any]:
    large = groups.groups[:_GROUP_ROWS]
    return {
        "by": groups.by,
        "balanced": "" if groups.balanced_score is None else f"{groups.balanced_score:,.0f}",
        "min_count": groups.min_count,
        "hidden": len(groups.groups) - len(large),
        "rows": [
            {
                "name": group.name,
                "count": f"{group.count:,}",
                "located": f"{group.located:,}",
                "median": "–" if group.median_m is None else length_text(group.median_m),
                "interval": _between(group.median_interval_m, "m") or "–",
                "score": f"{group.score:,.0f}",
                "small": group.count < groups.min_count,
            }
            for group in large
        ],
    }


# ---- files


def for_files(comparison: Comparison) -> dict[str, _Table]:
    """Give the tables of the folder: name -> columns and rows, numbers as they are."""
    evaluations = comparison.evaluations
    found: dict[str, _Table] = {
        "comparison": _comparison(comparison),
        "differences": _differences(comparison),
        "shares": _shares(evaluations),
        "counts": _counts(evaluations),
    }
    levels = _flat(evaluations, lambda figures: figures.levels)
    if levels[1]:
        found["levels"] = levels
    reliability = _flat(evaluations, lambda figures: figures.radii.levels if figures.radii else ())
    if reliability[1]:
        found["radii"] = reliability
    for by in dict.fromkeys(groups.by for figures in evaluations.values() for groups in figures.groups):
        found[f"by_{by}"] = _parts(evaluations, by)
    return found


def _comparison(comparison: Comparison) -> _Table:
    columns = ["model", "metric", "unit", "value", "low", "high"]
    units = {metric.name: metric.unit for metric in comparison.metrics}
    rows: list[dict[str, object]] = [
        {"model": one.model, "metric": one.metric, "unit": units[one.metric], "value": one.value}
        | _ends(one.interval)
        for one in comparison.standings
    ]
    return columns, rows


def _differences(comparison: Comparison) -> _Table:
    columns = ["metric", "best", "model", "difference", "low", "high", "clear"]
    rows: list[dict[str, object]] = [
        {"metric": one.metric, "best": one.best, "model": one.model, "difference": one.difference}
        | _ends(one.interval)
        | {"clear": one.clear}
        for one in comparison.contrasts
    ]
    return columns, rows


def _ends(interval: Interval | None) -> dict[str, object]:
    return {"low": None, "high": None} if interval is None else {"low": interval[0], "high": interval[1]}


def _shares(evaluations: Mapping[str, Evaluation]) -> _Table:
    columns = ["model", "side", "limit_m", "count", "of_all", "low", "high", "of_located"]
    rows: list[dict[str, object]] = []
    for model, figures in evaluations.items():
        sides = [("within", share) for share in figures.within]
        sides += [("beyond", share) for share in (figures.far_200, figures.far)]
        for side, share in sides:
            values = {"limit_m": share.limit_m, "count": share.count, "of_all": share.of_all}
            rows.append(
                {"model": model, "side": side}
                | values
                | _ends(share.interval)
                | {"of_located": share.of_located}
            )
    return columns, rows


def _counts(evaluations: Mapping[str, Evaluation]) -> _Table:
    columns = ["limit_km", *evaluations]
    first = next(iter(evaluations.values())).distribution
    rows: list[dict[str, object]] = []
    for row, limit in enumerate(first.limits_km):
        counts = {model: figures.distribution.counts[row] for model, figures in evaluations.items()}
        rows.append({"limit_km": limit, **counts})
    return columns, rows


def _flat(evaluations: Mapping[str, Evaluation], parts: Any) -> _Table:
    """Write frozen parts of evaluations row by row; intervals become two columns."""
    rows: list[dict[str, object]] = []
    for model, figures in evaluations.items():
        for part in parts(figures):
            values = dict(vars(part))
            interval = values.pop("interval")
            rows.append({"model": model} | values | _ends(interval))
    return (list(rows[0]) if rows else []), rows


def _parts(evaluations: Mapping[str, Evaluation], by: str) -> _Table:
    rows: list[dict[str, object]] = []
    limits: Sequence[float] = ()
    for model, figures in evaluations.items():
        groups = next(groups for groups in figures.groups if groups.by == by)
        limits = groups.limits_m
        for group in groups.groups:
            low, high = group.median_interval_m or (None, None)
            values: dict[str, object] = {
                "model": model, by: group.name, "count": group.count, "located": group.located,
                "median_m": group.median_m, "median_low_m": low, "median_high_m": high,
                "mean_m": group.mean_m, "geoscore": group.score,
            }  # fmt: skip
            for limit, share in zip(limits, group.within, strict=True):
                values[f"within_{limit:g}_m"] = share
            rows.append(values)
    return (list(rows[0]) if rows else []), rows
