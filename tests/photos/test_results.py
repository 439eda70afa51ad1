"""Tables of results: round trips, foreign files, and errors that name their rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.errors import FormatError, InputError, NotFoundError
from whence.photos.results import NO_POSITION, RESULT_COLUMNS, ResultRow, read_results, write_results

LOCATED = ResultRow(
    "город/a, b.jpg",
    gt_lat=52.5,
    gt_lon=13.4,
    pred_lat=52.51,
    pred_lon=13.41,
    error_m=1300.5,
    radius_m=2500.25,
    probability=0.75,
    sources=("exif", "text"),
)
LOST = ResultRow("b.jpg", status="unreadable: not a picture")


def _file(folder: Path, text: str, name: str = "results.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"results{suffix}"
    write_results(path, [LOCATED, LOST])
    assert read_results(path) == [LOCATED, LOST]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_without_rows_is_read_back(tmp_path: Path, suffix: str) -> None:
    write_results(tmp_path / f"none{suffix}", [])
    assert read_results(tmp_path / f"none{suffix}") == []


def test_columns_are_written_in_the_stated_order_and_extra_ones_after_them(tmp_path: Path) -> None:
    write_results(tmp_path / "r.csv", [ResultRow("a.jpg", status="no evidence", extra={"camera": "7"})])
    heading, row = (tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()
    assert heading == ",".join([*RESULT_COLUMNS, "camera"])
    assert row == "a.jpg,,,,,,,,,no evidence,7"
    assert read_results(tmp_path / "r.csv")[0].extra == {"camera": "7"}


@settings(max_examples=50, deadline=None)
@given(
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
        lambda text: text == text.strip()
    ),
)
def test_positions_survive_to_a_millimetre(
    tmp_path_factory: pytest.TempPathFactory, latitude: float, longitude: float, name: str
) -> None:
    path = tmp_path_factory.mktemp("rows") / "r.csv"
    write_results(path, [ResultRow(name, pred_lat=latitude, pred_lon=longitude)])
    (row,) = read_results(path)
    assert row.img_path == name
    assert row.prediction == pytest.approx((longitude, latitude), abs=5.1e-9)


def test_a_foreign_file_gets_its_errors_and_statuses(tmp_path: Path) -> None:
    # One degree of latitude from the equator is 110,574.4 m on WGS 84 (meridian arc, Karney's series).
    path = _file(tmp_path, "pred_lon,gt_lon,img_path,gt_lat,pred_lat\n0,0,a.jpg,0,1\n,0,b.jpg,0,\n")
    first, second = read_results(path)
    assert first.error_m == pytest.approx(110_574.39, abs=0.01)
    assert (first.status, second.status, second.prediction) == ("located", NO_POSITION, None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_byte_order_marks_and_other_names_are_understood(tmp_path: Path, delimiter: str) -> None:
    lines = [["ID", "true_lat", "true_lon", "pred_lat", "pred_lon"], ["7", "1", "2", "3", "4"]]
    path = _file(tmp_path, "\ufeff" + "\r\n".join(delimiter.join(line) for line in lines))
    (row,) = read_results(path)
    assert (row.img_path, row.truth, row.prediction) == ("7", (2.0, 1.0), (4.0, 3.0))


def test_the_canonical_name_wins_over_its_aliases(tmp_path: Path) -> None:
    path = _file(tmp_path, "lat,lon,gt_lat,gt_lon,img_path,pred_lat,pred_lon\n9,9,1,2,a,0,0\n")
    (row,) = read_results(path)
    assert row.truth == (2.0, 1.0)
    assert row.extra == {"lat": "9", "lon": "9"}


def test_missing_values_of_other_programs_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    columns = {"path": ["a"], "pred_lat": [float("nan")], "pred_lon": [float("nan")]}
    pq.write_table(pa.table(columns), path)
    assert read_results(path)[0].prediction is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,1,2,91,0", "row 3: pred_lat 91, pred_lon 0 is outside"),
        ("a,1,2,3,", "row 3: pred_lat and pred_lon belong together"),
        ("a,north,2,3,4", "row 3: gt_lat is 'north'"),
        ("a,1,2,inf,4", "row 3: pred_lat is inf"),
    ],
)
def test_wrong_values_are_refused_with_their_row(tmp_path: Path, row: str, message: str) -> None:
    path = _file(tmp_path, f"img_path,gt_lat,gt_lon,pred_lat,pred_lon\nok,1,2,3,4\n{row}\n")
    with pytest.raises(InputError, match=message):
        read_results(path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"radius_m": -1}, "lengths are not negative"),
        ({"probability": 1.5}, "between 0 and 1"),
        ({"status": "located"}, "no predicted position"),
    ],
)
def test_contradictory_rows_are_refused(columns: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ResultRow.from_mapping({"img_path": "a"} | columns)


def test_files_that_are_no_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        read_results(tmp_path / "absent.csv")
    with pytest.raises(FormatError, match="no column img_path, pred_lat, pred_lon"):
        read_results(_file(tmp_path, "town,year\nLund,990\n"))
    with pytest.raises(InputError, match="row 2 has 4 cells, the header 3"):
        read_results(_file(tmp_path, "img_path,pred_lat,pred_lon\na,1,2,3\n"))
    with pytest.raises(InputError, match="damaged Parquet"):
        read_results(_file(tmp_path, "PAR1 and no more", "r.parquet"))
    (tmp_path / "latin.csv").write_bytes("img_path,pred_lat,pred_lon\nMünchen,1,2\n".encode("latin-1"))
    with pytest.raises(InputError, match="row 2 is not UTF-8"):
        read_results(tmp_path / "latin.csv")


@pytest.mark.shared_data
def test_a_published_table_is_read(shared_data: Path) -> None:
    rows = read_results(shared_data / "photos/osv5m/select.csv")
    assert len(rows) == 50
    assert rows[0].img_path == "297765091851450"
    assert rows[0].truth == (170.12986498719653, -43.94258213019922)
