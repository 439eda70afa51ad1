"""`whence.locate` on files made here: positions, statuses, and nothing lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest

import whence
from whence.earth.sphere import distance_m
from whence.errors import InputError, NotFoundError
from whence.imagery.exif import Metadata
from whence.imagery.photo import Photo
from whence.imagery.stamping import write_metadata
from whence.photos.estimate import NO_EVIDENCE, Estimate
from whence.photos.journal import Journal
from whence.photos.locate import gather, locate_each, locator

if TYPE_CHECKING:
    from whence.photos.evidence.evidence import Evidence

LUND = (13.195, 55.698)
SOURCES = ["exif", "time"]


def write_photo(path: Path, *, lonlat: tuple[float, float] | None = None) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    PIL.Image.fromarray(noise).save(path)
    if lonlat is not None:
        write_metadata(path, Metadata(longitude_deg=lonlat[0], latitude_deg=lonlat[1]))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five files of the kinds that a folder of photographs holds."""
    write_photo(tmp_path / "a.jpg", lonlat=LUND)
    write_photo(tmp_path / "b.jpg")
    (tmp_path / "c.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-200])  # cut off, but EXIF is whole
    (tmp_path / "d.jpg").write_bytes(b"")
    (tmp_path / "e.jpg").write_text("not a picture")
    return tmp_path


def test_one_photograph_gives_one_estimate(folder: Path) -> None:
    estimate = whence.locate(folder / "a.jpg", sources=SOURCES)
    assert isinstance(estimate, Estimate)
    assert distance_m((estimate.best.longitude_deg, estimate.best.latitude_deg), LUND) < 1


def test_a_folder_gives_a_row_for_every_file(folder: Path) -> None:
    estimates = whence.locate(folder, sources=SOURCES)
    assert [Path(estimate.path).name for estimate in estimates] == [
        "a.jpg",
        "b.jpg",
        "c.jpg",
        "d.jpg",
        "e.jpg",
    ]
    assert [estimate.located for estimate in estimates] == [True, False, True, False, False]
    assert estimates[1].status == NO_EVIDENCE
    assert estimates[3].status.startswith("unreadable: ")
    assert estimates[4].status.startswith("unreadable: ")


def test_a_picture_in_memory_has_no_metadata_to_go_by() -> None:
    estimate = whence.locate(np.zeros((48, 64, 3), np.uint8), sources=SOURCES)
    assert estimate.status == NO_EVIDENCE


def test_a_list_keeps_its_order_and_kinds(folder: Path) -> None:
    given = [folder / "b.jpg", np.zeros((8, 8, 3), np.uint8), str(folder / "a.jpg"), Photo(folder / "a.jpg")]
    located = [estimate.located for estimate in whence.locate(given, sources=SOURCES)]
    assert located == [False, False, True, True]


def test_a_missing_file_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        whence.locate(tmp_path / "absent.jpg", sources=SOURCES)


def test_a_table_adds_the_truth_and_its_missing_files_keep_their_rows(folder: Path) -> None:
    table = folder / "photos.csv"
    table.write_text("lon,lat,img_path\n13.195,55.699,a.jpg\n13.2,55.7,gone.jpg\n")
    estimates = {Path(e.path).name: e for e in whence.locate(folder, table=table, sources=SOURCES)}
    assert set(estimates) == {"a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "gone.jpg"}
    # A thousandth of a degree of latitude on the ellipsoid at 55.7° is 111.35 m.
    assert estimates["a.jpg"].error_m == pytest.approx(111.35, abs=0.05)
    assert estimates["gone.jpg"].status.startswith("unreadable: ")
    assert estimates["gone.jpg"].truth == (13.2, 55.7)


def test_the_truth_never_helps_the_answer(folder: Path) -> None:
    table = folder / "photos.csv"
    table.write_text("img_path,lat,lon,camera_id\nb.jpg,55.7,13.2,phone\n")
    (estimate,) = whence.locate([folder / "b.jpg"], table=table, sources=SOURCES)
    assert (estimate.located, estimate.truth) == (False, (13.2, 55.7))


def test_nothing_to_locate_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name photographs"):
        gather([])
    with pytest.raises(InputError, match="no pictures"):
        gather([tmp_path])


@pytest.mark.parametrize(
    "options", [{"top_k": 0}, {"confidence": 0.0}, {"confidence": 1.0}, {"sources": ["x"]}]
)
def test_bad_options_are_refused_before_any_work(folder: Path, options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        whence.locate(folder, **options)


def test_processes_give_the_same_answers(folder: Path) -> None:
    prepared = locator(sources=SOURCES)
    photos = gather([folder])
    alone = [estimate.to_json() for estimate in locate_each(photos, prepared)]
    shared = [estimate.to_json() for estimate in locate_each(photos, prepared, jobs=2)]
    assert alone == shared


class Interrupted(Exception):
    """Stands for whatever ends a run in the middle."""


def test_an_interrupted_run_goes_on_where_it_stopped(folder: Path, tmp_path: Path) -> None:
    prepared = locator(sources=["exif"])
    asked: list[str] = []

    def counting(photo: Photo) -> Evidence | None:
        if len(asked) == 2:
            raise Interrupted
        asked.append(photo.path.name)
        return exif(photo)

    exif = prepared.sources.ready["exif"]
    prepared.sources.ready["exif"] = counting
    photos = gather([folder])
    path = tmp_path / "journal"
    with pytest.raises(Interrupted), Journal(path, settings=prepared.fingerprint) as journal:
        list(locate_each(photos, prepared, journal=journal))
    assert asked == ["a.jpg", "b.jpg"]
    prepared.sources.ready["exif"] = exif
    with Journal(path, settings=prepared.fingerprint) as journal:
        finished = list(locate_each(photos, prepared, journal=journal))
        journal.finish()
    assert [e.to_json() for e in finished] == [e.to_json() for e in locate_each(photos, prepared)]
    assert not path.exists()


def test_a_line_cut_short_is_done_again(folder: Path, tmp_path: Path) -> None:
    prepared = locator(sources=["exif"])
    photos = gather([folder])
    path = tmp_path / "journal"
    with Journal(path, settings=prepared.fingerprint) as journal:
        list(locate_each(photos, prepared, journal=journal))
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with Journal(path, settings=prepared.fingerprint) as journal:
        again = list(locate_each(photos, prepared, journal=journal))
    assert len(again) == 5
    assert path.read_bytes() == whole


def test_a_journal_of_other_settings_is_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path, settings="one"):
        pass
    with pytest.raises(InputError, match="--restart"), Journal(path, settings="other"):
        pass
    with Journal(path, settings="other", restart=True) as journal:
        assert journal.find("anything") is None


def test_a_file_that_changed_is_looked_at_again(folder: Path, tmp_path: Path) -> None:
    prepared = locator(sources=["exif"])
    path = tmp_path / "journal"
    photos = gather([folder / "b.jpg"])
    with Journal(path, settings=prepared.fingerprint) as journal:
        (before,) = locate_each(photos, prepared, journal=journal)
    write_photo(folder / "b.jpg", lonlat=LUND)
    with Journal(path, settings=prepared.fingerprint) as journal:
        (after,) = locate_each(gather([folder / "b.jpg"]), prepared, journal=journal)
    assert (before.located, after.located) == (False, True)
