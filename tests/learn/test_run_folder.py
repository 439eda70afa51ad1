"""The folder of a run without any training: what is claimed, refused, removed, and never touched."""

from __future__ import annotations

import pytest

from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.run_folder import RunFolder

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
    assert [path.name for path in run.path.iterdir()] == ["config.toml"]
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
