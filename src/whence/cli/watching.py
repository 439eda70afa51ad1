"""How a training is told on a terminal: a bar over the batches, sentences, a line for each epoch."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from whence.learn.history import Epoch
    from whence.photos.training import Watcher

__all__ = ["telling", "way_on"]


@contextmanager
def telling(*, epochs: bool = True) -> Iterator[Watcher]:
    """Show a bar over the batches and sentences, and lines for the epochs if they are wanted."""
    from whence.cli.progress import counter
    from whence.photos.training import Watcher

    with counter("training") as tell:
        said = Watcher(batch=tell, say=lambda sentence: click.echo(visible(sentence), err=True))
        yield Watcher(_tell_epoch, said.batch, said.say) if epochs else said


@contextmanager
def way_on(out: Path) -> Iterator[None]:
    """Tell someone who interrupts that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"kept in {out}; the same command goes on from there", err=True)
        raise


def _tell_epoch(row: Epoch) -> None:
    click.echo(
        f"{row.part}, epoch {row.epoch}: training loss {row.train_loss:.5g}, validation loss "
        f"{row.validation_loss:.5g}, {row.seconds:.1f} s",
        err=True,
    )
