"""The command line: parse, one public call, render.

Results go to stdout, talk to stderr. Exit status: 0 all done, 1 some photographs were not located,
2 something the user can mend, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from whence import __version__
from whence.cli.escaping import visible
from whence.cli.lazy_group import LazyGroup
from whence.errors import WhenceError

__all__ = ["main", "whence"]

COMMANDS = {
    "locate": "whence.cli.locate:locate",
    "index": "whence.cli.index:index",
    "dataset": "whence.cli.dataset:dataset",
    "embed": "whence.cli.embed:embed",
    "split": "whence.cli.split:split",
    "encoder": "whence.cli.encoder:encoder",
    "train": "whence.cli.train:train",
    "sweep": "whence.cli.sweep:sweep",
    "predict": "whence.cli.predict:predict",
    "evaluate": "whence.cli.evaluate:evaluate",
    "exif": "whence.cli.exif:exif",
    "map": "whence.cli.map:map_",
    "aerial": "whence.cli.aerial:aerial",
    "demo": "whence.cli.demo:demo",
}
"""Name -> "module:command"; a module is imported when its command runs, so that help stays quick."""

SUMMARIES = {
    "locate": "Locate photographs: positions, honest radii, evidence, a map.",
    "index": "Build and look after an index of known photographs.",
    "dataset": "Bring photographs of known position into one store: OSV-5M, or your own.",
    "embed": "Encode pictures once, for all that is trained on them.",
    "split": "Divide photographs for training, and tell the leak between the sides.",
    "encoder": "Show pretrained encoders: names, licences, how fast each runtime is here.",
    "train": "Train a model on features, and tell how good it is.",
    "sweep": "Train many models on the same photographs and choose one.",
    "predict": "Locate the photographs of a feature store with a model.",
    "evaluate": "Accuracy and calibration of results; compare models, choose one, write a report.",
    "exif": "Show, or remove, what a file tells about its place and time.",
    "map": "Georeference scanned maps: fit control points, judge the fit, warp the scan.",
    "aerial": "Land cover and buildings of aerial images: cut, train, predict, polygons, scores.",
    "demo": "Draw a little town, index part of it, locate the rest.",
}


@click.group(
    cls=LazyGroup,
    commands=COMMANDS,
    summaries=SUMMARIES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="whence")
def whence() -> None:
    """Where is this? Positions for photographs, with the evidence and an honest radius.

    \b
    whence locate photo.jpg                              what EXIF, clock and text tell
    whence index build photos/ --table photos.csv --out city.index
    whence locate new/ --index city.index --out map.html
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    try:
        status = whence.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort as error:
        if isinstance(error.__cause__, EOFError):  # click takes it for the end of what a user types
            click.echo(f"whence: a file ends too early ({error.__cause__}); restore it from a copy", err=True)
            sys.exit(2)
        click.echo("interrupted", err=True)
        sys.exit(130)
    except (WhenceError, OSError) as error:
        click.echo(f"whence: {visible(str(error))}", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)
