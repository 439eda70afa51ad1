"""whence encoder through the real entry point; tiny random checkpoints, no network."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from whence.learn.encoders.named import NAMED, NamedModel

pytest.importorskip("torch")
pytest.importorskip("transformers")

sys.path.insert(0, str(Path(__file__).parents[1] / "learn/encoders"))  # for `tiny_checkpoints`


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import tiny_checkpoints

    folder = tmp_path_factory.mktemp("clip")
    tiny_checkpoints.clip(folder)
    return folder


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> NamedModel:
    """A named model of the size of the tiny checkpoint, under a licence that forbids commercial use."""
    model = NamedModel("tiny", "nobody/tiny", 24, 32, "CC-BY-NC-4.0")
    monkeypatch.setitem(NAMED, "tiny", model)
    return model


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def run(*arguments: str) -> int:
    from whence.cli import main

    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_list_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("encoder", "list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(NAMED)
    assert not any(row["cached"] for row in rows)
    assert [row["name"] for row in rows if row["non_commercial"]] == ["streetclip"]
    assert run("encoder", "list") == 0
    text = capsys.readouterr().out
    assert all(f"\n{name} " in text for name in NAMED)


def test_info_tells_identity_preprocessing_and_source(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("encoder", "info", str(clip), "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["dim"], facts["input px"], facts["licence"]) == (24, 32, "unknown")
    assert facts["source"] == str(clip)
    assert facts["preprocessing"]["size"] == {"shortest_edge": 32}
    assert run("encoder", "info", f"transformers:{clip}") == 0
    assert facts["identity"] in capsys.readouterr().out


def test_a_non_commercial_licence_is_said_on_stderr(
    clip: Path, tiny: NamedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("encoder", "info", f"tiny:{clip}", "--json") == 0
    told = capsys.readouterr()
    assert "CC-BY-NC-4.0: non-commercial use only" in told.err
    assert json.loads(told.out)["licence"] == "CC-BY-NC-4.0"


def test_out_of_reach_is_one_sentence_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    start = time.perf_counter()
    assert run("encoder", "info", "clip-vit-b32") == 2
    told = capsys.readouterr()
    assert time.perf_counter() - start < 5
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "hf download openai/clip-vit-base-patch32" in told.err


def test_time_tells_speed_and_cosine(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))
    arguments = ["--runtime", "torch", "--runtime", "torch-bf16", "--batch", "2", "--rounds", "1"]
    assert run("encoder", "time", str(clip), *arguments, "--json") == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [row["runtime"] for row in rows] == ["torch", "torch-bf16"]
    assert rows[0]["fidelity"]["min_cosine"] == pytest.approx(1)
    assert 0.99 < rows[1]["fidelity"]["min_cosine"] < 1
    assert run("encoder", "time", str(clip), *arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["runtime", "torch", "torch-bf16"]


def test_what_has_no_runtimes_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("encoder", "time", "gist") == 2
    assert "one runtime only" in capsys.readouterr().err
    assert run("encoder", "time", "clip-vit-b99") == 2
    assert "whence encoder list" in capsys.readouterr().err
