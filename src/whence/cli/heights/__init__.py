"""whence map heights: what a map says about the terrain, in a modern vertical system."""

from __future__ import annotations

import click

from whence.cli.lazy_group import LazyGroup

__all__ = ["heights"]

COMMANDS = {
    "dem": "whence.cli.heights.dem:dem",
    "compare": "whence.cli.heights.compare:compare",
}
SUMMARIES = {
    "dem": "Make a height model of contour lines.",
    "compare": "Compare a height model with another.",
}


@click.group(cls=LazyGroup, commands=COMMANDS, summaries=SUMMARIES)
def heights() -> None:
    """Heights of a map: labels fitted to modern ones, contours into a model, models compared."""
