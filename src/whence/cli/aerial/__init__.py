"""whence aerial: land cover and buildings of aerial images of any size."""

from __future__ import annotations

import click

from whence.cli.lazy_group import LazyGroup

__all__ = ["aerial"]

COMMANDS = {
    "train": "whence.cli.aerial.train:train",
    "predict": "whence.cli.aerial.predict:predict",
}
SUMMARIES = {
    "train": "Train a network on images and masks.",
    "predict": "Tell the land cover of an image of any size.",
}


@click.group(cls=LazyGroup, commands=COMMANDS, summaries=SUMMARIES)
def aerial() -> None:
    """Land cover and buildings of aerial images: cut, train, predict, polygons, scores."""
