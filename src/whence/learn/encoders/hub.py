"""Models of the Hugging Face hub as folders on this disk: the cache first, then the network, one sentence."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence._optional import require
from whence.errors import FormatError, NotFoundError
from whence.learn.encoders.open_clip import CONFIGURATION, WEIGHTS, is_open_clip

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Snapshot", "cached_snapshot", "snapshot"]

_CONNECT_S = 2.0
_NEEDED = ("config.json", "preprocessor_config.json")
_WANTED = (*_NEEDED, "model*.safetensors", "model.safetensors.index.json", "README.md")
# The layout of OpenCLIP, which some repositories have instead.
_OPEN_CLIP = (CONFIGURATION, WEIGHTS)
_TEXT = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt")
# The hub's own robot offers a converted copy of pickled weights as a change to the repository.
_CONVERTER = "SFconvertbot"


@dataclass(frozen=True)
class Snapshot:
    """One commit of a model's repository, on this disk.

    Attributes
    ----------
    folder
        Where its files are.
    repository
        Its name on the hub, owner/name.
    commit
        The commit that the files are of, 40 hexadecimal digits.
    """

    folder: Path
    repository: str
    commit: str


def cached_snapshot(repository: str, *, revision: str = "main") -> Snapshot | None:
    """Find a whole model in the hub's cache; no network is touched.

    Parameters
    ----------
    repository
        Its name on the hub, owner/name.
    revision
        Branch, tag, commit or ``refs/pr/N``.

    Returns
    -------
    Snapshot or None
        None when the cache lacks the configuration, the preprocessing or the weights in safetensors.

    Raises
    ------
    MissingExtraError
        Without huggingface_hub.
    NotFoundError
        When `repository` cannot be a name on the hub.
    """
    hub = _hub()
    try:
        folders = list(_cached_folders(hub, repository, revision))
    except hub.errors.HFValidationError as error:
        raise _not_a_name(repository) from error
    return next((_snapshot(repository, folder) for folder in folders if _is_whole(folder)), None)


def snapshot(repository: str, *, revision: str = "main") -> Snapshot:
    """Get a model: from the hub's cache, else from the hub.

    Only configuration, preprocessing, tokenizer and weights in safetensors are fetched. Where the main
    branch holds pickled weights only, the copy that the hub's own converter offers is taken.

    Raises
    ------
    MissingExtraError
        Without huggingface_hub.
    NotFoundError
        When there is no such model, or no network (said after at most a few seconds; ``HF_HUB_OFFLINE``
        is obeyed).
    FormatError
        When the repository has no weights in safetensors, or lacks its preprocessing.
    """
    cached = cached_snapshot(repository, revision=revision)
    if cached is not None:
        return cached
    hub = _hub()
    files = _listed(hub, repository, revision)
    if "config.json" not in files and set(_OPEN_CLIP) <= set(files):
        wanted = [*_OPEN_CLIP, *_TEXT, "README.md"]
        return _snapshot(repository, _download(hub, repository, revision, wanted=wanted))
    if revision == "main" and not _has_weights(files):
        converted = _converted(hub, repository)
        if converted is not None:
            revision, files = converted, _listed(hub, repository, converted)
    _check(files, f"{repository} (revision {revision})")
    folder = _download(hub, repository, revision, wanted=[*_WANTED, *_TEXT])
    return _snapshot(repository, folder)


def _hub() -> Any:
    """Import the hub's library with the parts of it that are used."""
    for part in ("errors", "utils", "constants"):
        require(f"huggingface_hub.{part}", extra="learn")
    return require("huggingface_hub", extra="learn")


def _cached_folders(hub: Any, repository: str, revision: str) -> Iterator[Path]:
    """Folders that the revision may lie in; for main also those of offered conversions that were fetched."""
    revisions = [revision]
    if revision == "main":
        references = (
            Path(hub.constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}" / "refs/refs/pr"
        )
        revisions += sorted(f"refs/pr/{path.name}" for path in references.glob("*"))
    for one in revisions:
        for name in ("config.json", CONFIGURATION):
            found = hub.try_to_load_from_cache(repository, name, revision=one)
            if isinstance(found, str):
                yield Path(found).parent


def _snapshot(repository: str, folder: Path) -> Snapshot:
    return Snapshot(folder, repository, folder.name)


def _listed(hub: Any, repository: str, revision: str) -> list[str]:
    """List the files of one revision: a short question, so that a silent network is noticed soon."""
    with _sentences(hub, repository, revision):
        answer = hub.HfApi().model_info(repository, revision=revision, timeout=_CONNECT_S)
    return [file.rfilename for file in answer.siblings or ()]


def _download(hub: Any, repository: str, revision: str, *, wanted: list[str]) -> Path:
    """Fetch what is needed of one revision."""
    with _sentences(hub, repository, revision):
        return Path(hub.snapshot_download(repository, revision=revision, allow_patterns=wanted))


@contextlib.contextmanager
def _sentences(hub: Any, repository: str, revision: str) -> Iterator[None]:
    """Say in one sentence why the hub does not give a model."""
    errors = hub.errors
    try:
        yield
    except errors.HFValidationError as error:
        raise _not_a_name(repository) from error
    except errors.GatedRepoError as error:
        raise NotFoundError(
            f"the model {repository} is given only to those who accept its terms: accept them on its page, "
            f"then hf auth login, and hf download {repository}"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise NotFoundError(f"the hub has no model {repository}, or none that may be read") from error
    except errors.RevisionNotFoundError as error:
        raise NotFoundError(f"the model {repository} has no revision {revision}") from error
    except (errors.HfHubHTTPError, OSError, *_transport_errors(hub)) as error:
        raise NotFoundError(
            f"the model {repository} is not in the cache, and the hub cannot be reached: fetch it where "
            f"there is a network (hf download {repository} --local-dir FOLDER) and give the folder, or use "
            "the classic encoder"
        ) from error


def _transport_errors(hub: Any) -> tuple[type[Exception], ...]:
    """Errors of the connection itself; older releases of the hub's library raise kinds of OSError."""
    transport = getattr(hub.utils, "httpx", None)
    return () if transport is None else (transport.HTTPError,)


def _converted(hub: Any, repository: str) -> str | None:
    """Name the open change by which the hub's converter offers the weights in safetensors."""
    try:
        offered = list(hub.get_repo_discussions(repository, author=_CONVERTER))
    except (hub.errors.HfHubHTTPError, OSError, *_transport_errors(hub)):
        return None
    references = [
        one.git_reference
        for one in offered
        if one.author == _CONVERTER and one.is_pull_request and one.status == "open"
    ]
    return str(references[0]) if references else None


def _weights(folder: Path) -> list[Path]:
    """Files with weights in the layout of the transformers library; all shards, or none."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        names = set(json.loads(index.read_text(encoding="utf-8")).get("weight_map", {}).values())
        shards = [folder / str(name) for name in sorted(names)]
        return shards if all(shard.is_file() for shard in shards) else []
    return [path for path in (folder / "model.safetensors",) if path.is_file()]


def _is_whole(folder: Path) -> bool:
    if is_open_clip(folder):
        return (folder / WEIGHTS).is_file()
    return all((folder / name).is_file() for name in _NEEDED) and bool(_weights(folder))


def _has_weights(files: list[str]) -> bool:
    return not {"model.safetensors", "model.safetensors.index.json"}.isdisjoint(files)


def _check(files: list[str], name: str) -> None:
    """Refuse a repository before anything large is fetched from it."""
    for file in _NEEDED:
        if file not in files:
            raise FormatError(f"{name} lacks {file}, which says how pictures enter; choose another model")
    if not _has_weights(files):
        raise FormatError(
            f"{name} holds no weights in safetensors, and pickled ones are never read: convert them, or name "
            "a revision that has them (owner/name@revision)"
        )


def _not_a_name(name: str) -> NotFoundError:
    return NotFoundError(f"there is no folder {name}, and it is no name on the Hugging Face hub")
