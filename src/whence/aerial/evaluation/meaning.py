"""What the values of predictions and masks mean: the scheme that is named, carried, or lies beside masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whence.aerial.datasets.folder import SCHEME_FILE
from whence.aerial.scheme_files import read_scheme
from whence.aerial.written_scheme import agreed_scheme, check_scheme
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.aerial.scheme import Scheme

__all__ = ["Meaning", "scheme_beside"]


@dataclass(frozen=True)
class Meaning:
    """The scheme of an evaluation, and where it comes from.

    Attributes
    ----------
    scheme
        Of the predictions; None where nothing says it, and then both hold ids from 0 on.
    carried, beside
        Whether predictions carry it, or it lies beside the masks; neither where it was named.
    """

    scheme: Scheme | None
    carried: bool = False
    beside: bool = False

    @classmethod
    def of(
        cls,
        predicted: Iterable[Path],
        masks: Iterable[Path],
        named: Scheme | None,
        *,
        truth_ids: bool = False,
    ) -> Meaning:
        """Find the scheme: the named one, else that which predictions carry, else that beside the masks.

        Parameters
        ----------
        predicted, masks
            The files.
        named
            The scheme that is named, if one is.
        truth_ids
            Whether masks hold ids of the scheme, whatever lies beside them.

        Raises
        ------
        InputError
            When some of them say other classes than others.
        """
        scheme, listed = agreed_scheme(predicted, named), list(masks)
        where, beside = _agreed_beside(listed)
        if scheme is None:
            return cls(beside, beside=beside is not None)
        for mask in listed:
            check_scheme(mask, scheme)
        if beside is not None and not truth_ids and beside.names != scheme.names:
            raise InputError(
                f"{where} says that the masks hold {', '.join(beside.names)}, not "
                f"{', '.join(scheme.names)} (scheme {scheme.name}); name a scheme with the same classes in "
                "the same order, or take the masks to another folder"
            )
        return cls(scheme, carried=named is None)


def scheme_beside(mask: Path) -> Scheme | None:
    """Read the scheme that cutting leaves beside masks: what their values are.

    Raises
    ------
    InputError
        When it is damaged.
    """
    path = mask.parent / SCHEME_FILE
    return read_scheme(path) if path.is_file() else None


def _agreed_beside(masks: list[Path]) -> tuple[Path | None, Scheme | None]:
    """Give the one scheme beside masks and its file; nothing where there is none."""
    folders = dict.fromkeys(mask.parent for mask in masks)
    read = {folder / SCHEME_FILE: scheme_beside(folder / "any") for folder in folders}
    known = [(path, scheme) for path, scheme in read.items() if scheme is not None]
    if len({scheme.names for _, scheme in known}) > 1:
        told = "; ".join(f"{path}: {', '.join(scheme.names)}" for path, scheme in known)
        raise InputError(f"the masks lie beside schemes of other classes ({told}); score them apart")
    return known[0] if known else (None, None)
