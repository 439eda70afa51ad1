"""The refusal to write over what a command reads, or to write two things into one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["keep_inputs"]


def keep_inputs(
    inputs: Iterable[Path | None], outputs: Iterable[Path | None], *, report: Path | None = None
) -> None:
    """Make sure that every output is a file of its own and none of the inputs.

    Parameters
    ----------
    inputs, outputs
        Files; None is one that was not named.
    report
        A page that is written, too.

    Raises
    ------
    InputError
        When an output is an input or another output, or a page (`report`) does not end in .html.
    """
    from whence.errors import InputError

    read = {path.resolve() for path in inputs if path is not None}
    taken: set[Path] = set()
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{report}: a report is a page; let its name end in .html")
    for path in (*outputs, report):
        if path is None:
            continue
        place = path.resolve()
        if place in read:
            raise InputError(f"{path} is read by this command and would be written over; choose another name")
        if place in taken:
            raise InputError(f"{path} is named for two outputs; choose another name for one of them")
        taken.add(place)
