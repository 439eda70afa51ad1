"""The folder of a run without any training: what is claimed, refused, removed, and never touched."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.run_folder import LOCK, RunFolder

CONFIG = "[training]\nlr = 0.1\nworkers = 2\n"


def home(path) -> RunFolder:
    free = frozenset({"training.workers"})
    return RunFolder(path, "whence try", "state", ("model", "history.csv"), free=free)


@pytest.fixture
def run(tmp_path) -> RunFolder:
    """A run that is complete."""
    made = home(tmp_path / "run")
    made.claim(CONFIG, restart=False)
    (made.path / "state").mkdir()
    (made.path / "model").mkdir()
    (made.path / "model" / "weights").write_bytes(b"1")
    made.finish({"figures": {"loss": 0.5}})
    return made


def test_a_complete_run_is_read_and_has_no_checkpoint(run):
    assert run.complete
    assert run.evaluation() == {"figures": {"loss": 0.5}}
    assert sorted(path.name for path in run.path.iterdir()) == ["config.toml", "evaluation.json", "model"]
    run.claim(CONFIG.replace("2", "9"), restart=False)  # what is free may change
    assert run.complete


def test_another_configuration_needs_a_restart(run):
    other = CONFIG.replace("0.1", "0.2")
    with pytest.raises(InputError, match=r"training\.lr was 0\.1 and is 0\.2; .*--restart"):
        run.claim(other, restart=False)
    (run.path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"something else, such as notes\.txt"):
        run.claim(other, restart=True)
    assert (run.path / "notes.txt").exists(), "what no run made is never removed"
    (run.path / "notes.txt").unlink()
    run.claim(other, restart=True)
    assert {path.name for path in run.path.iterdir()} == {"config.toml", LOCK}
    assert not run.complete


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_run_with_a_checkpoint_has_begun(tmp_path, kind):
    made = home(tmp_path)
    made.claim(CONFIG, restart=False)
    made.claim(CONFIG.replace("0.1", "0.3"), restart=False)  # nothing is lost yet
    state = tmp_path / "state"
    if kind == "folder":
        state.mkdir()
        made.claim(CONFIG, restart=False)
        (state / "1.safetensors").write_bytes(b"")
    else:
        made.claim(CONFIG, restart=False)
        state.write_bytes(b"")
    with pytest.raises(InputError, match=r"lr was 0\.1 and is 0\.3"):
        made.claim(CONFIG.replace("0.1", "0.3"), restart=False)
    with pytest.raises(NotFoundError, match="the same `whence try` again"):
        made.evaluation()


def test_what_is_damaged_is_told(run):
    (run.path / "evaluation.json").write_text("{")
    with pytest.raises(FormatError, match=r"evaluation\.json is broken"):
        run.evaluation()
    config = run.path / "config.toml"
    config.write_bytes(config.read_bytes() + b"lr = \xff")
    with pytest.raises(FormatError, match=r"config\.toml is no TOML"):
        run.claim(CONFIG, restart=False)
    with pytest.raises(InputError, match="is a file"):
        home(config).claim(CONFIG, restart=True)


ANOTHER = """
import sys
from pathlib import Path
from whence.learn.run_folder import RunFolder
run = RunFolder(Path(sys.argv[1]), "whence try", "state", ("model", "history.csv"))
run.claim(sys.argv[2], restart="restart" in sys.argv)
print("claimed", flush=True)
sys.stdin.read()
"""


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    path = tmp_path / "run"
    command = [sys.executable, "-c", ANOTHER, str(path), CONFIG]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "claimed\n"
        for restart in (False, True):
            with pytest.raises(InputError, match=rf"run is being made by process {other.pid} on .*; wait"):
                home(path).claim(CONFIG, restart=restart)
        assert (path / "config.toml").is_file()
        other.kill()
    assert (path / LOCK).exists(), "what was killed cleans nothing up"
    mine = home(path)
    mine.claim(CONFIG, restart=False)
    blocked = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert f"process {os.getpid()} on" in blocked.stderr
    home(path).claim(CONFIG, restart=True)  # the same process may, as after an error
    kept = home(path)
    kept.claim(CONFIG, restart=False)
    kept.finish({})
    assert {one.name for one in path.iterdir()} == {"config.toml", "evaluation.json"}


def test_a_claim_that_is_dropped_leaves_no_lock(tmp_path):
    made = home(tmp_path)
    made.claim(CONFIG, restart=False)
    later = home(tmp_path)
    later.claim(CONFIG, restart=False)
    del made
    assert (tmp_path / LOCK).exists(), "it belongs to the later one"
    del later
    assert [one.name for one in tmp_path.iterdir()] == ["config.toml"]


def refuse(number):
    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    return refused


def test_where_nothing_can_be_written_is_told(tmp_path, run, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be the folder of a run \(Not a directory\)"):
        home(tmp_path / "file" / "run").claim(CONFIG, restart=False)
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(os, "open", refuse(errno.EROFS))
    with pytest.raises(InputError, match=r"empty cannot be written to \(Read-only file system\)"):
        home(tmp_path / "empty").claim(CONFIG, restart=False)
    run.claim(CONFIG, restart=False)  # of a complete one nothing is written
    monkeypatch.setattr(Path, "mkdir", refuse(errno.EROFS))
    with pytest.raises(
        InputError, match=r"new cannot be the folder of a run \(Read-only file system\); choose"
    ):
        home(tmp_path / "new").claim(CONFIG, restart=False)
