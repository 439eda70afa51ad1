"""Stores of pictures: what goes in comes out, from any process, and is never silently short."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lmdb
import numpy as np
import PIL.Image
import pytest

from whence.errors import FormatError, InputError, NotEnoughDataError, NotFoundError
from whence.imagery.catalogue import Catalogue
from whence.imagery.store import ImageStore, StoreWriter
from whence.imagery.store.header import HEADER, read_header, write_header

KIB = 1024


def noise(seed: int, size: int = 20 * KIB) -> bytes:
    return np.random.default_rng(seed).bytes(size)


def jpeg(seed: int, size_px: tuple[int, int] = (48, 32)) -> bytes:
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(blocks).resize(size_px).save(file, "JPEG", quality=90)
    return file.getvalue()


def known(names: list[str]) -> Catalogue:
    return Catalogue.of_arrays([[i % 180, 0] for i in range(len(names))], ids=names)


def filled(folder: Path, pictures: dict[str, bytes], **options: object) -> ImageStore:
    with StoreWriter.open(folder, **options) as writer:
        for i, (name, data) in enumerate(pictures.items()):
            assert writer.add(name, data)
            writer.mark("all", i + 1)
        return writer.finish(known(list(pictures)))


PICTURES = {f"{i * 7919 % 1000}": jpeg(i) for i in range(40)} | {"ünïcode/名.jpg": jpeg(99), "0012": jpeg(98)}


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return filled(tmp_path / "store", PICTURES, batch_bytes=10 * KIB)


def test_every_picture_comes_out_as_it_went_in(store):
    assert len(store) == len(PICTURES)
    assert {name: store.read(name) for name in store.ids} == PICTURES
    assert dict(store.items()) == PICTURES


def test_rows_are_sorted_like_the_keys(store):
    """Oracle: Python's sorting of bytes."""
    assert store.ids == sorted(PICTURES, key=str.encode)
    assert [name for name, _ in store.items()] == store.ids
    position = dict(zip(PICTURES, known(list(PICTURES)).lonlat.tolist(), strict=True))
    assert store.metadata.lonlat.tolist() == [position[name] for name in store.ids]


@pytest.mark.parametrize(("start", "stop"), [(0, 5), (5, 17), (30, None), (41, 100), (7, 7), (200, 300)])
def test_a_range_of_rows_is_that_slice_of_all(store, start, stop):
    assert list(store.items(start, stop)) == list(store.items())[start:stop]


def test_pictures_are_decoded(store):
    assert store.image("0012").shape == (32, 48, 3)
    assert store.photo("0012").name == "0012"
    assert "0012" in store
    assert "0013" not in store
    with pytest.raises(NotFoundError, match="has no picture '0013'"):
        store.read("0013")


def test_the_map_grows_past_its_first_size(tmp_path, monkeypatch):
    monkeypatch.setattr("whence.imagery.store.environment._FIRST_MAP_BYTES", 2**16)
    pictures = {f"{i}": noise(i) for i in range(60)}
    assert dict(filled(tmp_path / "s", pictures, batch_bytes=100 * KIB).items()) == pictures


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_several_processes_read_at_once(store, method):
    names = store.ids
    store.read("0012")  # the parent's database is open before the children begin
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = dict(zip(names, pool.map(store.read, names, chunksize=5), strict=True))
    assert found == PICTURES
    assert store.read("0012") == PICTURES["0012"]


def test_threads_open_the_database_together(store):
    """Each round begins with a value that has opened nothing, so that eight threads race for it."""
    names = store.ids
    for _ in range(20):
        fresh = ImageStore.open(store.folder)
        with ThreadPoolExecutor(8) as pool:
            assert dict(zip(names, pool.map(fresh.read, names), strict=True)) == PICTURES


def test_two_values_of_one_store_live_side_by_side_and_travel(store):
    other = ImageStore.open(store.folder)
    again = pickle.loads(pickle.dumps(store))
    assert store.read("0012") == other.read("0012") == again.read("0012")


def test_an_unfinished_store_is_refused_with_the_command_to_go_on(tmp_path):
    with StoreWriter.open(tmp_path / "s", command="whence dataset folder x --out s") as writer:
        writer.add("a", noise(1))
        writer.commit()
    with pytest.raises(FormatError, match=r"incomplete.*go on with: whence dataset folder x --out s"):
        ImageStore.open(tmp_path / "s")


def test_what_was_committed_is_there_when_the_import_goes_on(tmp_path):
    with StoreWriter.open(tmp_path / "s", source={"kind": "t"}) as writer:
        for i in range(5):
            writer.add(f"{i}", noise(i))
            writer.mark("a.zip", i + 1)
        writer.exclude("x", "broken: cut off")
        writer.commit()
        writer.add("lost", noise(9))
        writer.mark("a.zip", 6)
    with StoreWriter.open(tmp_path / "s", source={"kind": "t"}) as writer:
        assert (writer.done("a.zip"), writer.done("b.zip"), len(writer)) == (5, 0, 5)
        assert not writer.add("3", noise(9))
        assert "lost" not in writer
        store = writer.finish(known([f"{i}" for i in range(5)]))
    assert dict(store.items()) == {f"{i}": noise(i) for i in range(5)}
    assert [(item.id, item.reason) for item in store.excluded] == [("x", "broken: cut off")]
    with pytest.raises(NotFoundError, match="it was left out: broken: cut off"):
        store.read("x")


def test_another_import_is_not_mixed_in(tmp_path):
    with StoreWriter.open(tmp_path / "s", source={"split": "train"}, command="the first") as writer:
        writer.add("a", noise(1))
        writer.commit()
    with pytest.raises(InputError, match=r"differs in: split\); go on with: the first"):
        StoreWriter.open(tmp_path / "s", source={"split": "test"})
    with StoreWriter.open(tmp_path / "s", source={"split": "test"}, restart=True) as writer:
        assert "a" not in writer


def test_finished_stores_and_foreign_folders_are_not_touched(store, tmp_path):
    with pytest.raises(InputError, match="already holds a finished store of 42 pictures"):
        StoreWriter.open(store.folder)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "letter.txt").write_text("dear")
    for restart in (False, True):
        with pytest.raises(InputError, match="holds something else"):
            StoreWriter.open(tmp_path / "else", restart=restart)
    with pytest.raises(InputError, match="is a file"):
        StoreWriter.open(tmp_path / "else" / "letter.txt")
    with pytest.raises(NotFoundError, match="is no image store"):
        ImageStore.open(tmp_path / "else")


def test_one_writer_at_a_time(tmp_path):
    with (
        StoreWriter.open(tmp_path / "s"),
        pytest.raises(InputError, match="another process is writing"),
    ):
        StoreWriter.open(tmp_path / "s")


def test_a_picture_without_a_row_is_refused_and_none_at_all(tmp_path):
    with StoreWriter.open(tmp_path / "s") as writer:
        with pytest.raises(NotEnoughDataError, match="not a single picture"):
            writer.finish(known(["a"]))
        writer.add("a", noise(1))
        writer.add("b", noise(1))
        with pytest.raises(InputError, match="1 ids are not in the metadata: b"):
            writer.finish(known(["a"]))
    with pytest.raises(FormatError, match="incomplete"):
        ImageStore.open(tmp_path / "s")


@pytest.mark.parametrize("name", ["", "x" * 512, "\0a", "caf\udce9"])
def test_ids_that_cannot_be_keys_are_refused(tmp_path, name):
    with StoreWriter.open(tmp_path / "s") as writer, pytest.raises(InputError, match="the id"):
        writer.add(name, b"x")


def test_an_interruption_while_sealing_is_mended(tmp_path, monkeypatch):
    """Stop after the metadata are written and before the marks are removed."""
    monkeypatch.setattr(StoreWriter, "seal", lambda _self: None)
    with StoreWriter.open(tmp_path / "s") as writer:
        writer.add("a", noise(1))
        writer.finish(known(["a"]))
    monkeypatch.undo()
    with pytest.raises(FormatError, match="incomplete"):
        ImageStore.open(tmp_path / "s")
    with pytest.raises(InputError, match="finished store of 1 pictures"):
        StoreWriter.open(tmp_path / "s")
    assert dict(ImageStore.open(tmp_path / "s").items()) == {"a": noise(1)}


WRITE_FOREVER = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from whence.imagery.store import StoreWriter
import numpy as np
with StoreWriter.open({folder!r}, batch_bytes=200_000) as writer:
    for i in range(writer.done("all"), 10**6):
        writer.add(str(i), np.random.default_rng(i).bytes(20 * 1024))
        writer.mark("all", i + 1)
        if i == 40:
            print("begun", flush=True)
"""


def test_a_killed_writer_loses_only_the_batch_under_way(tmp_path):
    """The signal that nobody can catch, twice, in the middle of writing; then the rest is written."""
    folder = tmp_path / "s"
    code = WRITE_FOREVER.format(path=sys.path, folder=str(folder))
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        if not folder.exists():
            process.stdout.readline()
        else:
            time.sleep(1.0)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with pytest.raises(FormatError, match="incomplete"):
            ImageStore.open(folder)
    with StoreWriter.open(folder) as writer:
        done = writer.done("all")
        assert done == len(writer) > 40
        for i in range(done, done + 5):
            assert writer.add(str(i), noise(i))
        store = writer.finish(known([str(i) for i in range(done + 5)]))
    assert dict(store.items()) == {str(i): noise(i) for i in range(done + 5)}


FILL_THE_DISK = """
import resource, sys
sys.path[:0] = {path!r}
from whence.errors import InputError
from whence.imagery.store import StoreWriter
import numpy as np
with StoreWriter.open({folder!r}, batch_bytes=100_000) as writer:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    try:
        for i in range(1000):
            writer.add(str(i), np.random.default_rng(i).bytes(20 * 1024))
            writer.mark("all", i + 1)
    except InputError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are POSIX")
def test_a_full_disk_is_said_and_the_store_goes_on_afterwards(tmp_path):
    """The system itself refuses more than a mebibyte."""
    folder = tmp_path / "s"
    code = FILL_THE_DISK.format(path=sys.path, folder=str(folder))
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "cannot grow" in told
    assert "nothing is lost: make room" in told
    with StoreWriter.open(folder) as writer:
        done = writer.done("all")
        assert 10 < done < 52  # 52 pictures of 20 KiB make more than a mebibyte
        writer.add(str(done), noise(done))
        store = writer.finish(known([str(i) for i in range(done + 1)]))
    assert dict(store.items()) == {str(i): noise(i) for i in range(done + 1)}


def damaged(store: ImageStore, change: Callable[[lmdb.Transaction], object]) -> ImageStore:
    """Change the database behind the store's back."""
    store._kept.clear()
    path = str(store.folder / "images.lmdb")
    with lmdb.open(path, map_size=2**28) as environment, environment.begin(write=True) as writing:
        change(writing)
    return ImageStore.open(store.folder)


def test_a_sound_store_verifies(store):
    found = store.verify(decode=True)
    assert found.is_sound
    assert (found.images, found.rows) == (42, 42)
    assert found.bytes_in_all == sum(map(len, PICTURES.values())) == store.header.bytes_in_all


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda txn: txn.delete(b"0012"), [("0012", "a row without a picture")]),
        (lambda txn: txn.put(b"zz", jpeg(5)), [("zz", "a picture without a row")]),
        (lambda txn: txn.put(b"0012", b""), [("0012", "empty")]),
        (
            lambda txn: txn.put(b"0012", jpeg(98)[:-40]),
            [("0012", "broken: the JPEG is cut off: its end is missing")],
        ),
    ],
)
def test_verification_names_what_is_wrong(tmp_path, change, expected):
    found = damaged(filled(tmp_path / "s", PICTURES), change).verify()
    assert [(item.id, item.reason) for item in found.problems] == expected


def test_headers_of_other_versions_and_broken_ones_are_refused(store):
    path = store.folder / HEADER
    text = path.read_text()
    for changed, said in [
        (text.replace('"version": 1', '"version": 2'), "version 2, this whence reads 1"),
        (text[:-20], "is broken"),
        (text.replace('"count"', '"counts"'), "a key 'counts' that this whence does not know"),
    ]:
        path.write_text(changed)
        with pytest.raises(FormatError, match=re.escape(said)):
            ImageStore.open(store.folder)


def test_a_store_without_its_database_or_of_another_length_is_refused(store):
    write_header(store.folder, read_header(store.folder).__class__(complete=True, count=7))
    with pytest.raises(FormatError, match="holds 7 pictures but metadata of 42"):
        _ = ImageStore.open(store.folder).ids
    (store.folder / "images.lmdb" / "data.mdb").unlink()
    with pytest.raises(FormatError, match="holds no database"):
        ImageStore.open(store.folder).read("0012")
