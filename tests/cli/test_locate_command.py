"""`whence locate` as people type it: every file has its row, and the exit status tells how it went."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROWS_OF_PHOTOS = {
    "a_gps.jpg": "located",
    "b_plain.jpg": "no evidence",
    "c_broken.jpg": "unreadable: ",
    "d_empty.jpg": "unreadable: ",
    "e_text.jpg": "unreadable: ",
}


def statuses(stdout: str) -> dict[str, str]:
    """File name -> status, of `--json`."""
    return {Path(item["img_path"]).name: item["status"] for item in json.loads(stdout)["estimates"]}


def test_every_file_of_a_folder_has_a_row(run, photos):
    result = run("locate", photos, "--sources", "exif,time", "--json")
    found = statuses(result.stdout)
    assert list(found) == list(ROWS_OF_PHOTOS)
    assert all(found[name].startswith(status) for name, status in ROWS_OF_PHOTOS.items())
    assert result.exit_code == 1


def test_the_position_of_the_file_is_found_again(run, photos):
    """Oracle: the position written into the EXIF block."""
    result = run("locate", photos / "a_gps.jpg", "--sources", "exif", "--json")
    (estimate,) = json.loads(result.stdout)["estimates"]
    best = estimate["hypotheses"][0]
    assert (best["longitude_deg"], best["latitude_deg"]) == pytest.approx((13.195, 55.698), abs=1e-6)
    assert estimate["evidence"][0]["source"] == "exif"
    assert result.exit_code == 0


def test_text_for_people_names_each_file_and_status(run, photos):
    result = run("locate", photos, "--sources", "exif")
    lines = result.stdout.splitlines()
    assert [next(name for name in ROWS_OF_PHOTOS if name in line) for line in lines[1:]] == list(
        ROWS_OF_PHOTOS
    )
    assert "55.69800" in lines[1]
    assert "is empty (0 bytes)" in lines[4]
    assert "1 of 5 located" in result.stderr


def test_a_row_whose_file_is_missing_is_kept(run, photos, tmp_path):
    table = tmp_path / "photos.csv"
    table.write_text("img_path,lat,lon\na_gps.jpg,55.698,13.195\ngone.jpg,1,2\n")
    result = run("locate", photos, "--table", table, "--sources", "exif", "--json")
    found = statuses(result.stdout)
    assert len(found) == 6
    assert found["gone.jpg"] == "unreadable: the file gone.jpg is missing"
    errors = {Path(e["img_path"]).name: e["error_m"] for e in json.loads(result.stdout)["estimates"]}
    assert errors["a_gps.jpg"] == pytest.approx(0, abs=0.2)
    assert errors["gone.jpg"] is None


def test_columns_in_any_order_and_a_byte_order_mark_change_nothing(run, photos):
    plain, other = photos / "plain.csv", photos / "other.csv"
    plain.write_text("img_path,lat,lon\na_gps.jpg,55.7,13.2\nb_plain.jpg,1,2\n")
    other.write_text("note;Longitude;file;LAT\nx;13,2;a_gps.jpg;55,7\ny;2;b_plain.jpg;1\n", "utf-8-sig")
    first, second = (run("locate", "--table", t, "--sources", "exif", "--json") for t in (plain, other))
    assert json.loads(first.stdout) == json.loads(second.stdout)
    assert json.loads(first.stdout)["evaluation"]["rows"] == 2


@pytest.mark.parametrize("region", ["-5,42,8,51", "FR"])
def test_a_region_that_excludes_the_evidence_says_so(run, photos, region):
    result = run("locate", photos / "a_gps.jpg", "--sources", "exif", "--region", region, "--json")
    assert set(statuses(result.stdout).values()) == {"evidence points outside the region"}
    assert result.exit_code == 1


@pytest.mark.parametrize("region", ["10,50,20,60", "SE"])
def test_a_region_that_holds_the_evidence_changes_little(run, photos, region):
    result = run("locate", photos / "a_gps.jpg", "--sources", "exif", "--region", region, "--json")
    best = json.loads(result.stdout)["estimates"][0]["hypotheses"][0]
    assert best["latitude_deg"] == pytest.approx(55.698, abs=1e-5)
    assert result.exit_code == 0


def test_a_folder_that_contains_itself_is_read_once(run, photos):
    (photos / "again").symlink_to(photos, target_is_directory=True)
    (photos / "self.jpg").symlink_to("self.jpg")
    result = run("locate", photos, "--sources", "exif", "--json")
    assert list(statuses(result.stdout)) == [*ROWS_OF_PHOTOS, "self.jpg"]


def test_a_file_named_twice_has_one_row(run, photos):
    result = run("locate", photos, photos / "a_gps.jpg", "photos/a_gps.jpg", "--sources", "exif", "--json")
    assert len(json.loads(result.stdout)["estimates"]) == 5


def test_processes_give_the_answers_of_one_process(run, photos):
    one, two = (
        run("locate", photos, "--sources", "exif,time", "--json", "--jobs", jobs) for jobs in ("1", "2")
    )
    assert json.loads(one.stdout) == json.loads(two.stdout)
    assert one.exit_code == two.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to locate"),
        (["nowhere.jpg"], "nowhere.jpg does not exist"),
        ([""], "an empty name"),
        (["photos", "--sources", "astrology"], "no source is called astrology; there are: exif"),
        (["photos", "--without", "astrology"], "no source is called astrology"),
        (["photos", "--sources", "index"], "whence index build"),
        (["photos", "--sources", ""], "no source of evidence is left"),
        (["photos", "--region", "Narnia"], "'Narnia' is no region"),
        (["photos", "--region", ""], "'' is no region"),
        (["photos", "--region", "10,60,20,50"], "south 60 lies above north 50"),
        (["photos", "--out", "results.xlsx"], "results are written as .csv"),
        (["photos", "--out", "none/results.csv"], "the folder none for results.csv does not exist"),
        (["photos/a_gps.jpg", "--out", "a.csv", "--out", "./a.csv"], "named twice"),
        (["photos", "--table", "nowhere.csv"], "'nowhere.csv' does not exist"),
        (["photos", "--index", "photos"], "is no place index"),
        (["photos", "--top-k", "0"], "0 is not in the range"),
        (["hidden"], "no pictures in hidden"),
    ],
)
def test_what_the_user_can_mend_has_status_2_and_a_sentence(run, photos, arguments, said):
    (photos.parent / "hidden").mkdir()
    result = run("locate", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_a_photograph_is_never_written_over(run, photos):
    """Pictures are taken at their content, so a file called .html may be one."""
    disguised = photos / "photo.html"
    shutil.copy(photos / "a_gps.jpg", disguised)
    before = disguised.read_bytes()
    result = run("locate", disguised, "--sources", "exif", "--out", photos / ".." / "photos" / "photo.html")
    assert result.exit_code == 2
    assert disguised.read_bytes() == before


def test_a_table_is_never_written_over(run, photos):
    table = photos / "photos.csv"
    table.write_text("img_path\na_gps.jpg\n")
    assert run("locate", "--table", table, "--sources", "exif", "--out", table).exit_code == 2
    assert table.read_text() == "img_path\na_gps.jpg\n"


def test_a_table_without_rows_has_nothing_to_locate(run, tmp_path):
    (tmp_path / "empty.csv").write_text("img_path,lat,lon\n")
    result = run("locate", "--table", "empty.csv")
    assert result.exit_code == 2
    assert "no pictures in empty.csv" in result.stderr


def test_unknown_positions_in_a_table_are_no_truth(run, photos):
    (photos / "t.csv").write_text("img_path,lat,lon\na_gps.jpg,NaN,NaN\nb_plain.jpg,,\n")
    values = json.loads(run("locate", "--table", photos / "t.csv", "--sources", "exif", "--json").stdout)
    assert values["evaluation"] is None
    assert [estimate["truth"] for estimate in values["estimates"]] == [None, None]


def test_names_cannot_command_the_terminal(run, photos, write_photo):
    for name in ("x\x1b[31mred.jpg", "two\nlines.jpg", "[bold]b.jpg"):
        write_photo(photos / name)
    write_photo(photos / "odd[" / "bold].jpg")
    result = run("locate", photos, "--sources", "exif")
    assert "\x1b" not in result.stdout
    for shown in (r"x\x1b[31mred.jpg", r"two\nlines.jpg", "[bold]b.jpg", "odd[/bold].jpg"):
        assert shown in result.stdout


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names there are always Unicode")
@pytest.mark.parametrize("suffix", ["csv", "json", "geojson", "html", "parquet"])
def test_names_that_are_no_unicode_reach_every_kind_of_output(run, tmp_path, write_photo, suffix):
    write_photo(tmp_path / "caf\udce9.jpg", lonlat=(13.2, 55.7))
    result = run("locate", "caf\udce9.jpg", "--sources", "exif", "--out", f"out.{suffix}")
    assert result.exit_code == 0
    if suffix != "parquet":
        assert r"caf\udce9.jpg" in (tmp_path / f"out.{suffix}").read_text("utf-8").replace(r"\\", "\\")


def whence(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    code = "from whence.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_process_of_its_own_talks_on_stderr_and_answers_on_stdout(photos):
    result = whence("locate", photos, "--sources", "exif", "--json")
    assert result.returncode == 1
    assert len(json.loads(result.stdout)["estimates"]) == 5


def test_a_mistake_is_a_sentence_not_a_traceback(tmp_path):
    result = whence("locate", tmp_path / "nowhere.jpg")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("whence: ")
    assert "Traceback" not in result.stderr
