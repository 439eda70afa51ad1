"""The figures of an evaluation as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.photos.evaluate import Calibration, Evaluation, Share

__all__ = ["length_text", "sentences", "summary_text"]


def summary_text(figures: Evaluation) -> str:
    """Give the figures for a terminal, the shares as a table of two columns."""
    first = [*_count_lines(figures), *_error_lines(figures)]
    blocks = [first, _share_lines(figures), _last_lines(figures)]
    return "\n\n".join("\n".join(lines) for lines in blocks)


def sentences(figures: Evaluation) -> list[str]:
    """Give all but the table of shares, a sentence each, for a page."""
    lines = [*_count_lines(figures), *_error_lines(figures), *_last_lines(figures)]
    return [f"{line[0].upper()}{line[1:]}." for line in lines]


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
    heading = f"{'':18}{f'of all {figures.with_truth}':>16}{f'of {figures.located} located':>18}"
    lines = [_share_line(f"within {length_text(share.limit_m)}", share) for share in figures.within]
    return [heading, *lines, _share_line(f"beyond {length_text(figures.far.limit_m)}", figures.far)]


def _share_line(label: str, share: Share) -> str:
    located = "–" if share.of_located is None else f"{share.of_located:.1%}"
    return f"{label:18}{share.of_all:>16.1%}{located:>18}"


def _last_lines(figures: Evaluation) -> list[str]:
    low, high = figures.score.interval
    located = "" if figures.score.of_located is None else f"; {figures.score.of_located:.0f} of the located"
    lines = [f"GeoScore {figures.score.of_all:.0f} of all (95% interval {low:.0f} to {high:.0f}){located}"]
    if figures.calibration is not None:
        lines.append(_calibration_line(figures.calibration))
    return [*lines, f"protocol {figures.protocol.name}: {figures.protocol.source}"]


def _calibration_line(calibration: Calibration) -> str:
    low, high = calibration.interval
    verdict = "kept" if calibration.kept else ("too narrow" if high < calibration.promised else "too wide")
    return (
        f"radii promise {calibration.promised:.0%}: "
        f"{calibration.inside} of {calibration.count} truths inside, "
        f"{calibration.share:.1%} (95% interval {low:.1%} to {high:.1%}): {verdict}"
    )
