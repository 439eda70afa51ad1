"""whence map heights: what a map says about the terrain, in a modern vertical system."""

from __future__ import annotations

import click

from whence.cli.lazy_group import LazyGroup

__all__ = ["heights"]

COMMANDS = {
    "contours": "whence.cli.heights.contours:contours",
    "dem": "whence.cli.heights.dem:dem",
    "compare": "whence.cli.heights.compare:compare",
    "datum": "whence.cli.heights.datum:datum",
    "fit": "whence.cli.heights.fit:fit",
}
SUMMARIES = {
    "contours": "Trace the contours of a scan, or draw those of a height model.",
    "dem": "Make a height model of contour lines.",
    "compare": "Compare a height model with another.",
    "datum": "Bring heights to another vertical system.",
    "fit": "Fit heights on a map to modern ones, and find the misread.",
}


@click.group(cls=LazyGroup, commands=COMMANDS, summaries=SUMMARIES)
def heights() -> None:
    """Heights of a map: labels fitted to modern ones, contours into a model, models compared."""
