"""Embedding: every picture is in the store or listed, whatever interrupts it."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from whence.errors import FormatError, InputError, NotEnoughDataError, WhenceError
from whence.imagery.catalogue import Catalogue
from whence.imagery.photo import open_image
from whence.learn.encoders import ENCODERS, load_encoder
from whence.learn.encoders.baselines import Thumbnail
from whence.learn.encoders.storage import read_settings, write_settings
from whence.photos.features import FeatureStore, Pictures, embed, pictures_of

COUNT, BROKEN = 40, "13.jpg"


class Interrupted(BaseException):
    """Stands for Ctrl-C."""


def after(shards: int):
    """A progress function that interrupts after so many shards."""
    calls = iter(range(shards + 1))  # one call before the first shard

    def tell(_done: int, _total: int) -> None:
        if next(calls) == shards:
            raise Interrupted

    return tell


def same(one: FeatureStore, other: FeatureStore) -> bool:
    return one.metadata.ids == other.metadata.ids and np.array_equal(one.features, other.features)


@pytest.fixture(scope="module")
def whole(_drawn, tmp_path_factory) -> FeatureStore:
    """An embedding that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "f"
    return embed(_drawn / "photos.csv", "thumbnail", out, batch=4, shard=8)


def test_vectors_are_those_of_the_encoder_and_the_rows_those_of_the_table(whole, drawn):
    """Oracle: the encoder itself, one picture at a time."""
    encoder = load_encoder("thumbnail")
    whole.verify()
    assert len(whole) == COUNT - 1
    assert whole.identity == encoder.identity == whole.encoder().identity
    for name in ("00.jpg", "07.jpg", "39.jpg"):
        row = whole.metadata.ids.index(name)
        alone = encoder.encode([open_image(drawn / name, size_hint_px=encoder.input_px)])[0]
        np.testing.assert_allclose(whole.features[row], alone, atol=2**-11)
        number = int(name[:2])
        np.testing.assert_allclose(whole.metadata.lonlat[row], [8 + number * 0.002, 50 + number * 0.001])
        assert whole.metadata.column("city")[row] == f"city {number}"


def test_what_cannot_be_read_is_listed_with_its_reason(whole):
    [(name, reason)] = whole.excluded
    assert name == BROKEN
    assert reason.startswith("unreadable: ")
    assert whole.header.excluded == 1
    assert BROKEN not in whole.metadata.ids


@pytest.mark.parametrize("shards", [0, 1, 3])
def test_an_interrupted_embedding_is_not_opened_and_goes_on(whole, drawn, tmp_path, shards):
    with pytest.raises(Interrupted):
        embed(drawn / "photos.csv", "thumbnail", tmp_path / "f", batch=4, shard=8, progress=after(shards))
    with pytest.raises(FormatError, match="give the same command"):
        FeatureStore.open(tmp_path / "f")
    told: list[int] = []
    done = embed(
        drawn / "photos.csv",
        "thumbnail",
        tmp_path / "f",
        batch=4,
        shard=8,
        progress=lambda count, _: told.append(count),
    )
    assert told == list(range(8 * shards, COUNT + 1, 8))
    assert same(done, whole)
    assert sorted(path.name for path in done.folder.iterdir()) == [
        "encoder", "excluded.csv", "features.json", "features.npy", "metadata.parquet",
    ]  # fmt: skip


_KILLED = """
import sys, time
import whence.learn.encoders.baselines as baselines
from whence.photos.features import embed

class Slow(baselines.Thumbnail):
    def encode(self, images):
        time.sleep(0.3)
        return super().encode(images)

embed(sys.argv[1], Slow(), sys.argv[2], batch=4, shard=8, workers=0)
"""


def test_a_killed_embedding_goes_on(whole, drawn, tmp_path):
    """kill -9 while it encodes: no clean-up of any kind has run."""
    out = tmp_path / "f"
    process = subprocess.Popen([sys.executable, "-c", _KILLED, str(drawn / "photos.csv"), str(out)])
    deadline = time.monotonic() + 60
    while not list(out.glob("building/shard-*.npz")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (out / ".features.1234.part.npy").write_bytes(b"left by a killed process")
    begun = len(list(out.glob("building/shard-*.npz")))
    assert 1 <= begun < 5
    assert same(embed(drawn / "photos.csv", "thumbnail", out, batch=4, shard=8), whole)
    assert not list(out.glob(".*"))


def test_killed_while_the_store_is_written(whole, drawn, tmp_path, monkeypatch):
    """The shards are all there, the final file is not."""
    import whence.photos.features.store as store

    def dies(*_args: object, **_kwargs: object) -> None:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(store, "write_rows", dies)
        with pytest.raises(Interrupted):
            embed(drawn / "photos.csv", "thumbnail", tmp_path / "f", batch=4, shard=8)
    with pytest.raises(FormatError, match="not complete"):
        FeatureStore.open(tmp_path / "f")
    assert same(embed(drawn / "photos.csv", "thumbnail", tmp_path / "f", batch=4, shard=8), whole)


def test_processes_give_the_same_store(whole, drawn, tmp_path):
    assert same(embed(drawn / "photos.csv", "thumbnail", tmp_path / "f", batch=4, shard=8, workers=2), whole)


def test_an_encoder_given_as_a_value_is_sent_to_the_processes(whole, drawn, tmp_path):
    table = drawn / "photos.csv"
    assert same(embed(table, Thumbnail(), tmp_path / "f", batch=4, shard=8, workers=1), whole)


@pytest.mark.slow
def test_a_network_works_here_and_in_other_processes(drawn, tmp_path):
    """A tiny CLIP in the real file layout, loaded anew in the other process."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    size = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = transformers.CLIPVisionConfig(**size, image_size=32, patch_size=16)
    transformers.CLIPVisionModel(vision).save_pretrained(tmp_path / "clip")
    side = {"height": 32, "width": 32}
    transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=side).save_pretrained(
        tmp_path / "clip"
    )
    name = f"transformers:{tmp_path / 'clip'}"
    here = embed(drawn / "photos.csv", name, tmp_path / "f", runtime="torch", batch=4, shard=8)
    there = embed(drawn / "photos.csv", name, tmp_path / "g", runtime="torch", batch=4, shard=8, workers=1)
    other = embed(drawn / "photos.csv", name, tmp_path / "h", runtime="torch-bf16", batch=4, shard=8)
    assert other.identity == f"{here.identity}+bf16"  # vectors that are not compared with the others
    assert other.encoder().identity == other.identity
    assert here.dim == 8
    assert here.identity.startswith("transformers-clip")
    assert here.metadata.ids == there.metadata.ids
    np.testing.assert_allclose(
        np.asarray(here.features, np.float32), np.asarray(there.features, np.float32), atol=2**-10
    )


def test_a_runtime_is_for_pretrained_encoders_only(drawn, tmp_path):
    with pytest.raises(InputError, match="one way only"):
        embed(drawn / "photos.csv", "thumbnail", tmp_path / "f", runtime="onnx")


@contextmanager
def small_files(limit_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a limit, which the system reports as it does a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit_bytes", [6_000, 20_000], ids=["shard", "features"])
def test_a_full_disk_is_an_error_and_nothing_is_lost(whole, drawn, tmp_path, limit_bytes):
    """A shard of 8 vectors has 13 kB, all 39 vectors 60 kB."""
    with small_files(limit_bytes), pytest.raises(InputError, match="same command goes on"):
        embed(drawn / "photos.csv", "thumbnail", tmp_path / "f", batch=4, shard=8)
    assert same(embed(drawn / "photos.csv", "thumbnail", tmp_path / "f", batch=4, shard=8), whole)


class TestRefusals:
    @pytest.fixture
    def begun(self, drawn, tmp_path) -> Path:
        with pytest.raises(Interrupted):
            embed(drawn / "photos.csv", "thumbnail", tmp_path / "f", batch=4, shard=8, progress=after(2))
        return tmp_path / "f"

    def test_another_encoder(self, begun, drawn):
        with pytest.raises(InputError, match=r"begun with the encoder 'thumbnail.*not with 'gist"):
            embed(drawn / "photos.csv", "gist", begun)
        with pytest.raises(InputError, match=r"begun with .*'thumbnail.*not with 'classic'"):
            embed(drawn / "photos.csv", "classic", begun)
        fresh = embed(drawn / "photos.csv", "gist", begun, restart=True)
        assert fresh.identity == load_encoder("gist").identity
        assert fresh.encoder().identity == fresh.identity

    def test_other_pictures(self, begun, drawn):
        with pytest.raises(InputError, match="begun with 40 other pictures than these 20"):
            embed(drawn / "photos.csv", "thumbnail", begun, limit=20)

    def test_a_finished_store(self, whole, drawn):
        with pytest.raises(InputError, match="already holds a finished"):
            embed(drawn / "photos.csv", "thumbnail", whole.folder)

    def test_a_folder_of_something_else(self, drawn, tmp_path):
        (tmp_path / "letter.txt").write_text("keep me")
        with pytest.raises(InputError, match=r"something else, such as letter\.txt"):
            embed(drawn / "photos.csv", "thumbnail", tmp_path, restart=True)
        assert (tmp_path / "letter.txt").read_text() == "keep me"

    def test_nothing_that_can_be_read(self, drawn, tmp_path):
        (tmp_path / "t.csv").write_text("img_path,lat,lon\n" + f"{drawn / BROKEN},50,8\n")
        with pytest.raises(NotEnoughDataError, match="none of the 1 pictures"):
            embed(tmp_path / "t.csv", "thumbnail", tmp_path / "f")

    def test_no_picture(self, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(NotEnoughDataError, match="no picture"):
            embed(tmp_path / "empty", "thumbnail", tmp_path / "f")

    @pytest.mark.parametrize("wrong", [{"limit": 0}, {"batch": 0}, {"shard": 0}])
    def test_numbers_that_cannot_be(self, drawn, tmp_path, wrong):
        with pytest.raises(InputError, match="give 1 or more"):
            embed(drawn / "photos.csv", "thumbnail", tmp_path / "f", **wrong)


def test_a_whole_shard_of_unreadable_pictures_is_no_exclusion(tmp_path):
    """A disk that was taken away must not become five million exclusions."""

    def gone(_key: object, _size_px: int) -> np.ndarray:
        raise OSError("no such device")

    known = Catalogue.of_arrays(np.zeros((600, 2)))
    pictures = Pictures(known, known.ids, gone, "a stick")
    with pytest.raises(InputError, match=r"none of 300 pictures in a row .* no such device"):
        embed(pictures, "thumbnail", tmp_path / "f", batch=10, shard=300)
    with pytest.raises(FormatError):
        FeatureStore.open(tmp_path / "f")


class Blind(Thumbnail):
    """Sees nothing, or worse, in some pictures."""

    def encode(self, images):
        vectors = super().encode(images)
        for vector, image in zip(vectors, images, strict=True):
            vector[:] = {10: 0.0, 20: np.nan}.get(int(image[0, 0, 0]), vector)
        return vectors


def test_a_vector_without_direction_is_an_exclusion(tmp_path):
    def paint(key: str, _size_px: int) -> np.ndarray:
        picture = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
        picture[0, 0] = 10 * int(key)
        return picture

    known = Catalogue.of_arrays(np.zeros((5, 2)))
    store = embed(Pictures(known, known.ids, paint, "paint"), Blind(), tmp_path / "f")
    why = "its vector is zero or not finite"
    assert store.excluded == [("1", why), ("2", why)]
    assert sorted(store.metadata.ids) == ["0", "3", "4"]
    store.verify()


class Centred(Thumbnail):
    """Learns a number from five pictures."""

    kind, useful_photos, fitted = "centred", 5, 0

    def __init__(self, level: float) -> None:
        object.__setattr__(self, "level", level)

    @property
    def identity(self) -> str:
        return f"centred {self.level:.6f}"

    @classmethod
    def fit(cls, images, *, rng):
        cls.fitted += 1
        levels = [float(image.mean()) for image in images]
        assert 4 <= len(levels) <= 5  # one may be the broken one
        return cls(np.mean(levels) + rng.random())

    def save(self, folder) -> None:
        write_settings(folder, {"kind": self.kind, "level": self.level})

    @classmethod
    def load(cls, folder):
        return cls(read_settings(folder)["level"])


def test_an_encoder_that_learns_does_so_once_from_a_sample(drawn, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "centred", SimpleNamespace(Centred=Centred))
    monkeypatch.setitem(ENCODERS, "centred", "centred:Centred")
    monkeypatch.setattr(Centred, "fitted", 0)
    with pytest.raises(Interrupted):
        embed(drawn / "photos.csv", "centred", tmp_path / "f", batch=4, shard=8, progress=after(1))
    learnt = load_encoder(tmp_path / "f" / "encoder").identity
    store = embed(drawn / "photos.csv", "centred", tmp_path / "f", batch=4, shard=8)
    assert store.identity == learnt == store.encoder().identity
    assert Centred.fitted == 1
    with pytest.raises(InputError, match="already holds"):
        embed(drawn / "photos.csv", "centred", tmp_path / "f")
    again = embed(drawn / "photos.csv", "centred", tmp_path / "g", seed=0)
    other = embed(drawn / "photos.csv", "centred", tmp_path / "h", seed=1)
    assert again.identity == learnt != other.identity


@pytest.mark.slow
def test_the_classic_encoder_learns_first_and_is_kept(drawn, tmp_path):
    store = embed(drawn / "photos.csv", "classic", tmp_path / "f", batch=4, shard=8)
    assert store.identity == store.encoder().identity
    assert store.identity.startswith("classic")
    store.verify()


def test_an_image_store_gives_the_same_vectors(whole, drawn, tmp_path):
    from whence.imagery.store import StoreWriter

    known = Catalogue.of_table(pictures_table(drawn))
    with StoreWriter.open(tmp_path / "s") as writer:
        for name in known.ids:
            writer.add(name, (drawn / name).read_bytes())
        images = writer.finish(known)
    store = embed(images, "thumbnail", tmp_path / "f", batch=4, shard=8)
    by_folder = embed(tmp_path / "s", "thumbnail", tmp_path / "g", batch=4, shard=8, workers=1)
    for one in (store, by_folder):
        assert sorted(one.metadata.ids) == sorted(whole.metadata.ids)
        np.testing.assert_array_equal(
            one.features[one.metadata.rows_of(whole.metadata.ids)], np.asarray(whole.features)
        )


def test_threads_may_open_a_store_at_the_same_moment(tmp_path):
    """The database refuses to be opened twice in a process, which would have become an exclusion."""
    from whence.imagery.store import ImageStore, StoreWriter

    with StoreWriter.open(tmp_path / "s") as writer:
        writer.add("a", b"picture")
        writer.finish(Catalogue.of_arrays([[0, 0]], ids=["a"]))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(30):
            store, gate = ImageStore.open(tmp_path / "s"), threading.Barrier(4)
            with ThreadPoolExecutor(4) as threads:
                read = list(threads.map(lambda _, s=store, g=gate: (g.wait(), s.read("a"))[1], range(4)))
            assert read == [b"picture"] * 4
            del store
    finally:
        sys.setswitchinterval(interval)


def test_a_fault_of_the_store_is_not_one_of_its_pictures(drawn, tmp_path, monkeypatch):
    from whence.imagery.store import ImageStore, StoreWriter

    names = [f"{i:02}.jpg" for i in range(8)]
    with StoreWriter.open(tmp_path / "s") as writer:
        for name in names:
            writer.add(name, (drawn / name).read_bytes())
        writer.finish(Catalogue.of_arrays(np.zeros((8, 2)), ids=names))

    def damaged(store: ImageStore, name: str) -> bytes:
        if name == "05.jpg":
            raise FormatError("the database cannot be used")
        return (drawn / name).read_bytes()

    with monkeypatch.context() as patched:
        patched.setattr(ImageStore, "read", damaged)
        with pytest.raises(WhenceError, match="once the store is whole again"):
            embed(tmp_path / "s", "thumbnail", tmp_path / "f", batch=2, shard=4)
    assert len(embed(tmp_path / "s", "thumbnail", tmp_path / "f", batch=2, shard=4)) == 8


def pictures_table(drawn: Path):
    from whence.imagery.table import read_table

    return read_table(drawn / "photos.csv")


def test_a_folder_with_a_table_and_a_missing_file(drawn, tmp_path):
    shutil.copytree(drawn, tmp_path / "p")
    (tmp_path / "p" / "05.jpg").unlink()
    shutil.move(tmp_path / "p" / "photos.csv", tmp_path / "known.csv")
    pictures = pictures_of(tmp_path / "p", table=tmp_path / "known.csv")
    assert len(pictures) == COUNT
    assert list(pictures.problems) == [5]
    store = embed(pictures, "thumbnail", tmp_path / "f", limit=12)
    assert sorted(store.metadata.ids) == [f"{i:02}.jpg" for i in range(12) if i != 5]
    [(name, reason)] = store.excluded
    assert name == "05.jpg"
    assert "05.jpg" in reason or "no file" in reason or "missing" in reason


def test_the_header_can_be_read_by_eye(whole):
    header = json.loads((whole.folder / "features.json").read_text())
    assert header["format"] == "whence-features"
    assert (header["count"], header["dim"], header["complete"]) == (39, 768, True)
    assert header["digest"] == whole.metadata.digest()
