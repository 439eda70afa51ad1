"""Tables as people write them; oracles: the values that the test wrote."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.errors import InputError, NotFoundError
from whence.imagery.table import COLUMN_NAMES, read_table, write_rows


@pytest.fixture
def folder(tmp_path):
    images = tmp_path / "lund" / "images"
    images.mkdir(parents=True)
    for n in range(1, 4):
        (images / f"{n:02d}.jpg").touch()
    return tmp_path / "lund"


def table(folder: Path, text: str | bytes, name: str = "photos.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


ROWS = "images/01.jpg,55.698167,13.195389\nimages/02.jpg,55.698242,13.1952\n"


class TestReading:
    def test_the_plain_table(self, folder):
        read = read_table(table(folder, "img_path,lat,lon\n" + ROWS))
        assert [row.name for row in read] == ["images/01.jpg", "images/02.jpg"]
        assert [row.number for row in read] == [2, 3]
        assert read.rows[0].path == folder / "images/01.jpg"
        assert read.rows[0].position == (13.195389, 55.698167)
        assert read.lonlat.tolist() == [[13.195389, 55.698167], [13.1952, 55.698242]]
        assert read.notes == ()
        assert read.by_path()[(folder / "images/02.jpg").absolute()] is read.rows[1]

    @pytest.mark.parametrize("path", COLUMN_NAMES["path"])
    def test_every_name_of_the_path(self, folder, path):
        assert len(read_table(table(folder, f"{path.upper()},lat,lon\n{ROWS}"))) == 2

    @pytest.mark.parametrize(
        ("lat", "lon"), [("Latitude", "Longitude"), (" LAT ", "Lng"), ("gt_lat", "gt-lon")]
    )
    def test_columns_in_any_order_under_any_name(self, folder, lat, lon):
        text = f"weather,{lon},File Name,{lat}\nfog,13.2,images/01.jpg,55.7\n"
        row = read_table(table(folder, text)).rows[0]
        assert row.position == (13.2, 55.7)
        assert row.extra == {"weather": "fog"}

    @pytest.mark.parametrize(
        "text",
        [
            "img_path;lat;lon\nimages/01.jpg;55,7;13,2\n",
            "img_path;lat;lon\nimages/01.jpg;55.7;13.2\n",
            "img_path\tlat\tlon\nimages/01.jpg\t55,7\t13,2\n",
            "img_path|lat|lon\nimages/01.jpg|55.7|13.2\n",
            "\ufeffimg_path,lat,lon\r\nimages/01.jpg,55.7,13.2\r\n",
            'img_path,lat,lon\n\n"images/01.jpg","55.7","13.2"\n\n',
            "img_path,lat,lon\nimages/01.jpg , 55.7,\t13.2",
            "img_path,lat,lon,note\nimages/01.jpg,55.7,13.2,\"two\nlines; and a \"\"quote\"\"\"\n",
        ],
        ids=["semicolon, comma", "semicolon", "tab", "bar", "mark, CRLF", "quotes", "blanks", "long cell"],
    )  # fmt: skip
    def test_dialects(self, folder, text):
        row = read_table(table(folder, text)).rows[0]
        assert (row.position, row.problem) == ((13.2, 55.7), "")

    def test_utf_16_with_its_mark(self, folder):
        content = "img_path;lat;lon\nimages/01.jpg;55,7;13,2\n".encode("utf-16")
        assert read_table(table(folder, content)).rows[0].position == (13.2, 55.7)

    @pytest.mark.parametrize("unknown", ["", "nan", "NA", "null", "None", "  "])
    def test_a_position_may_be_unknown(self, folder, unknown):
        read = read_table(table(folder, f"img_path,lat,lon\nimages/01.jpg,{unknown},{unknown}\n"))
        assert read.rows[0].position is None
        assert np.isnan(read.lonlat).all()

    def test_a_table_without_positions(self, folder):
        assert read_table(table(folder, "path\nimages/01.jpg\n")).rows[0].position is None

    @pytest.mark.parametrize(
        "cells",
        ["33.9S,151.2E", "-33.9°,151.2°", "\N{MINUS SIGN}33.9,+151.2", "33.9 s,151.2 e", "-3.39e1,151.2"],
    )
    def test_the_southern_hemisphere_in_every_spelling(self, folder, cells):
        row = read_table(
            table(folder, f"filename,Latitude (deg),LONGITUDE [deg]\nimages/01.jpg,{cells}\n")
        ).rows[0]
        assert row.position == (151.2, -33.9)

    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    @pytest.mark.parametrize("written", ["images/zürich.jpg", "data/lund/images/zürich.jpg"])
    def test_accents_in_one_character_or_two_are_the_same_file(self, folder, form, written):
        (folder / "images" / normalize("NFD" if form == "NFC" else "NFC", "zürich.jpg")).touch()
        row = read_table(table(folder, f"path\n{normalize(form, written)}\n")).rows[0]
        assert row.problem == ""

    def test_backslashes_and_drives_are_folders(self, folder):
        row = read_table(table(folder, "path\n" + r"C:\Users\me\lund\images\01.jpg" + "\n")).rows[0]
        assert row.path == folder / "images/01.jpg"

    def test_ids_stay_as_written(self, folder):
        text = "img_path,camera_id,sequence_id\nimages/01.jpg,00123,007\n"
        row = read_table(table(folder, text)).rows[0]
        assert (row.camera_id, row.sequence_id) == ("00123", "007")

    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("2008:10:22 16:28:39", datetime(2008, 10, 22, 16, 28, 39)),
            ("2008-10-22T14:28:39Z", datetime(2008, 10, 22, 14, 28, 39, tzinfo=UTC)),
            ("2008-10-22 16:28:39+02:00", datetime(2008, 10, 22, 14, 28, 39, tzinfo=UTC)),
            ("2008-10-22", datetime(2008, 10, 22)),
            ("1224685719", datetime(2008, 10, 22, 14, 28, 39, tzinfo=UTC)),
            ("1224685719500", datetime(2008, 10, 22, 14, 28, 39, 500_000, tzinfo=UTC)),
            ("", None),
        ],
    )
    def test_times(self, folder, written, expected):
        row = read_table(table(folder, f"img_path,captured_at\nimages/01.jpg,{written}\n")).rows[0]
        assert row.captured_at == expected

    def test_a_missing_file_keeps_its_row(self, folder):
        read = read_table(table(folder, "img_path,lat,lon\nimages/99.jpg,55.7,13.2\n" + ROWS))
        assert len(read) == 3
        assert read.rows[0].problem == "the file images/99.jpg is missing"
        assert read.rows[0].position == (13.2, 55.7)
        assert read.notes == ("1 of 3 files are missing",)

    @pytest.mark.slow
    def test_a_table_of_a_hundred_thousand_rows_is_read_in_seconds(self, folder):
        lines = "".join(f"images/{n}.jpg,{n / 2000},{n / 1000}\n" for n in range(1, 100_001))
        read = read_table(table(folder, "img_path,lat,lon\n" + lines))
        assert len(read) == 100_000
        assert read.lonlat[-1].tolist() == [100, 50]


class TestParquet:
    def test_the_same_rows(self, folder):
        columns = {
            "img_path": ["images/01.jpg", "images/02.jpg"], "lat": [55.7, None], "lon": [13.2, float("nan")],
            "camera_id": [123, 124], "captured_at": [datetime(2008, 10, 22, 16, tzinfo=UTC), None],
            "weather": ["fog", None],
        }  # fmt: skip
        path = folder / "photos.parquet"
        pq.write_table(pa.table(columns), path)
        first, second = read_table(path)
        assert (first.number, first.position, first.camera_id) == (1, (13.2, 55.7), "123")
        assert first.captured_at == datetime(2008, 10, 22, 16, tzinfo=UTC)
        assert (second.position, second.captured_at, second.extra) == (None, None, {"weather": ""})

    def test_columns_as_pandas_and_arrow_write_them(self, folder):
        """Large and dictionary strings, float32, nanoseconds, integers made floats by missing ones."""
        in_sweden = pa.timestamp("ns", tz="Europe/Stockholm")
        columns = {
            "img_path": pa.array(["images/01.jpg", "images/02.jpg"], pa.large_string()),
            "lat": pa.array([-33.875, None], pa.float32()),
            "lon": pa.array([151.25, float("nan")], pa.float32()),
            "camera_id": pa.array([7.0, None]), "sequence_id": pa.array(["a", "a"]).dictionary_encode(),
            "captured_at": pa.array([1_224_685_719_123_456_789, None], in_sweden),
            "exposure": pa.array([1_000_001, None], pa.duration("ns")),
        }  # fmt: skip
        path = folder / "photos.parquet"
        pq.write_table(pa.table(columns), path)
        first, second = read_table(path)
        assert (first.position, first.camera_id, first.sequence_id) == ((151.25, -33.875), "7", "a")
        assert first.captured_at == datetime(2008, 10, 22, 14, 28, 39, 123_456, tzinfo=UTC)
        assert (second.position, second.camera_id, second.captured_at) == (None, "", None)

    def test_it_is_known_by_its_content(self, folder):
        path = folder / "photos.csv"
        pq.write_table(pa.table({"path": ["images/01.jpg"]}), path)
        assert len(read_table(path)) == 1

    def test_a_damaged_file(self, folder):
        with pytest.raises(InputError, match="damaged Parquet"):
            read_table(table(folder, b"PAR1" + bytes(100), "photos.parquet"))


class TestResolving:
    def test_paths_by_their_ending(self, folder):
        path = table(folder.parent, "path,lat,lon\ndata/lund/images/01.jpg,55.7,13.2\n")
        read = read_table(path, folder=folder)
        assert read.rows[0].path == folder / "images/01.jpg"
        assert read.rows[0].name == "data/lund/images/01.jpg"
        assert "1 paths were found by their ending: data/lund stands for" in read.notes[0]

    def test_another_place_with_the_same_file_names_is_not_taken_for_this_one(self, folder):
        text = "path,lat,lon\n" + "".join(
            f"data/{city}/images/0{n}.jpg,{lat},13.2\n"
            for city, lat in (("berlin", 52.5), ("lund", 55.7))
            for n in (1, 2)
        )
        read = read_table(table(folder.parent, text), folder=folder)
        assert [bool(row.problem) for row in read] == [True, True, False, False]

    def test_an_unknown_beginning(self, folder):
        read = read_table(table(folder, "path\nwebsite/images/01.jpg\n"), folder=folder)
        assert read.rows[0].path == folder / "images/01.jpg"

    def test_two_beginnings_for_one_file(self, folder):
        with pytest.raises(InputError, match=r"row 3 names 'b/images/01\.jpg', which row 2"):
            read_table(table(folder, "path\na/images/01.jpg\nb/images/01.jpg\n"), folder=folder)

    def test_bare_names(self, folder):
        assert read_table(table(folder, "path\n01.jpg\n")).rows[0].path == folder / "images/01.jpg"
        (folder / "other").mkdir()
        (folder / "other/01.jpg").touch()
        with pytest.raises(InputError, match=r"row 2: '01\.jpg' fits 2 files .*write more of its path"):
            read_table(table(folder, "path\n01.jpg\n"))
        assert read_table(table(folder, "path\nother/01.jpg\n")).rows[0].path == folder / "other/01.jpg"

    def test_only_whole_endings_count(self, folder):
        read = read_table(table(folder, "path\nlund/pictures/01.jpg\nx01.jpg\n"), folder=folder)
        assert [bool(row.problem) for row in read] == [True, True]

    def test_absolute_windows_and_dotted_paths(self, folder):
        for written in (
            str(folder / "images/01.jpg"),
            "images\\01.jpg",
            "./images/../images/01.jpg",
            "/old/disk/images/01.jpg",
        ):
            read = read_table(table(folder, f"path\n{written}\n"))
            assert read.rows[0].path == folder / "images/01.jpg", written

    def test_paths_beside_the_table_are_found_when_a_folder_is_given_too(self, folder, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        read = read_table(table(folder, "path\nimages/01.jpg\n"), folder=tmp_path / "elsewhere")
        assert read.rows[0].path == folder / "images/01.jpg"


class TestRefusals:
    @pytest.mark.parametrize(
        ("cells", "says"),
        [
            ("91,13", "row 3 .*latitude 91"),
            ("139.7,35.7", "row 3 .*swap"),
            ("55,181", "row 3 .*longitude 181"),
            ("0,0", "row 3 .*0, 0"),
            ("55,", "row 3 has a latitude only"),
            (",13", "row 3 has a longitude only"),
            ("55E,13N", "row 3 has '13N'"),
            ("-55N,13", "row 3 has '-55N'"),
            ("1_0,13", "row 3 has '1_0'"),
            ("inf,13", "row 3 has 'inf'"),
        ],
    )
    def test_impossible_positions_name_their_row(self, folder, cells, says):
        text = f"img_path,lat,lon\nimages/01.jpg,55.7,13.2\nimages/02.jpg,{cells}\n"
        with pytest.raises(InputError, match=says):
            read_table(table(folder, text))

    def test_all_wrong_rows_are_told_at_once(self, folder):
        lines = "".join(f"images/{n}.jpg,99,{n}\n" for n in range(1, 9))
        with pytest.raises(InputError, match=r"row 2 .*; row 6 .*; and 3 more"):
            read_table(table(folder, "img_path,lat,lon\n" + lines))

    def test_decimal_commas_between_commas(self, folder):
        with pytest.raises(InputError, match="row 2 has 5 cells, the header 3"):
            read_table(table(folder, "img_path,lat,lon\nimages/01.jpg,55,7,13,2\n"))
        with pytest.raises(InputError, match="has '13,2'"):
            read_table(table(folder, 'img_path,lat,lon\nimages/01.jpg,"55,7","13,2"\n'))

    def test_rows_are_lines_of_the_file(self, folder):
        text = 'img_path,lat,lon,note\n\nimages/01.jpg,5,5,"a\nb\nc"\nimages/02.jpg,99,13,\n'
        with pytest.raises(InputError, match="row 6 "):
            read_table(table(folder, text))

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "is empty"),
            (" \n\n", "is empty"),
            ("a,b\n1,2\n", r"no column of image paths: it has 'a', 'b'; call it 'img_path'"),
            ("img_path,lat\nx,1\n", "none called lon or lng"),
            ("img_path,lat,Lat,lon\nx,1,1,1\n", "2 columns called 'lat'"),
            ("img_path,lat,lon\nimages/01.jpg,1\n", "row 2 has 2 cells"),
            ("img_path,lat,lon\n,1,1\n", "row 2 has no path"),
            ("img_path,lat,lon\nimages/01.jpg,1,1\nimages/01.jpg,2,2\n", "row 3 names .* which row 2 names"),
            (
                "img_path,lat,lon\nimages/01.jpg,1,1\nimages/../images/01.jpg,2,2\n",
                "row 3 names .* which row 2 names",
            ),
            ("img_path,lat,lon\ngone.jpg,1,1\ngone.jpg,2,2\n", "row 3 names .* which row 2 names"),
            ("img_path,captured_at\nimages/01.jpg,noon\n", "row 2 has 'noon' where a time"),
            ("img_path,captured_at\nimages/01.jpg,20240501\n", "row 2 has '20240501' where a time"),
            ('img_path,lat,lon\n"images/01.jpg,1,1\n', "row 2 cannot be split"),
            (b"img_path,lat,lon\nimages/\xfcber.jpg,1,1\n", "row 2 is not UTF-8"),
            (b"img_path\0,lat", "zero characters"),
            (b"PK\x03\x04" + bytes(100), "workbook"),
        ],
    )
    def test_what_cannot_be_read_says_why(self, folder, text, says):
        path = table(folder, text)
        with pytest.raises(InputError, match=says) as caught:
            read_table(path)
        assert str(path) in str(caught.value)

    def test_missing_tables_and_folders(self, folder):
        with pytest.raises(NotFoundError, match=r"none\.csv does not exist"):
            read_table(folder / "none.csv")
        with pytest.raises(InputError, match="is a folder"):
            read_table(folder)
        with pytest.raises(NotFoundError, match="folder of pictures"):
            read_table(table(folder, "path\n"), folder=folder / "none")


# Slashes would be read as folders; surrounding blanks are not part of a cell.
names_of_files = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="/\\"))
names_of_files = names_of_files.map(lambda name: f"x{name}y")


class TestWriting:
    ROW: ClassVar = {
        "img_path": "a, b.jpg",
        "lat": 0.1 + 0.2,
        "n": 7,
        "at": datetime(2024, 2, 29, tzinfo=UTC),
        "ok": True,
    }

    def test_csv(self, tmp_path):
        path = tmp_path / "out.csv"
        write_rows(path, [self.ROW, {"lat": float("nan")}], ["img_path", "lat", "lon", "n", "at", "ok"])
        assert path.read_text() == (
            "img_path,lat,lon,n,at,ok\n"
            '"a, b.jpg",0.30000000000000004,,7,2024-02-29T00:00:00+00:00,True\n'
            ",,,,,\n"
        )  # fmt: skip

    def test_parquet(self, tmp_path):
        path = tmp_path / "out.parquet"
        write_rows(path, [self.ROW, {"lat": float("nan")}], ["img_path", "lat", "lon", "n", "at", "ok"])
        first, second = pq.read_table(path).to_pylist()
        assert first == self.ROW | {"lon": None}
        assert set(second.values()) == {None}

    def test_no_rows_are_a_table_too(self, tmp_path):
        for name in ("out.csv", "out.parquet", "out.tsv"):
            write_rows(tmp_path / name, [], ["path", "lat"])
        assert (tmp_path / "out.tsv").read_text() == "path\tlat\n"
        assert pq.read_table(tmp_path / "out.parquet").column_names == ["path", "lat"]

    def test_refusals_leave_the_old_file(self, tmp_path):
        path = tmp_path / "out.csv"
        path.write_text("old")
        with pytest.raises(InputError, match="column 'stray'"):
            write_rows(path, [{"a": 1}, {"stray": 1}], ["a"])
        with pytest.raises(InputError, match="named twice"):
            write_rows(path, [], ["a", "a"])
        with pytest.raises(InputError, match=r"\.csv, \.tsv or \.parquet"):
            write_rows(tmp_path / "out.xlsx", [], ["a"])
        with pytest.raises(InputError, match="mixes kinds"):
            write_rows(tmp_path / "out.parquet", [{"a": 1}, {"a": "x"}], ["a"])
        assert [item.name for item in tmp_path.iterdir()] == ["out.csv"]
        assert path.read_text() == "old"

    def test_rows_may_come_from_a_generator_that_fails(self, tmp_path):
        def rows():
            yield {"a": 1}
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_rows(tmp_path / "out.csv", rows(), ["a"])
        assert list(tmp_path.iterdir()) == []

    @settings(max_examples=50, deadline=None)
    @given(
        rows=st.lists(
            st.tuples(names_of_files, st.floats(0.001, 90), st.floats(-180, 180), st.text("0123456789")),
            max_size=8,
            unique_by=lambda row: row[0],
        ),
        suffix=st.sampled_from([".csv", ".tsv", ".parquet"]),
    )  # fmt: skip
    def test_what_is_written_is_read_back(self, tmp_path_factory, rows, suffix):
        path = tmp_path_factory.mktemp("rows") / f"photos{suffix}"
        names = ("img_path", "lat", "lon", "camera_id")
        write_rows(path, [dict(zip(names, row, strict=True)) for row in rows], names)
        read = read_table(path)
        assert [(row.name, row.latitude_deg, row.longitude_deg, row.camera_id) for row in read] == rows


def test_reading_csv_needs_no_pyarrow(folder):
    path = table(folder, "img_path,lat,lon\n" + ROWS)
    code = (
        "import sys; from whence.imagery.table import read_table; "
        f"read_table({str(path)!r}); sys.exit('pyarrow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "manifest", "rows", "present"),
    [
        ("exif_samples", "manifest.csv", 15, 11),
        ("lund", "manifest.csv", 32, 29),
        ("osv5m", "manifest.csv", 6, 6),
        ("osv5m", "countries.csv", 15, 15),
        ("signs", "expected.csv", 5, 5),
    ],
)
def test_real_manifests(shared_data, name, manifest, rows, present):
    folder = shared_data / "photos" / name
    if not (folder / manifest).exists():
        pytest.skip(f"{name} is not among the real data sets")
    read = read_table(folder / manifest, folder=folder)
    assert len(read) == rows
    found = [row for row in read if not row.problem]
    assert len(found) == present
    assert all(row.path.is_file() and row.path.name == Path(row.name).name for row in found)
    assert len({row.path for row in found}) == present


def test_offsets_of_times_are_kept(folder):
    row = read_table(table(folder, "path,time\nimages/01.jpg,2024-05-01T12:00:00+05:45\n")).rows[0]
    assert row.captured_at.utcoffset() == timedelta(hours=5.75)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_disk_that_fills_while_writing_leaves_the_old_file(tmp_path, suffix):
    resource = pytest.importorskip("resource", reason="limits on file sizes are a matter of POSIX")
    path = tmp_path / f"out{suffix}"
    write_rows(path, [{"a": 1.5}], ["a"])
    before = path.read_bytes()
    rows = [{"a": value} for value in np.random.default_rng(0).random(50_000)]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        with pytest.raises(InputError, match=r"out\..* cannot be written .*nothing was changed"):
            write_rows(path, rows, ["a"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
