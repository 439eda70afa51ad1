"""Archives and tables in the published layout become a store; every fault is told or listed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
from fake_osv5m import FAULTS, fake_ids, plain_picture, write_fake_osv5m

from whence.errors import FormatError, InputError, NotFoundError
from whence.imagery.store import ImageStore, StoreWriter
from whence.photos.datasets import HubSource, import_osv5m
from whence.photos.datasets.osv5m import Osv5mSettings

COUNT = 36
COMMIT = "0123456789abcdef" * 2 + "01234567"


def positions(count: int = COUNT) -> np.ndarray:
    generator = np.random.default_rng(7)
    return np.column_stack([generator.uniform(-180, 180, count), generator.uniform(-85, 85, count)])


def settings(**values: object) -> Osv5mSettings:
    return Osv5mSettings(**values)


def test_bytes_positions_and_columns_arrive_unchanged(tmp_path):
    lonlat = positions()
    pictures = write_fake_osv5m(tmp_path / "osv5m", lonlat)
    store = import_osv5m(tmp_path / "osv5m", tmp_path / "store")
    assert dict(store.items()) == pictures
    assert store.excluded == ()
    rows = [fake_ids(COUNT).index(name) for name in store.ids]
    np.testing.assert_array_equal(store.metadata.lonlat, lonlat[rows])
    known = store.metadata
    assert known.column("country").tolist() == [("NA", "FR", "NZ")[row % 3] for row in rows]
    assert known.column("sequence_id").tolist() == [f"seq{row // 2}" for row in rows]
    assert known.column("author").tolist() == [f"user{row % 6}" for row in rows]
    assert known.column("sub-region").tolist() == [f"Sub {row % 7}" if row % 4 else "" for row in rows]
    assert known.column("captured_at").tolist() == [str(1_600_000_000_000 + r * 3_600_000) for r in rows]
    assert "thumb_original_url" not in known.names
    assert store.ids == sorted(store.ids)


def test_the_two_splits_share_a_folder_but_no_store(tmp_path):
    train = write_fake_osv5m(tmp_path / "osv5m", positions(9))
    test = write_fake_osv5m(tmp_path / "osv5m", positions(6), split="test", zips=1)
    first = import_osv5m(tmp_path / "osv5m", tmp_path / "train")
    second = import_osv5m(tmp_path / "osv5m", tmp_path / "test", settings=settings(split="test"))
    assert dict(first.items()) == train
    assert dict(second.items()) == test
    assert first.header.source["split"] == "train"


EXPECTED_KINDS = {
    "absent_member": "no image in the archives",
    "broken_jpeg": "broken",
    "bad_crc": "damaged in its archive",
    "stray_member": "no row in the table",
    "repeated_row": "id repeated in the table",
    "contradicting_row": "id repeated in the table",
    "repeated_member": "id repeated in the archives",
    "out_of_range": "position out of range",
    "half_position": "half a position in the table",
}


@pytest.mark.parametrize("fault", EXPECTED_KINDS)
def test_one_fault_costs_its_picture_only_and_is_listed(tmp_path, fault):
    pictures = write_fake_osv5m(tmp_path / "osv5m", positions(), faults=[fault])
    store = import_osv5m(tmp_path / "osv5m", tmp_path / "store")
    assert dict(store.items()) == pictures
    assert len(pictures) == COUNT - (fault not in ("repeated_row", "repeated_member"))
    listed = {(item.id, item.kind) for item in store.excluded}
    assert listed == {(fake_ids(1)[0], EXPECTED_KINDS[fault])}


def test_every_single_fault_at_once_is_counted(tmp_path):
    single = list(EXPECTED_KINDS)
    pictures = write_fake_osv5m(tmp_path / "osv5m", positions(), faults=single)
    store = import_osv5m(tmp_path / "osv5m", tmp_path / "store")
    assert dict(store.items()) == pictures
    kinds = Counter(EXPECTED_KINDS[fault] for fault in single)
    kinds["id repeated in the table"] += 1  # both of the rows that contradict each other
    assert Counter(item.kind for item in store.excluded) == kinds
    assert store.verify(decode=True).is_sound


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("truncated_zip", r"1 archives of .* cannot be read.*images/train/02\.zip"),
        ("absent_zip", r"1 archives of .* are missing: 01\.zip"),
    ],
)
def test_a_whole_archive_gone_is_an_error_unless_allowed(tmp_path, fault, said):
    pictures = write_fake_osv5m(tmp_path / "osv5m", positions(), faults=[fault])
    with pytest.raises(InputError, match=said):
        import_osv5m(tmp_path / "osv5m", tmp_path / "store")
    store = import_osv5m(tmp_path / "osv5m", tmp_path / "store", settings=settings(allow_missing=True))
    assert dict(store.items()) == pictures
    kinds = Counter(item.kind for item in store.excluded)
    assert kinds["no image in the archives"] == COUNT - len(pictures) == 12
    assert kinds["archive cannot be read"] == (fault == "truncated_zip")


def test_archives_missing_at_the_end_of_the_numbering_are_found_by_their_rows(tmp_path):
    """Then the missing one is brought, and the import goes on where it stopped."""
    pictures = write_fake_osv5m(tmp_path / "osv5m", positions())
    last = tmp_path / "osv5m/images/train/02.zip"
    aside = last.rename(tmp_path / "02.zip")
    with pytest.raises(InputError, match=r"12 of 36 rows have no usable picture.*--allow-missing"):
        import_osv5m(tmp_path / "osv5m", tmp_path / "store")
    with pytest.raises(FormatError, match=r"incomplete.*whence dataset osv5m"):
        ImageStore.open(tmp_path / "store")
    aside.rename(last)
    assert dict(import_osv5m(tmp_path / "osv5m", tmp_path / "store").items()) == pictures


def test_a_limit_takes_the_first_pictures_of_the_archives(tmp_path):
    pictures = write_fake_osv5m(tmp_path / "osv5m", positions())
    store = import_osv5m(tmp_path / "osv5m", tmp_path / "store", settings=settings(limit=7))
    assert set(store.ids) == set(fake_ids(COUNT)[0::3][:7])
    assert all(store.read(name) == pictures[name] for name in store.ids)
    assert store.excluded == ()


def test_a_cut_archive_within_the_limit_is_an_error_unless_allowed(tmp_path):
    write_fake_osv5m(tmp_path / "osv5m", positions(), zips=1, faults=["truncated_zip"])
    with pytest.raises(InputError, match=r"00\.zip cannot be read as a zip archive.*--allow-missing"):
        import_osv5m(tmp_path / "osv5m", tmp_path / "store", settings=settings(limit=5))


def test_finished_archives_are_not_opened_again(tmp_path, monkeypatch):
    pictures = write_fake_osv5m(tmp_path / "osv5m", positions())
    (tmp_path / "osv5m/images/train/02.zip").rename(tmp_path / "02.zip")
    with pytest.raises(InputError):
        import_osv5m(tmp_path / "osv5m", tmp_path / "store")
    (tmp_path / "02.zip").rename(tmp_path / "osv5m/images/train/02.zip")
    read: list[str] = []
    from whence.photos.datasets import archives

    original = archives.Archive.read
    monkeypatch.setattr(
        "whence.photos.datasets.archives.Archive.read",
        lambda self, member: (read.append(member.id), original(self, member))[1],
    )
    assert dict(import_osv5m(tmp_path / "osv5m", tmp_path / "store").items()) == pictures
    assert sorted(read) == sorted(fake_ids(COUNT)[2::3])


def test_an_interruption_in_the_middle_of_an_archive_costs_one_batch(tmp_path, monkeypatch):
    """An exception after every few pictures; what was committed is not read again, nothing is doubled."""
    pictures = write_fake_osv5m(tmp_path / "osv5m", positions(), faults=["repeated_member", "broken_jpeg"])
    original, counter = StoreWriter.add, iter(range(10**6))

    def interrupted(self: StoreWriter, name: str, data: bytes) -> bool:
        self._batch_bytes = 3000  # two pictures or so
        if next(counter) % 9 == 8:
            raise KeyboardInterrupt
        return original(self, name, data)

    monkeypatch.setattr(StoreWriter, "add", interrupted)
    runs = 0
    while True:
        runs += 1
        try:
            store = import_osv5m(tmp_path / "osv5m", tmp_path / "store")
            break
        except KeyboardInterrupt:
            with pytest.raises(FormatError, match="incomplete"):
                ImageStore.open(tmp_path / "store")
    assert runs > 3
    assert dict(store.items()) == pictures
    assert Counter(item.kind for item in store.excluded) == {"id repeated in the archives": 1, "broken": 1}


IMPORT = """
import sys
sys.path[:0] = {path!r}
from whence.imagery.store import StoreWriter
import whence.imagery.store.writing as writing
from whence.photos.datasets import import_osv5m
import time
add = StoreWriter.add
def slow(self, name, data):
    self._batch_bytes = 5000
    time.sleep(0.01)
    return add(self, name, data)
StoreWriter.add = slow
import_osv5m({source!r}, {out!r})
"""


def test_a_killed_import_goes_on_and_is_whole(tmp_path):
    pictures = write_fake_osv5m(tmp_path / "osv5m", positions(150), faults=["absent_member"])
    out = tmp_path / "store"
    code = IMPORT.format(path=sys.path, source=str(tmp_path / "osv5m"), out=str(out))
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 30
    data = out / "images.lmdb" / "data.mdb"
    while time.monotonic() < deadline and not (data.exists() and data.stat().st_size > 60_000):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(FormatError, match="incomplete"):
        ImageStore.open(out)
    with StoreWriter.open(out, source=_source_of(out)) as writer:
        assert 0 < len(writer) < 149
    store = import_osv5m(tmp_path / "osv5m", out)
    assert dict(store.items()) == pictures
    assert [item.kind for item in store.excluded] == ["no image in the archives"]


def _source_of(folder: Path) -> dict[str, object]:
    from whence.imagery.store.header import read_header

    return dict(read_header(folder).source)


def test_absent_sources_tables_and_archives_are_said(tmp_path):
    with pytest.raises(NotFoundError, match="there is no folder"):
        import_osv5m(tmp_path / "none", tmp_path / "store")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match=r"has no archives images/train/\*\.zip"):
        import_osv5m(tmp_path / "empty", tmp_path / "store")
    write_fake_osv5m(tmp_path / "osv5m", positions(3))
    (tmp_path / "osv5m" / "train.csv").unlink()
    with pytest.raises(NotFoundError, match=r"has no train\.csv"):
        import_osv5m(tmp_path / "osv5m", tmp_path / "store")


def test_a_finished_store_is_said_before_the_source_is_asked(tmp_path):
    write_fake_osv5m(tmp_path / "osv5m", positions(3))
    import_osv5m(tmp_path / "osv5m", tmp_path / "store")
    with pytest.raises(InputError, match="already holds a finished store of 3 pictures"):
        import_osv5m(tmp_path / "none", tmp_path / "store")


def test_another_table_does_not_go_on_with_the_store_of_the_first(tmp_path):
    write_fake_osv5m(tmp_path / "a", positions(9), faults=["absent_zip"])
    write_fake_osv5m(tmp_path / "b", positions(8))
    with StoreWriter.open(
        tmp_path / "s", source={"kind": "osv5m", "split": "train", "limit": 0, "table": "x"}
    ):
        pass
    with pytest.raises(InputError, match="differs in: table"):
        import_osv5m(tmp_path / "b", tmp_path / "s")
    assert len(import_osv5m(tmp_path / "b", tmp_path / "s", settings=settings(restart=True))) == 8


def test_progress_counts_up_to_all(tmp_path, monkeypatch):
    monkeypatch.setattr("whence.photos.datasets.osv5m._TOLD_EVERY", 1)
    write_fake_osv5m(tmp_path / "osv5m", positions(9))
    told: list[tuple[int, int]] = []
    import_osv5m(
        tmp_path / "osv5m", tmp_path / "s", settings=settings(progress=lambda *pair: told.append(pair))
    )
    assert told == [(i, 9) for i in range(1, 10)]


class FakeHub:
    """A folder that plays the hub; it fails on request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fetched: list[str] = []
        self.fails_on = ""

    def describe(self, repository: str, *, revision: str) -> SimpleNamespace:
        assert (repository, revision) == ("osv5m/osv5m", "main")
        found = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.*"))
        return SimpleNamespace(sha=COMMIT, siblings=[SimpleNamespace(rfilename=name) for name in found])

    def download(self, repository: str, name: str, **options: str) -> str:
        assert (repository, options["repo_type"], options["revision"]) == ("osv5m/osv5m", "dataset", COMMIT)
        if name == self.fails_on:
            raise ConnectionError("the cable is out")
        target = Path(options["local_dir"]) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((self.folder / name).read_bytes())
        self.fetched.append(name)
        return str(target)

    def source(self, folder: Path, *, delete_after: bool = True) -> HubSource:
        return HubSource(
            "osv5m/osv5m", folder, delete_after=delete_after, download=self.download, describe=self.describe
        )


def test_the_hub_gives_file_by_file_and_each_archive_goes_when_it_is_safe(tmp_path):
    pictures = write_fake_osv5m(tmp_path / "hub", positions())
    hub = FakeHub(tmp_path / "hub")
    hub.fails_on = "images/train/01.zip"
    source = hub.source(tmp_path / "download")
    with pytest.raises(NotFoundError, match="the hub cannot be reached for osv5m/osv5m"):
        import_osv5m(source, tmp_path / "store")
    with pytest.raises(FormatError, match=f"hf:osv5m/osv5m@{COMMIT} --split train"):
        ImageStore.open(tmp_path / "store")
    assert not list((tmp_path / "download").rglob("*.zip"))
    hub.fails_on, hub.fetched = "", []
    store = import_osv5m(hub.source(tmp_path / "download"), tmp_path / "store")
    assert dict(store.items()) == pictures
    assert hub.fetched == ["train.csv", "images/train/01.zip", "images/train/02.zip"]
    assert not list((tmp_path / "download").rglob("*.zip"))


def test_fetched_archives_stay_where_nobody_asked_to_delete_them(tmp_path):
    write_fake_osv5m(tmp_path / "hub", positions(9))
    import_osv5m(FakeHub(tmp_path / "hub").source(tmp_path / "d", delete_after=False), tmp_path / "store")
    assert len(list((tmp_path / "d").rglob("*.zip"))) == 3


def test_without_a_network_a_sentence_says_what_to_do(tmp_path, monkeypatch):
    """The real client is asked, at an address where nobody answers."""
    api = huggingface_hub.HfApi(endpoint="http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: api)
    with pytest.raises(NotFoundError, match="give the same command again where there is a network"):
        import_osv5m("hf:osv5m/osv5m", tmp_path / "store")
    with pytest.raises(NotFoundError, match="is no name on the hub"):
        import_osv5m("hf:a/b/c", tmp_path / "store")


def test_a_full_disk_while_fetching_is_not_called_a_fault_of_the_network(tmp_path):
    write_fake_osv5m(tmp_path / "hub", positions(9))
    hub = FakeHub(tmp_path / "hub")

    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source = HubSource("osv5m/osv5m", tmp_path / "d", download=full, describe=hub.describe)
    with pytest.raises(InputError, match=r"No space left on device.*make room"):
        import_osv5m(source, tmp_path / "store")


def test_a_user_s_archives_are_never_deleted(tmp_path):
    from whence.photos.datasets.sources import source_of

    with pytest.raises(InputError, match="those of a folder stay"):
        source_of(tmp_path, download_to=tmp_path, delete_after=True)


def test_the_fake_has_all_faults_that_are_tested():
    assert set(FAULTS) == {*EXPECTED_KINDS, "truncated_zip", "absent_zip"}
    assert plain_picture(0) != plain_picture(1)
