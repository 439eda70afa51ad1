"""Pretrained models by name; the hub's cache is laid out by hand, the hub itself is a stand-in."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.encoders import NAMED, load_encoder
from whence.learn.encoders.hub import cached_snapshot, snapshot
from whence.learn.encoders.named import NamedModel, named_model

pytest.importorskip("torch")
hub = pytest.importorskip("huggingface_hub")

Checkpoints = dict[str, tuple[Path, Any]]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"
TINY = NamedModel("tiny", "nobody/tiny", 24, 32, "MIT")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, without a network."""
    folder = tmp_path / "hub"
    folder.mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


def place(source: Path, cache: Path, *, commit: str = COMMIT, revision: str = "main") -> Path:
    """Lay a model out as the hub's library keeps what it downloaded."""
    repository = cache / "models--nobody--tiny"
    folder = repository / "snapshots" / commit
    shutil.copytree(source, folder)
    reference = repository / "refs" / revision
    reference.parent.mkdir(parents=True, exist_ok=True)
    reference.write_text(commit, "utf-8")
    return folder


def test_the_table_is_whole() -> None:
    """The models that METHODS and the laboratory ask for, with their published lengths and sizes."""
    wanted = {
        "clip-vit-b32": (512, 224),
        "clip-vit-b16": (512, 224),
        "clip-vit-l14": (768, 224),
        "clip-vit-l14-336": (768, 336),
        "streetclip": (768, 336),
        "dinov2-s": (384, 224),
        "dinov2-b": (768, 224),
        "dinov2-l": (1024, 224),
        "resnet-50": (2048, 224),
        "efficientnet-b0": (1280, 224),
    }
    assert {name: (NAMED[name].dim, NAMED[name].input_px) for name in wanted} == wanted
    assert all(name == model.name and model.repository.count("/") == 1 for name, model in NAMED.items())
    assert all(model.licence for model in NAMED.values())
    hashes = [model.revision for model in NAMED.values() if model.revision not in ("main",)]
    assert all(len(one) == 40 and int(one, 16) for one in hashes if not one.startswith("refs/pr/"))
    assert [model.name for model in NAMED.values() if model.non_commercial] == ["streetclip"]


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(InputError, match="clip-vit-b32"):
        named_model("clip-vit-b33")
    with pytest.raises(InputError, match="whence encoder list"):
        load_encoder("clip-vit-b33")


def test_a_named_model_comes_from_the_cache(
    cache: Path, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(NAMED, "tiny", TINY)
    place(checkpoints["clip"][0], cache)
    encoder = load_encoder("tiny")
    assert encoder.origin.source == f"nobody/tiny@{COMMIT}"
    assert (encoder.licence, encoder.origin.terms) == ("MIT", "tiny (nobody/tiny) is under MIT")
    assert encoder.identity == load_encoder(f"transformers:{checkpoints['clip'][0]}").identity
    encoder.save(tmp_path / "saved")
    again = load_encoder(tmp_path / "saved")
    assert (again.identity, again.licence) == (encoder.identity, "MIT")


def test_what_was_used_is_found_by_its_commit_when_the_branch_went_on(
    cache: Path, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(NAMED, "tiny", TINY)
    place(checkpoints["clip"][0], cache)
    used = load_encoder("tiny")
    used.save(tmp_path / "saved")
    place(checkpoints["laion-clip"][0], cache, commit=OTHER)
    assert load_encoder("tiny").identity != used.identity
    assert load_encoder(tmp_path / "saved").identity == used.identity


def test_a_named_model_from_a_folder_must_have_its_length(
    checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkpoints["clip"][0]
    with pytest.raises(FormatError, match=r"24 numbers, clip-vit-b32 of 512.*transformers:"):
        load_encoder(f"clip-vit-b32:{folder}")
    monkeypatch.setitem(NAMED, "tiny", TINY)
    assert load_encoder(f"tiny:{folder}").origin.named == TINY


@pytest.mark.parametrize("missing", ["model.safetensors", "config.json", "preprocessor_config.json"])
def test_half_a_model_in_the_cache_is_none(missing: str, cache: Path, checkpoints: Checkpoints) -> None:
    folder = place(checkpoints["clip"][0], cache)
    assert cached_snapshot("nobody/tiny") is not None
    (folder / missing).unlink()
    assert cached_snapshot("nobody/tiny") is None
    with pytest.raises((NotFoundError, FormatError), match="nobody/tiny"):
        snapshot("nobody/tiny")


def test_a_missing_shard_is_noticed(cache: Path, checkpoints: Checkpoints) -> None:
    folder = place(checkpoints["clip"][0], cache)
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = (
        '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}'
    )
    (folder / "model.safetensors.index.json").write_text(index, "utf-8")
    assert cached_snapshot("nobody/tiny") is None
    shutil.copy(folder / "model-00001-of-00002.safetensors", folder / "model-00002-of-00002.safetensors")
    assert cached_snapshot("nobody/tiny") is not None


def test_without_a_network_it_is_said_at_once(cache: Path) -> None:
    start = time.perf_counter()
    with pytest.raises(NotFoundError, match=r"hf download openai/clip-vit-base-patch32 .*classic encoder"):
        load_encoder("clip-vit-b32")
    assert time.perf_counter() - start < 2


def test_what_is_no_name_is_said(cache: Path) -> None:
    with pytest.raises(NotFoundError, match="no name on the Hugging Face hub"):
        load_encoder("transformers:a/b/c")


class Hub:
    """Stands in for the hub's library: repositories as folders, by revision."""

    def __init__(self, revisions: dict[str, Path], *, offers: list[Any] | None = None) -> None:
        self.revisions, self.offers, self.asked = revisions, offers or [], []
        self.errors, self.utils, self.constants = hub.errors, hub.utils, hub.constants

    def try_to_load_from_cache(self, *_: Any, **__: Any) -> None:
        return None

    def HfApi(self) -> Any:
        return self

    def model_info(self, _: str, *, revision: str, timeout: float) -> SimpleNamespace:
        assert timeout < 5
        files = [SimpleNamespace(rfilename=path.name) for path in self.revisions[revision].iterdir()]
        return SimpleNamespace(siblings=files)

    def snapshot_download(self, _: str, *, revision: str, allow_patterns: list[str]) -> str:
        self.asked.append(revision)
        assert not any("bin" in pattern or pattern == "*" for pattern in allow_patterns), "no pickles"
        return str(self.revisions[revision])

    def get_repo_discussions(self, repository: str, *, author: str) -> list[Any]:
        return self.offers


def offer(author: str = "SFconvertbot", *, status: str = "open", number: int = 3) -> SimpleNamespace:
    return SimpleNamespace(
        author=author, is_pull_request=True, status=status, git_reference=f"refs/pr/{number}"
    )


@pytest.fixture
def pickled(checkpoints: Checkpoints, tmp_path: Path) -> Path:
    """A repository whose main branch holds pickled weights only, as many published ones do."""
    folder = tmp_path / COMMIT
    shutil.copytree(checkpoints["clip"][0], folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return folder


def use(monkeypatch: pytest.MonkeyPatch, stand_in: Hub) -> Hub:
    monkeypatch.setattr("whence.learn.encoders.hub._hub", lambda: stand_in)
    return stand_in


def test_where_main_is_pickled_the_hubs_own_conversion_is_taken(
    pickled: Path, checkpoints: Checkpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    converted = tmp_path / OTHER
    shutil.copytree(checkpoints["clip"][0], converted)
    offers = [offer("mallory", number=2), offer(status="closed", number=1), offer(number=3)]
    stand_in = use(monkeypatch, Hub({"main": pickled, "refs/pr/3": converted}, offers=offers))
    found = snapshot("nobody/tiny")
    assert stand_in.asked == ["refs/pr/3"]
    assert (found.folder, found.commit) == (converted, OTHER)


@pytest.mark.parametrize("offers", [[], [offer("mallory")], [offer(status="closed")]])
def test_pickled_weights_are_refused_where_there_is_no_conversion(
    offers: list[Any], pickled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Hub({"main": pickled}, offers=offers))
    with pytest.raises(FormatError, match="pickled ones are never read"):
        snapshot("nobody/tiny")


def test_a_pinned_revision_is_what_is_asked_for(
    pickled: Path, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pickled.parent / OTHER
    shutil.copytree(checkpoints["clip"][0], whole)
    stand_in = use(monkeypatch, Hub({OTHER: whole}))
    monkeypatch.setitem(NAMED, "tiny", dataclasses.replace(TINY, revision=OTHER))
    encoder = load_encoder("tiny")
    assert stand_in.asked == [OTHER]
    assert encoder.encode([np.zeros((32, 32, 3), np.uint8)]).shape == (1, 24)


SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

root, commits = Path(sys.argv[1]), json.loads(sys.argv[2])  # revision -> commit; a folder for each commit
offers = [{"num": 3, "author": {"name": "SFconvertbot"}, "title": "Adding `safetensors` variant",
           "status": "open", "isPullRequest": True, "createdAt": "2023-03-16T00:00:00.000Z",
           "repo": {"name": "nobody/tiny", "type": "model"}}]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0].replace("%2F", "/")
        if path.startswith("/api/models/nobody/tiny/discussions"):
            return self.answer(json.dumps({"discussions": offers, "count": 1, "start": 0}).encode())
        if path.startswith("/api/models/nobody/tiny/revision/"):
            commit = commits[path.removeprefix("/api/models/nobody/tiny/revision/")]
            files = [{"rfilename": file.name} for file in sorted((root / commit).iterdir())]
            return self.answer(json.dumps({"id": "nobody/tiny", "sha": commit, "siblings": files}).encode())
        if path.startswith("/api/models/nobody/tiny/tree/"):
            folder = root / path.removeprefix("/api/models/nobody/tiny/tree/")
            files = [{"type": "file", "path": file.name, "size": file.stat().st_size, "oid": file.name}
                     for file in sorted(folder.iterdir())]
            return self.answer(json.dumps(files).encode())
        if path.startswith("/nobody/tiny/resolve/"):
            revision, _, name = path.removeprefix("/nobody/tiny/resolve/").rpartition("/")
            commit = commits.get(revision, revision)
            return self.answer((root / commit / name).read_bytes(), commit)
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def answer(self, body, commit=""):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Repo-Commit", commit)
        self.send_header("ETag", '"' + str(abs(hash(body))) + '"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
CLIENT = """
from whence.errors import WhenceError
from whence.learn.encoders.hub import snapshot
import sys
for name in sys.argv[1:]:
    try:
        found = snapshot(name)
        print(found.commit, *sorted(path.name for path in found.folder.iterdir()))
    except WhenceError as error:
        print(error)
"""


def test_a_model_comes_from_a_hub_once_and_then_from_the_cache(pickled: Path, tmp_path: Path) -> None:
    """The hub's real library against a server of this test: main is pickled, refs/pr/3 is converted."""
    converted = pickled.parent / OTHER
    shutil.copytree(pickled, converted)
    (converted / "pytorch_model.bin").rename(converted / "model.safetensors")
    commits = json.dumps({"main": COMMIT, "refs/pr/3": OTHER})
    serve = [sys.executable, "-c", SERVER, str(pickled.parent), commits]
    ask = [sys.executable, "-c", CLIENT, "nobody/tiny", "nobody/else"]
    environment = os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        environment["HF_ENDPOINT"] = f"http://127.0.0.1:{int(server.stdout.readline())}"
        first = subprocess.run(ask, env=environment, capture_output=True, text=True, check=True)
        server.kill()
    model, other = first.stdout.splitlines()
    wanted = {"config.json", "preprocessor_config.json", "model.safetensors", "tokenizer.json", "vocab.json"}
    assert model.split()[0] == OTHER
    assert wanted <= set(model.split()[1:])
    assert "the hub has no model nobody/else" in other
    again = subprocess.run(ask, env=environment, capture_output=True, text=True, check=True)
    assert again.stdout.splitlines()[0] == model
    assert "cannot be reached" in again.stdout.splitlines()[1]
