"""Which figures a report has, with their names and captions."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whence.report import curves, figures
from whence.report.drawing import Footer, image_bytes
from whence.report.error_map import MANY, error_map
from whence.report.training import training_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from whence.photos.evaluate import Evaluation
    from whence.photos.evaluation.answers import Answers
    from whence.photos.evaluation.comparison import Comparison
    from whence.photos.evaluation.groups import Groups
    from whence.report.training import History

__all__ = ["Picture", "of_all_models", "of_model", "of_training"]

_MOST_IN_FOREST = 40
_FEW_ON_MAP = "True positions coloured by the error, the largest on top; hollow grey was not located."
_MANY_ON_MAP = "Hexagons coloured by the median error of the located photographs that were taken in them."


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure of the report.

    Attributes
    ----------
    name
        Of its files, without the ending.
    figure
        Drawn.
    caption
        What is to be seen; with protocol, split and counts.
    """

    name: str
    figure: Figure
    caption: str

    @functools.cached_property
    def svg(self) -> bytes:
        """The figure as SVG."""
        return image_bytes(self.figure, "svg")

    @functools.cached_property
    def png(self) -> bytes:
        """The figure as PNG."""
        return image_bytes(self.figure, "png")


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A figure, or None where there is nothing to draw, before the footer is added to its caption."""

    name: str
    figure: Figure | None
    caption: str


def of_all_models(
    comparison: Comparison, shared: Mapping[str, Answers], *, marked: Sequence[str], footer: Footer
) -> list[Picture]:
    """Draw the models beside each other on the photographs that they share; the first marked is chosen."""
    named = {model: answers.scored_m for model, answers in shared.items()}
    title = "Share of photographs within a distance"
    drawn = [
        _Drawn(
            "curves",
            curves.curves(named, footer=footer, marked=marked, title=title),
            f"Cumulative curves of all models, in full and zoomed; {marked[0]}, the chosen one, is thick. "
            "Photographs that a model did not locate never count as within.",
        ),
        _Drawn(
            "curves_by_scale",
            curves.curves_by_scale(named, footer=footer, marked=marked, title="The same at every scale"),
            "The same curves over a logarithmic distance, with the usual names of the limits.",
        ),
        _Drawn(
            "curves_by_family",
            curves.curves_by_family(named, footer=footer, title="Families of models"),
            "Thin: every model in the colour of its family. Thick: the highest of the family everywhere.",
        ),
    ]
    if len(comparison.models) <= _MOST_IN_FOREST:
        first = [one for one in comparison.metrics if one.name in {"median", "mean", "geoscore"}][:3]
        metrics = first or list(comparison.metrics[:3])
        chart = figures.forest(comparison, metrics, footer=footer, title="Values with intervals")
        words = "Every model's value with its 95 % bootstrap interval; a diamond marks the best."
        drawn.append(_Drawn("models", chart, words))
    return _pictures(drawn, footer)


def of_model(model: str, figures_of: Evaluation, answers: Answers, *, split: str) -> list[Picture]:
    """Draw what concerns one model."""
    counts = f"{figures_of.located:,} of {figures_of.with_truth:,} photos located"
    footer = Footer(answers.protocol.name, split, counts)
    drawn = [
        _histogram(model, figures_of, answers, footer=footer),
        _Drawn(
            "curve",
            curves.curves_by_scale(
                {model: answers.scored_m},
                footer=footer,
                marked=(model,),
                title=f"Share within a distance: {model}",
            ),
            "Share of all photographs within each distance; those not located never count.",
        ),
        _Drawn(
            "reliability",
            figures.reliability(
                figures_of.radii, figures_of.probabilities, footer=footer, title=f"Promises of {model}"
            ),
            "What was promised against what was seen, with exact 95 % binomial intervals. A promise on the "
            "dashed line is kept.",
        ),
        _Drawn(
            "map",
            error_map(answers, footer=footer, title=f"Where {model} errs"),
            _MANY_ON_MAP if len(answers) > MANY else _FEW_ON_MAP,
        ),
    ]
    drawn += [_bars(model, groups, footer=footer) for groups in figures_of.groups]
    return _pictures(drawn, footer, prefix=model)


def _histogram(model: str, figures_of: Evaluation, answers: Answers, *, footer: Footer) -> _Drawn:
    title = f"Errors of {model}"
    if not answers.located.any() or curves.ranges_km({model: answers.scored_m})[0] >= 20_000.0:
        chart = figures.error_histogram(figures_of.distribution, footer=footer, title=title)
        words = (
            "Errors in bins of 100 km with their mean, and the photographs with an error up to each "
            "distance; the full table of counts is below."
        )
        return _Drawn("histogram", chart, words)
    chart = figures.fine_histogram(answers.errors_m, footer=footer, title=title)
    return _Drawn(
        "histogram", chart, "Errors with their median and mean; the few largest lie beyond the frame."
    )


def _bars(model: str, groups: Groups, *, footer: Footer) -> _Drawn:
    names = _country_names() if groups.by == "country" else None
    title = f"Median error by {groups.by}: {model}"
    words = (
        f"Median error by {groups.by} with its exact 95 % interval and the number of photographs; at most "
        f"30, those with the most photographs, each with at least {groups.min_count}."
    )
    chart = figures.group_bars(groups, footer=footer, names=names, title=title)
    return _Drawn(f"by_{groups.by}", chart, words)


def of_training(histories: Mapping[str, History], *, split: str, protocol: str) -> list[Picture]:
    """Draw the losses of the training runs, if there are any."""
    if not histories:
        return []
    epochs = max(int(history.epoch[-1]) for history in histories.values())
    counts = f"{len(histories)} training runs, at most {epochs} epochs"
    footer = Footer(protocol, split, counts)
    chart = training_curves(histories, footer=footer, title="Training")
    words = (
        "Loss of every epoch on training and validation data; the dot is the epoch whose weights were kept."
    )
    return _pictures([_Drawn("training", chart, words)], footer)


def _pictures(drawn: Sequence[_Drawn], footer: Footer, *, prefix: str = "") -> list[Picture]:
    start = f"{_file_name(prefix)}_" if prefix else ""
    return [
        Picture(start + _file_name(one.name), one.figure, f"{one.caption} {footer}.")
        for one in drawn
        if one.figure is not None
    ]


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text).strip("._") or "model"


def _country_names() -> dict[str, str]:
    from whence.places.country_table import countries

    return {country.code: country.name for country in countries()}
