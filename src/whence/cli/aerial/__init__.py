"""whence aerial: land cover and buildings of aerial images of any size."""

from __future__ import annotations

import click

from whence.cli.lazy_group import LazyGroup

__all__ = ["aerial"]

COMMANDS = {
    "tile": "whence.cli.aerial.tile:tile",
    "train": "whence.cli.aerial.train:train",
    "predict": "whence.cli.aerial.predict:predict",
    "polygons": "whence.cli.aerial.polygons:polygons",
    "evaluate": "whence.cli.aerial.evaluate:evaluate",
}
SUMMARIES = {
    "tile": "Cut scenes and their masks into tiles.",
    "train": "Train a network on images and masks.",
    "predict": "Tell the land cover of an image of any size.",
    "polygons": "Make clean polygons of classes.",
    "evaluate": "Score classes and footprints, with their protocol.",
}


@click.group(cls=LazyGroup, commands=COMMANDS, summaries=SUMMARIES)
def aerial() -> None:
    """Land cover and buildings of aerial images: cut, train, predict, polygons, scores."""
