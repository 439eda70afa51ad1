"""Interrupted runs go on where they stopped, and give what an uninterrupted run gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from whence.photos.evidence import exif
from whence.photos.journal import Journal


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], list[str]]:
    """Count the photographs that are looked at; from the given one on, somebody presses Ctrl-C."""
    genuine = exif.exif_evidence

    def watch(interrupted_at: int | None) -> list[str]:
        seen: list[str] = []

        def evidence(photo):
            if len(seen) == interrupted_at:
                raise KeyboardInterrupt
            seen.append(photo.path.name)
            return genuine(photo)

        monkeypatch.setattr(exif, "exif_evidence", evidence)
        return seen

    return watch


@pytest.fixture
def walk(tmp_path: Path, write_photo) -> Path:
    """Six photographs along a street."""
    for i in range(6):
        write_photo(tmp_path / "walk" / f"{i}.jpg", lonlat=(13.19 + i / 1000, 55.7), seed=i)
    return tmp_path / "walk"


def command(walk: Path, *more: str) -> list[str]:
    return ["locate", str(walk), "--sources", "exif", "--out", "out.csv", *more]


def test_an_interrupted_run_goes_on_and_gives_the_same(run, walk, look, tmp_path):
    out, journal = tmp_path / "out.csv", tmp_path / "out.csv.unfinished"
    look(2)
    stopped = run(*command(walk))
    assert stopped.exit_code == 130
    assert "out.csv.unfinished; the same command goes on" in stopped.stderr
    assert not out.exists()
    assert len(journal.read_text("utf-8").splitlines()) == 1 + 2

    seen = look(None)
    assert run(*command(walk)).exit_code == 0
    assert seen == ["2.jpg", "3.jpg", "4.jpg", "5.jpg"]
    assert not journal.exists()
    resumed = out.read_bytes()
    out.unlink()
    assert run(*command(walk)).exit_code == 0
    assert out.read_bytes() == resumed


def test_a_line_cut_in_the_middle_of_a_letter_is_done_again(run, walk, look, tmp_path):
    journal = tmp_path / "out.csv.unfinished"
    look(2)
    run(*command(walk))
    *whole, last, _ = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([*whole, last[:40] + "é".encode()[:1]]))
    seen = look(None)
    assert run(*command(walk)).exit_code == 0
    assert seen == ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]


def test_a_photograph_that_changed_meanwhile_is_looked_at_again(run, walk, look, write_photo):
    look(2)
    run(*command(walk))
    write_photo(walk / "0.jpg", lonlat=(2.0, 48.0), seed=9)
    seen = look(None)
    run(*command(walk))
    assert seen[0] == "0.jpg"
    assert len(seen) == 5


def test_a_truth_corrected_meanwhile_is_believed(run, walk, look, tmp_path):
    def table(latitude: float) -> None:
        lines = [f"walk/{i}.jpg,{latitude},{13.19 + i / 1000}" for i in range(6)]
        (tmp_path / "t.csv").write_text("\n".join(["img_path,lat,lon", *lines]))

    table(50.0)
    look(3)
    run(*command(walk, "--table", "t.csv"))
    table(55.7)
    look(None)
    assert "median 0 m" in run(*command(walk, "--table", "t.csv")).stdout


@pytest.mark.parametrize("change", [["--top-k", "2"], ["--confidence", "0.5"], ["--region", "0,40,20,60"]])
def test_other_settings_refuse_the_journal_until_told_to_restart(run, walk, look, change, tmp_path):
    look(2)
    run(*command(walk))
    seen = look(None)
    refused = run(*command(walk, *change))
    assert refused.exit_code == 2
    assert "other settings; add --restart" in refused.stderr
    assert seen == []
    assert run(*command(walk, *change, "--restart")).exit_code == 0
    assert len(seen) == 6
    assert not (tmp_path / "out.csv.unfinished").exists()


@pytest.mark.parametrize("content", ["[]\n", "no json\n", '{"whence journal": 0}\n', "\xff\n"])
def test_a_file_that_is_no_journal_is_left_alone(run, walk, content, tmp_path):
    other = tmp_path / "out.csv.unfinished"
    other.write_text(content)
    result = run(*command(walk))
    assert result.exit_code == 2
    assert "--restart" in result.stderr
    assert other.read_text() == content


def test_line_separators_inside_a_sentence_do_not_end_a_line(tmp_path):
    """U+2028 is written as it is, and is no end of line in JSON lines."""
    from whence.photos.estimate import Estimate

    path = tmp_path / "journal"
    estimate = Estimate("a\u2028b.jpg", "unreadable: \x85 \x1c")
    with Journal(path, settings="s") as journal:
        journal.add("key", estimate)
    with Journal(path, settings="s") as journal:
        assert journal.find("key") == estimate


def test_without_an_output_nothing_is_kept(run, walk, look, tmp_path):
    look(2)
    stopped = run("locate", str(walk), "--sources", "exif")
    assert stopped.exit_code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["walk"]
