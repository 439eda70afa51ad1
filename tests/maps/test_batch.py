"""A folder of sheets: each finds its points, a failure does not stop the others, finished ones are kept."""

from __future__ import annotations

import csv
import json
import os
import sys
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from whence import maps
from whence.errors import InputError, NotFoundError
from whence.maps.batch import COLUMNS, Choices, Row, SheetWorker, find_sheets, run
from whence.maps.points.control import ControlPoints
from whence.maps.recipe import WarpChoices
from whence.maps.records import read_record

CORNER = np.array([500_000.0, 6_000_000.0])


def points_of(seed: int, count: int = 9) -> ControlPoints:
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(2, [118, 88], (count, 2))
    world = CORNER + pixels * [2.0, -2.0] + rng.normal(0, 0.4, pixels.shape)
    return ControlPoints(pixels, world).with_crs("EPSG:32633")


def add_scan(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120), np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good sheets in two folders, three that fail, and files that are none."""
    root = tmp_path / "scans"
    for name in ("a.png", "b.v2.tif", "more/c.png", "lonely.png", "cut.tif", "two.png"):
        root.mkdir(exist_ok=True)
        add_scan(root / name)
    maps.write_points(root / "a.png.points", points_of(1))
    maps.write_points(root / "a.check.csv", points_of(11, 4))
    maps.write_points(root / "b.v2.csv", points_of(2))
    maps.write_points(root / "more/c.points", points_of(3))
    maps.write_points(root / "cut.points", points_of(4))
    maps.write_points(root / "two.points", points_of(5, 2))
    whole = (root / "cut.tif").read_bytes()
    (root / "cut.tif").write_bytes(whole[: len(whole) // 2])
    (root / "readme.md").write_text("scans")
    (root / ".hidden.png").touch()
    return root


def statuses(rows: list[Row]) -> dict[str, str]:
    return {row.sheet: row.status for row in rows}


def test_every_scan_finds_its_points(folder: Path) -> None:
    found = {sheet.name: sheet for sheet in find_sheets(folder)}
    assert sorted(found) == ["a", "b.v2", "cut", "lonely", "more/c", "two"]
    assert found["a"].points == folder / "a.png.points"
    assert found["a"].check == folder / "a.check.csv"
    assert found["b.v2"].points == folder / "b.v2.csv"
    assert found["more/c"].points == folder / "more/c.points"
    assert (found["lonely"].points, found["two"].check) == (None, None)


def test_two_scans_of_one_stem_do_not_share_points(tmp_path: Path) -> None:
    for name in ("s.png", "s.tif"):
        add_scan(tmp_path / name)
    maps.write_points(tmp_path / "s.png.points", points_of(1))
    maps.write_points(tmp_path / "s.points", points_of(2))
    found = {sheet.name: sheet for sheet in find_sheets(tmp_path)}
    assert set(found) == {"s.png", "s.tif", "s.points"}  # whose the last are cannot be told
    assert found["s.png"].points == tmp_path / "s.png.points"
    assert found["s.tif"].points is None
    assert found["s.points"].scan is None


def test_folders_without_sheets(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        find_sheets(tmp_path / "none")
    (tmp_path / "letter.md").touch()
    with pytest.raises(InputError, match="holds no scans"):
        find_sheets(tmp_path)


def test_failures_are_listed_and_the_rest_is_done(folder: Path, tmp_path: Path) -> None:
    worker = SheetWorker(tmp_path / "out", Choices(kind="affine", sheet=WarpChoices()))
    told: list[tuple[int, int]] = []
    rows = run(find_sheets(folder), worker, progress=lambda done, count: told.append((done, count)))
    assert statuses(rows) == {
        "a": "done", "b.v2": "done", "more/c": "done", "cut": "failed", "lonely": "failed", "two": "failed"
    }  # fmt: skip
    assert told == [(k, 6) for k in range(1, 7)]
    reasons = {row.sheet: str(row.values["reason"]) for row in rows if row.status == "failed"}
    assert "truncated" in reasons["cut"]
    assert "no control points: there is no lonely.png.points" in reasons["lonely"]
    assert "needs at least 3 points, there are 2" in reasons["two"]
    made = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert made == {"summary.csv"} | {
        f"sheets/{name}.{kind}" for name in ("a", "b.v2", "more/c") for kind in ("json", "tif")
    }


def test_the_table_holds_what_the_library_found(folder: Path, tmp_path: Path) -> None:
    """Oracle: the sheet fitted directly."""
    run(find_sheets(folder), SheetWorker(tmp_path / "out", Choices(kind="similarity")))
    with (tmp_path / "out/summary.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["sheet"]: row for row in csv.DictReader(file)}
    assert list(rows["a"]) == list(COLUMNS)
    fit = maps.fit(points_of(1), kind="similarity", checkpoints=points_of(11, 4), size_px=(120, 90))
    assert fit.checks is not None
    expected = {
        "rmse_m": fit.quality.rmse_m,
        "left_out_m": fit.quality.leave_one_out_rmse_m,
        "checkpoints_m": fit.checks.rmse_m,
        "share_of_scan": fit.quality.coverage.share_of_scan,
    }
    assert {name: float(rows["a"][name]) for name in expected} == pytest.approx(expected, rel=1e-9)
    assert (rows["a"]["kind"], rows["a"]["points"], rows["a"]["checkpoints"]) == ("similarity", "9", "4")
    assert read_record(tmp_path / "out" / rows["a"]["fit"]).recipe.kind == "similarity"


def test_what_is_finished_is_kept_and_what_changed_is_done_again(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def again(**options: object) -> dict[str, str]:
        choices = Choices(
            kind="affine", sheet=WarpChoices(resampling=str(options.pop("resampling", "bilinear")))
        )
        return statuses(run(sheets, SheetWorker(out, choices, **options)))

    sheets = [sheet for sheet in find_sheets(folder) if sheet.name in ("a", "b.v2", "more/c")]
    assert set(again().values()) == {"done"}
    stamp = (out / "sheets/a.tif").stat().st_mtime_ns
    assert set(again().values()) == {"kept"}
    assert (out / "sheets/a.tif").stat().st_mtime_ns == stamp
    maps.write_points(folder / "a.png.points", points_of(7))
    assert again() == {"a": "done", "b.v2": "kept", "more/c": "kept"}
    maps.write_points(folder / "a.check.csv", points_of(8, 3))
    add_scan(folder / "b.v2.tif")
    (folder / "b.v2.tif").write_bytes((folder / "b.v2.tif").read_bytes() + b"\0")
    assert again() == {"a": "done", "b.v2": "done", "more/c": "kept"}
    (out / "sheets/more/c.tif").unlink()
    (out / "sheets/a.json").write_text('{"record"')
    assert again() == {"a": "done", "b.v2": "kept", "more/c": "done"}
    assert set(again(resampling="nearest").values()) == {"done"}
    assert set(again(resampling="nearest", restart=True).values()) == {"done"}


def test_an_interrupted_run_leaves_what_was_finished(folder: Path, tmp_path: Path) -> None:
    worker = SheetWorker(tmp_path / "out", Choices(kind="affine"))

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(find_sheets(folder), worker, progress=stop)
    assert not (tmp_path / "out/summary.csv").exists()
    found = statuses(run(find_sheets(folder), worker))
    assert {name for name, status in found.items() if status == "kept"} == {"a", "b.v2"}
    assert (tmp_path / "out/summary.csv").exists()


def test_results_within_the_folder_are_no_scans(folder: Path) -> None:
    out = folder / "out"
    worker = SheetWorker(out, Choices(kind="affine", sheet=WarpChoices()))
    first = run(find_sheets(folder, beside=out), worker)
    assert [sheet.name for sheet in find_sheets(folder, beside=out)] == [row.sheet for row in first]


def test_a_system_is_given_to_points_that_do_not_say_it(tmp_path: Path) -> None:
    bare = points_of(1)
    add_scan(tmp_path / "a.png")
    add_scan(tmp_path / "b.png")
    maps.write_points(tmp_path / "a.csv", ControlPoints(bare.pixels, bare.world))
    maps.write_points(tmp_path / "b.csv", bare)
    rows = run(find_sheets(tmp_path), SheetWorker(tmp_path / "out", Choices(crs="EPSG:2392", kind="affine")))
    assert [str(row.values["crs"])[:10] for row in rows] == ["EPSG:2392 ", "EPSG:32633"]


def test_a_disk_that_fills_up_fails_one_sheet(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    whole = Path.write_text

    def full(path: Path, *arguments: str, **options: str) -> int:
        written.append(path)
        if len(written) == 1:
            raise OSError(28, "No space left on device", str(path))
        return whole(path, *arguments, **options)

    sheets = [sheet for sheet in find_sheets(folder) if sheet.name in ("a", "more/c")]
    monkeypatch.setattr(Path, "write_text", full)
    rows = run(sheets, SheetWorker(tmp_path / "out", Choices(kind="affine")))
    assert statuses(rows) == {"a": "failed", "more/c": "done"}
    assert "No space left on device" in str(rows[0].values["reason"])
    assert not list((tmp_path / "out/sheets").glob("*a*"))


def test_a_mistake_of_ours_is_a_reason_and_not_the_end(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sheets = [sheet for sheet in find_sheets(folder) if sheet.name == "a"]
    worker = SheetWorker(tmp_path / "out", Choices(kind="affine"), also=partial(divided, 0))
    (row,) = run(sheets, worker)
    assert (row.status, row.values["reason"]) == ("failed", "division by zero")
    assert "nobody thought of" in caplog.text
    assert not (tmp_path / "out/sheets/a.json").exists()  # unfinished


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names are Unicode here")
def test_a_name_that_is_no_unicode_fails_alone(folder: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/K\xe4rta.png"))
    odd.write_bytes((folder / "a.png").read_bytes())
    Path(os.fsdecode(os.fsencode(odd) + b".points")).write_bytes((folder / "a.png.points").read_bytes())
    rows = run(find_sheets(folder), SheetWorker(tmp_path / "out", Choices(kind="affine")))
    found = {row.sheet: row for row in rows}
    assert "rename the file" in str(found["K\\udce4rta"].values["reason"])
    assert found["a"].status == "done"
    assert "K\\udce4rta" in (tmp_path / "out/summary.csv").read_text("utf-8")


def divided(by: int, *_: object) -> None:
    json.dumps(1 / by)
