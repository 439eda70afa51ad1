"""Catalogue: what is written is read back, and what cannot be is refused by name."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from whence.errors import InputError, NotFoundError, WhenceError
from whence.imagery.catalogue import Catalogue
from whence.imagery.table import read_table

OSV5M_HEADER = (
    "id,latitude,longitude,thumb_original_url,country,sequence,captured_at,lon_bin,lat_bin,cell,region,"
    "sub-region,city,creator_username"
)
OSV5M_ROWS = (
    (
        '3859149887465501,-43.804769384023,-176.61409250805,http://x/a,NZ,seq9,1599045632000,8,0,"(0, 8)",'
        "Chatham Islands,,Waitangi,roadroid"
    ),
    '0012,-22.56,17.08,,NA,1e5,1599045632001,3,1,"(1, 3)",Khomas,,Windhoek,',
)


@pytest.fixture
def osv5m_csv(tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    path.write_text("\n".join([OSV5M_HEADER, *OSV5M_ROWS]) + "\n", encoding="utf-8")
    return path


def columns_equal(one: Catalogue, other: Catalogue) -> bool:
    return bool(one.table.equals(other.table))


def test_the_published_columns_get_the_names_of_the_house(osv5m_csv):
    """Oracle: Python's csv module, cell by cell."""
    known = Catalogue.read(osv5m_csv)
    with osv5m_csv.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert known.ids == [row["id"] for row in rows]
    np.testing.assert_array_equal(
        known.lonlat, [[float(row["longitude"]), float(row["latitude"])] for row in rows]
    )
    assert known.column("sequence_id").tolist() == ["seq9", "1e5"]
    assert known.column("author").tolist() == ["roadroid", ""]
    for name in ("country", "sub-region", "cell", "captured_at"):
        assert known.column(name).tolist() == [row[name] for row in rows]
    assert known.column("lon_bin").tolist() == [8, 3]


def test_namibia_is_a_country_and_no_missing_value(osv5m_csv):
    assert Catalogue.read(osv5m_csv).column("country").tolist() == ["NZ", "NA"]


def test_parquet_round_trip_keeps_every_column_and_row(osv5m_csv, tmp_path):
    known = Catalogue.read(osv5m_csv)
    known.write(tmp_path / "metadata.parquet")
    again = Catalogue.read(tmp_path / "metadata.parquet")
    assert columns_equal(known, again)
    assert again.digest() == known.digest()


def test_unknown_positions_are_nan_whatever_they_were_called(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id;lat;lon\na;1;2\nb;;\nc;NaN;nan\nd; n/a ;NULL\n")
    lonlat = Catalogue.read(path).lonlat
    np.testing.assert_array_equal(lonlat[0], [2, 1])
    assert np.isnan(lonlat[1:]).all()


def test_the_path_is_the_id_where_there_is_no_other(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("img_path,lat,lon\na/1.jpg,1,2\n")
    assert Catalogue.read(path).ids == ["a/1.jpg"]


def test_a_photo_table_gives_the_same_as_its_columns(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "img_path,lat,lon,camera_id,captured_at,floor\na.jpg,1,2,c1,2008-10-22T16:28:39,3\nb.jpg,,,,,4\n"
    )
    known = Catalogue.of_table(read_table(path))
    assert known.ids == ["a.jpg", "b.jpg"]
    assert known.names == ("id", "lat", "lon", "camera_id", "captured_at", "floor")
    assert known.column("camera_id").tolist() == ["c1", ""]
    assert known.column("floor").tolist() == [3, 4]
    np.testing.assert_array_equal(known.lonlat, [[2, 1], [np.nan, np.nan]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,lat,lon\na,1,2\nb,1,2\na,3,4\n", "1 ids stand on more than one row: a"),
        ("id,lat,lon\na,1,2\nb,1,\n", "1 rows have half a position: b"),
        ("id,lat\na,1\n", "1 rows have half a position: a"),
        ("id,lat,lon\na,91,2\nb,1,2\n", "1 rows have a lat beyond 90 degrees: a (91)"),
        ("id,lat,lon\na,1,-180.5\nb,1,inf\n", "2 rows have a lon beyond 180 degrees: a (-180.5), b (inf)"),
        ("id,lat,lon\na,north,2\n", "'lat' has 1 values that are no degrees: 'north'"),
        ("id,lat,lon\n,1,2\n", "1 of 1 rows have no id"),
        ("lat,lon\n1,2\n", "no column of ids"),
        ("id,lat,lat\na,1,2\n", "a column stands twice"),
        ("id,lat,lon\na,1,2,3\n", "cannot be read as CSV"),
        ("", "is empty"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path, text, said):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        Catalogue.read(path)
    assert "t.csv" in str(caught.value)


def test_a_missing_or_damaged_file_is_said(tmp_path):
    with pytest.raises(NotFoundError, match="does not exist"):
        Catalogue.read(tmp_path / "none.csv")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(WhenceError, match="cannot be read as Parquet"):
        Catalogue.read(tmp_path / "t.parquet")


def test_numbers_that_would_lose_their_writing_stay_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,zip,level,share\na,007,1,0.5\nb,12,-2,1e-3\n")
    known = Catalogue.read(path)
    assert known.column("zip").tolist() == ["007", "12"]
    assert known.column("level").tolist() == [1, -2]
    assert known.column("share").tolist() == [0.5, 0.001]


def test_rows_are_found_by_their_ids_and_taken_in_order():
    known = Catalogue.of_arrays([[3.0, 3], [1, 1], [2, 2]], ids=["c", "a", "b"])
    rows = known.rows_of(["a", "b"])
    assert rows.tolist() == [1, 2]
    assert known.take(rows).ids == ["a", "b"]
    assert known.take(np.array([True, False, True])).ids == ["c", "b"]
    with pytest.raises(InputError, match="1 ids are not in the metadata: z"):
        known.rows_of(["a", "z"])


def test_the_digest_tells_ids_positions_and_order_apart():
    lonlat = np.array([[1.0, 2], [3, 4]])
    base = Catalogue.of_arrays(lonlat, ids=["ab", "c"])
    others = [
        Catalogue.of_arrays(lonlat, ids=["a", "bc"]),
        Catalogue.of_arrays([[1, 2 + 1e-12], [3, 4]], ids=["ab", "c"]),
        base.take([1, 0]),
    ]
    assert len({item.digest() for item in [base, *others]}) == 4
    assert base.with_column("city", ["x", "y"]).digest() == base.digest()


def test_the_digest_does_not_depend_on_how_arrow_cuts_its_chunks():
    ids, numbers = [f"k{i}" for i in range(10)], np.arange(10.0)
    whole = pa.table({"id": ids, "lat": numbers, "lon": numbers})
    pieces = pa.concat_tables([whole.slice(0, 3), whole.slice(3, 1), whole.slice(4)])
    assert Catalogue(whole).digest() == Catalogue(pieces).digest()


def test_parquet_of_others_with_numbers_as_ids(tmp_path):
    table = pa.table(
        {"ID": [7, 8], "Latitude": [1.0, None], "Longitude": [2.0, float("nan")], "k": ["x", None]}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    known = Catalogue.read(tmp_path / "t.parquet")
    assert known.ids == ["7", "8"]
    assert known.column("k").tolist() == ["x", ""]
    assert np.isnan(known.lonlat[1]).all()


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="differ in length: id 2, lat 2, lon 2, city 1"):
        Catalogue.of_arrays([[1, 2], [3, 4]], city=["x"])
    with pytest.raises(InputError, match="there is no column 'city'; there are id, lat, lon"):
        Catalogue.of_arrays([[1, 2]]).column("city")


def test_positions_are_replaced_together():
    known = Catalogue.of_arrays([[np.nan, np.nan], [1, 2]], ids=["a", "b"], city=["x", "y"])
    again = known.with_lonlat([[5, 6], [np.nan, np.nan]])
    np.testing.assert_array_equal(again.lonlat, [[5, 6], [np.nan, np.nan]])
    assert again.column("city").tolist() == ["x", "y"]
    assert (again.column("lat")[0], again.names) == (6, known.names)


@pytest.mark.parametrize(
    "content", ["\ufeffid,lat,lon\r\na,1,2\r\n", 'id|lat|lon\n"a"|1|2\n', "ID\tLat\tLng\na\t1\t2\n"]
)
def test_marks_separators_and_line_ends_do_not_matter(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode())
    known = Catalogue.read(path)
    assert (known.ids, known.lonlat.tolist()) == (["a"], [[2, 1]])


def test_a_table_without_rows_is_empty_and_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,lat,lon\n")
    empty = Catalogue.read(path)
    assert (len(empty), empty.lonlat.shape, len(empty.digest())) == (0, (0, 2), 64)
    for content in (b"id,city\na,Malm\xf6\n", b"id,b\xf6\na,c\n"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="cannot be read as CSV"):
            Catalogue.read(path)
