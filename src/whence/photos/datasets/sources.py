"""Where the files of a published data set are: in a folder, or on the hub."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from whence._optional import require
from whence.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["FolderSource", "HubSource", "Source", "source_of"]

_HUB = "hf:"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class Source(Protocol):
    """Files by their names in the published layout, such as ``images/train/00.zip``."""

    @property
    def name(self) -> str:
        """What a user types for it."""

    def names(self) -> list[str]:
        """Every file that there is."""

    def fetch(self, name: str) -> Path:
        """Bring one file to this disk."""

    def release(self, path: Path) -> None:
        """Take note that a file is not needed any more."""


@dataclass(frozen=True)
class FolderSource:
    """A folder in the published layout; nothing in it is ever removed."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    def names(self) -> list[str]:
        """List the tables and archives of the layout.

        Raises
        ------
        NotFoundError
            When there is no such folder.
        """
        if not self.folder.is_dir():
            raise NotFoundError(
                f"there is no folder {self.folder}; name the folder with train.csv and images/, or "
                "hf:osv5m/osv5m to fetch the files from the hub"
            )
        found = [*self.folder.glob("*.csv"), *self.folder.glob("images/*/*.zip")]
        return sorted(path.relative_to(self.folder).as_posix() for path in found)

    def fetch(self, name: str) -> Path:
        """Give the path of a file."""
        return self.folder / name

    def release(self, path: Path) -> None:
        """Leave the file where it is: it is the user's."""


@dataclass(frozen=True)
class HubSource:
    """A data set on the hub, fetched file by file.

    Attributes
    ----------
    repository
        Owner and name, such as ``osv5m/osv5m``.
    folder
        Where the files are put.
    revision
        Branch, tag or commit; all files are taken from the commit that it is at first.
    delete_after
        Remove each archive once its pictures are safe.
    download, describe
        What fetches a file and what lists them, as ``hf_hub_download`` and ``HfApi.dataset_info`` do; those
        of ``huggingface_hub`` if not given.
    """

    repository: str
    folder: Path
    revision: str = "main"
    delete_after: bool = False
    download: Callable[..., str] | None = field(default=None, repr=False)
    describe: Callable[..., Any] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Repository and commit: what is typed to get the very same files."""
        return f"{_HUB}{self.repository}@{self.commit}"

    @property
    def commit(self) -> str:
        """The commit of the files."""
        return str(self._info.sha)

    def names(self) -> list[str]:
        """Ask the hub for the names of the files.

        Raises
        ------
        MissingExtraError
            Without huggingface_hub.
        NotFoundError
            When there is no such data set, or no network.
        """
        return sorted(str(item.rfilename) for item in self._info.siblings)

    def fetch(self, name: str) -> Path:
        """Fetch a file; what was fetched before is not fetched again.

        Raises
        ------
        NotFoundError
            When the network fails.
        """
        hub = require("huggingface_hub", extra="learn")
        self.folder.mkdir(parents=True, exist_ok=True)
        download = self.download or hub.hf_hub_download
        with_commit = {"repo_type": "dataset", "revision": self.commit, "local_dir": str(self.folder)}
        return Path(_asked(self, lambda: download(self.repository, name, **with_commit)))

    def release(self, path: Path) -> None:
        """Remove an archive, where this was asked for."""
        if self.delete_after:
            path.unlink(missing_ok=True)

    @cached_property
    def _info(self) -> Any:
        hub = require("huggingface_hub", extra="learn")
        describe = self.describe or hub.HfApi().dataset_info
        return _asked(self, lambda: describe(self.repository, revision=self.revision))


def _asked(source: HubSource, question: Callable[[], Any]) -> Any:
    """Ask the hub, and say in a sentence why it did not answer."""
    errors = require("huggingface_hub.errors", extra="learn")
    # Its newer HTTP library has a root of its own for a network that is not there, which is no OSError.
    unreachable = (errors.HfHubHTTPError, getattr(errors, "HTTPError", OSError), OSError)
    try:
        return question()
    except errors.HFValidationError as error:
        raise NotFoundError(f"{source.repository!r} is no name on the hub; write hf:owner/name") from error
    except errors.RepositoryNotFoundError as error:
        raise NotFoundError(f"the hub has no data set {source.repository}, or none you may read") from error
    except errors.RevisionNotFoundError as error:
        raise NotFoundError(f"{source.repository} has no revision {source.revision}") from error
    except unreachable as error:
        if getattr(error, "errno", None) in _FULL:
            raise InputError(
                f"the file cannot be put into {source.folder} ({error}); make room, or name another place "
                "with --download, and give the same command again"
            ) from error
        raise NotFoundError(
            f"the hub cannot be reached for {source.repository} ({type(error).__name__}): give the same "
            "command again where there is a network, or fetch the files elsewhere and name their folder: "
            f"hf download {source.repository} --repo-type dataset --local-dir FOLDER"
        ) from error


def source_of(named: PathLike, *, download_to: Path, delete_after: bool = False) -> FolderSource | HubSource:
    """Read what a user typed: a folder, or ``hf:owner/name`` with or without ``@revision``.

    Parameters
    ----------
    named
        What was typed.
    download_to
        Where files of the hub are put.
    delete_after
        Remove each archive from there once it has been imported.

    Raises
    ------
    InputError
        When archives of a folder were to be deleted.
    """
    text = str(named)
    if text.startswith(_HUB):
        repository, _, revision = text.removeprefix(_HUB).partition("@")
        return HubSource(repository, download_to, revision or "main", delete_after)
    if delete_after:
        raise InputError("only archives that were fetched from the hub are deleted; those of a folder stay")
    return FolderSource(Path(named))
