"""The figures of an evaluation as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.photos.choose import Choice
    from whence.photos.evaluate import Calibration, Evaluation, Share
    from whence.photos.evaluation.comparison import Comparison
    from whence.photos.evaluation.groups import Groups

__all__ = [
    "choice_text",
    "comparison_text",
    "figure_text",
    "groups_text",
    "length_text",
    "sentences",
    "summary_text",
]

_SHOWN_GROUPS = 20


def summary_text(figures: Evaluation) -> str:
    """Give the figures for a terminal, the shares as a table of two columns."""
    first = [*_count_lines(figures), *_error_lines(figures)]
    blocks = [first, _share_lines(figures), _last_lines(figures), _level_lines(figures)]
    blocks += [groups_text(groups).splitlines() for groups in figures.groups]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def sentences(figures: Evaluation) -> list[str]:
    """Give all but the table of shares, a sentence each, for a page."""
    lines = [*_count_lines(figures), *_error_lines(figures), *_last_lines(figures)]
    return [f"{line[0].upper()}{line[1:]}." for line in lines]


def figure_text(value: float | None, unit: str) -> str:
    """Write a value of a metric for people; None is infinite.

    Examples
    --------
    >>> figure_text(1200.0, "m"), figure_text(2050.6, "points"), figure_text(0.4321, "share")
    ('1.2 km', '2051', '43.2%')
    """
    if value is None:
        return "∞"
    return {"m": length_text(abs(value)), "points": f"{value:.0f}", "share": f"{value:.1%}"}[unit]


def comparison_text(comparison: Comparison) -> str:
    """Give several models as a table, best value of each column marked, for a terminal."""
    left = {name: count for name, count in comparison.left_out.items() if count}
    lost = ", ".join(f"{name} {count}" for name, count in left.items())
    lines = [
        f"{len(comparison.models)} models on {comparison.common} common photos"
        + (f" (left out: {lost})" if lost else "")
    ]
    rows = [["", *(metric.label for metric in comparison.metrics)]]
    for model in comparison.models:
        cells = [
            figure_text(comparison.standing(model, metric.name).value, metric.unit)
            + ("*" if comparison.best(metric.name) == model else " ")
            for metric in comparison.metrics
        ]
        rows.append([model, *cells])
    lines += _columns(rows)
    lines.append("* best; differences with intervals are in the report and in --json")
    return "\n".join(lines)


def choice_text(choice: Choice) -> str:
    """Give the chosen model and why, for a terminal."""
    rule = "the thesis' rule" if choice.by == "thesis" else choice.by
    return "\n".join([f"chosen by {rule}: {choice.model}", *(f"  {line}" for line in choice.sentences)])


def groups_text(groups: Groups) -> str:
    """Give the figures of the parts of the photographs as a table, the largest parts first."""
    rows = [["by " + groups.by, "photos", "median error", "95% interval", "GeoScore"]]
    shown = groups.shown[:_SHOWN_GROUPS]
    for group in shown:
        ends = group.median_interval_m
        rows.append(
            [
                group.name,
                f"{group.count}",
                "–" if group.median_m is None else length_text(group.median_m),
                "–" if ends is None else f"{length_text(ends[0])} to {length_text(ends[1])}",
                f"{group.score:.0f}",
            ]
        )
    lines = _columns(rows)
    hidden = len(groups.groups) - len(shown)
    if hidden:
        lines.append(f"and {hidden} more with fewer photos")
    if groups.balanced_score is not None:
        lines.append(
            f"mean GeoScore of those with at least {groups.min_count} photos, each counted once: "
            f"{groups.balanced_score:.0f}"
        )
    return "\n".join(lines)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set rows in columns, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    ]


def length_text(metres: float) -> str:
    """Write a length for people: three digits at most below a thousand kilometres.

    Examples
    --------
    >>> [length_text(metres) for metres in (0.4, 9.84, 730, 1000, 2345, 98_700, 3_906_120)]
    ['0.4 m', '9.8 m', '730 m', '1 km', '2.3 km', '99 km', '3,906 km']
    """
    value, unit = (metres, "m") if metres < 999.5 else (metres / 1000.0, "km")
    text = f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:,.0f}"
    return f"{text} {unit}"


def _count_lines(figures: Evaluation) -> list[str]:
    without = ", ".join(f"{reason} {count}" for reason, count in figures.not_located.items())
    known = f"{figures.with_truth} with a known position, {figures.located} of them located"
    counts = f"{figures.rows} photos, {known}"
    return [counts, f"not located: {without}"] if without else [counts]


def _error_lines(figures: Evaluation) -> list[str]:
    if figures.median_m is None or figures.mean_m is None or figures.p90_m is None:
        return ["no photo with a known position was located"]
    low, high = figures.median_interval_m or (figures.median_m, figures.median_m)
    errors = (
        f"error of the {figures.located} located: median {length_text(figures.median_m)} "
        f"(95% interval {length_text(low)} to {length_text(high)}), "
        f"mean {length_text(figures.mean_m)}, P90 {length_text(figures.p90_m)}"
    )
    if figures.located == figures.with_truth:
        return [errors]
    middle = figures.median_of_all_m
    text = "none, as more than half are not located" if middle is None else length_text(middle)
    return [errors, f"median of all {figures.with_truth}, those not located counted as farthest: {text}"]


def _share_lines(figures: Evaluation) -> list[str]:
    heading = ["", f"of all {figures.with_truth}", "95% interval", f"of {figures.located} located"]
    lines = [_share_cells(f"within {length_text(share.limit_m)}", share) for share in figures.within]
    beyond = (figures.far_200, figures.far)
    lines += [_share_cells(f"beyond {length_text(share.limit_m)}", share) for share in beyond]
    return _columns([heading, *lines])


def _share_cells(label: str, share: Share) -> list[str]:
    located = "–" if share.of_located is None else f"{share.of_located:.1%}"
    low, high = share.interval
    return [label, f"{share.of_all:.1%}", f"{low:.1%} to {high:.1%}", located]


def _level_lines(figures: Evaluation) -> list[str]:
    if not figures.levels:
        return []
    rows = [["right", "share", "95% interval", "photos", "truth from"]]
    for level in figures.levels:
        low, high = level.interval
        counted = f"{level.hits} of {level.count}"
        rows.append([level.name, f"{level.share:.1%}", f"{low:.1%} to {high:.1%}", counted, level.truth_from])
    return [*_columns(rows), f"names of places: {figures.levels[0].names_from}"]


def _last_lines(figures: Evaluation) -> list[str]:
    low, high = figures.score.interval
    located = "" if figures.score.of_located is None else f"; {figures.score.of_located:.0f} of the located"
    lines = [f"GeoScore {figures.score.of_all:.0f} of all (95% interval {low:.0f} to {high:.0f}){located}"]
    levels = () if figures.radii is None else figures.radii.levels
    lines += [_calibration_line(level) for level in levels]
    if figures.radii is not None and len(levels) > 1:
        lines.append(f"expected calibration error of the {len(levels)} radii: {figures.radii.ece:.1%}")
    lines += _belief_lines(figures)
    return [*lines, f"protocol {figures.protocol.name}: {figures.protocol.source}"]


def _belief_lines(figures: Evaluation) -> list[str]:
    lines = []
    said, told = figures.probabilities, figures.localizability
    if said is not None:
        lines.append(
            f"probabilities, right within {length_text(said.right_within_m)}: "
            f"expected calibration error {said.ece:.1%}, Brier score {said.brier:.3f} ({said.count} photos)"
        )
    if told is not None:
        rank = told.rank_correlation
        related = "" if rank is None else f", rank correlation with the error {rank:.2f}"
        lines.append(f"information {told.mean_bits:.1f} bits on average{related}")
    if figures.clusters is not None:
        lines.append(f"intervals draw {figures.clusters} clusters as a whole")
    return lines


def _calibration_line(calibration: Calibration) -> str:
    low, high = calibration.interval
    verdict = "kept" if calibration.kept else ("too narrow" if high < calibration.promised else "too wide")
    return (
        f"radii promise {calibration.promised:.0%}: "
        f"{calibration.inside} of {calibration.count} truths inside, "
        f"{calibration.share:.1%} (95% interval {low:.1%} to {high:.1%}): {verdict}"
    )
