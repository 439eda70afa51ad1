"""`whence index` on two dozen tiny photographs whose likeness is known by construction."""

from __future__ import annotations

import json
from pathlib import Path

import PIL.Image
import pytest

STEP_DEG = 0.001  # 111 m of latitude


@pytest.fixture
def known(tmp_path: Path, write_photo) -> Path:
    """Twenty-four different pictures in a folder, with EXIF positions 111 m apart along a meridian."""
    for i in range(24):
        write_photo(tmp_path / "known" / f"{i:02}.jpg", lonlat=(13.0, 55 + i * STEP_DEG), seed=i)
    return tmp_path / "known"


@pytest.fixture
def city(run, known, tmp_path: Path) -> Path:
    result = run("index", "build", known, "--out", "city.index", "--encoder", "thumbnail")
    assert result.exit_code == 0
    assert "city.index: 24 photographs at 24 places" in result.stderr
    return tmp_path / "city.index"


def facts(run, folder: Path) -> dict[str, object]:
    return json.loads(run("index", "info", folder, "--json").stdout)


def test_a_photograph_seen_again_is_located_at_its_place(run, known, city, tmp_path):
    """Oracle: the picture is scaled down and saved anew, so it looks like one known picture only."""
    PIL.Image.open(known / "07.jpg").resize((40, 30)).save(tmp_path / "again.jpg", quality=60)
    result = run("locate", "again.jpg", "--index", city, "--sources", "index", "--json")
    best = json.loads(result.stdout)["estimates"][0]["hypotheses"][0]
    assert best["latitude_deg"] == pytest.approx(55.007, abs=STEP_DEG)
    assert "07.jpg" in json.loads(result.stdout)["estimates"][0]["evidence"][0]["sentence"]


def test_info_counts_what_is_there(run, city):
    values = facts(run, city)
    assert (values["photographs"], values["places"], values["skipped"]) == (24, 24, 0)
    text = run("index", "info", city).stdout
    assert all(name in text for name in values)


def test_check_leaves_every_photograph_out_of_its_own_answer(run, city):
    """Noise looks like nothing but itself, so without itself recall@1 within 25 m is 0."""
    result = run("index", "check", city, "--json")
    values = json.loads(result.stdout)
    assert (values["rows"], values["recall_at_1_within_25_m"]) == (24, 0.0)
    assert "recall@1 within 25 m (nearest look-alike): 0.0%" in run("index", "check", city).stdout


def test_a_table_gives_the_positions_and_names_what_is_skipped(run, known, tmp_path):
    (known / "00.jpg").write_bytes(b"")
    lines = [f"{i:02}.jpg,{50 + i * STEP_DEG},8" for i in range(3)]
    (known / "t.csv").write_text("\n".join(["img_path,lat,lon", *lines, "gone.jpg,50,8"]))
    result = run("index", "build", "--table", known / "t.csv", "--out", "t.index", "--encoder", "thumbnail")
    assert result.exit_code == 0
    assert "not in the index: 00.jpg: unreadable: " in result.stderr
    assert "not in the index: gone.jpg: the file gone.jpg is missing" in result.stderr
    assert facts(run, tmp_path / "t.index")["photographs"] == 2


def test_add_grows_the_index_and_takes_nothing_twice(run, known, city, write_photo):
    write_photo(known / "new.jpg", lonlat=(13.0, 55.1), seed=99)
    result = run("index", "add", city, known)
    assert result.exit_code == 0
    assert "1 added, 25 photographs now" in result.stderr
    assert "its name is in the index already" in result.stderr
    assert facts(run, city)["photographs"] == 25


def test_merge_holds_the_photographs_of_both(run, city, tmp_path, write_photo):
    for i in range(3):
        write_photo(tmp_path / "north" / f"{i}.jpg", lonlat=(13.0, 56 + i * STEP_DEG), seed=50 + i)
    run("index", "build", "north", "--out", "north.index", "--encoder", "thumbnail")
    result = run("index", "merge", city, "north.index", "--out", "both.index")
    assert result.exit_code == 0
    assert facts(run, tmp_path / "both.index")["photographs"] == 27
    refused = run("index", "merge", city, "north.index", "--out", "both.index")
    assert refused.exit_code == 2
    assert "is not empty" in refused.stderr


def test_an_interrupted_build_goes_on_and_gives_the_same(run, known, city, tmp_path, monkeypatch):
    """Oracle: the index that was built in one go."""
    from whence.photos.index import build

    arguments = ("index", "build", known, "--out", "late.index", "--encoder", "thumbnail")
    with monkeypatch.context() as patch:
        patch.setattr(build, "commit", interrupt)
        assert run(*arguments).exit_code == 130
    refused = run("index", "info", "late.index")
    assert refused.exit_code == 2
    assert "run the same build again" in refused.stderr
    assert run("index", "merge", city, "late.index", "--out", "m.index").exit_code == 2
    assert run(*arguments).exit_code == 0
    assert facts(run, tmp_path / "late.index") == facts(run, city)
    for name in ("vectors.npy", "scales.npy"):
        first, second = (next(folder.rglob(name)).read_bytes() for folder in (city, tmp_path / "late.index"))
        assert first == second


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "known"], "Missing option '--out'"),
        (["build", "--out", "x.index"], "nothing to locate"),
        (["build", "known", "--out", "x.index", "--encoder", "oracle"], "no encoder and no folder 'oracle'"),
        (["build", "known", "--out", "known/00.jpg"], "an index is a folder"),
        (["build", "known", "--out", "known"], "holds something else than a place index"),
        (["build", "plain", "--out", "x.index", "--encoder", "thumbnail"], "no position in the table or in"),
        (["info", "known"], "is no place index"),
        (["check", "nowhere"], "'nowhere' does not exist"),
        (["add", "known", "known"], "is no place index"),
    ],
)
def test_what_the_user_can_mend_has_status_2_and_a_sentence(
    run, known, tmp_path, write_photo, arguments, said
):
    write_photo(tmp_path / "plain" / "a.jpg")
    result = run("index", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_finished_index_is_not_built_over(run, known, city):
    result = run("index", "build", known, "--out", city, "--encoder", "thumbnail")
    assert result.exit_code == 2
    assert "already holds a finished index" in result.stderr
