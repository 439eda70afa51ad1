"""Decoding ahead: the oracle is the same work done one by one, in order, in this thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from whence.errors import InputError, MissingExtraError, NotAnImageError
from whence.learn.encoders import load_encoder
from whence.learn.encoders.stream import encode_stream


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)


@dataclass
class Means:
    """The mean colour, unit length; counts its batches."""

    batches: list[int] = field(default_factory=list)
    identity = "means-1"
    dim = 3
    input_px = 8

    def encode(self, images: Any) -> np.ndarray:
        self.batches.append(len(images))
        rows = np.stack([image.mean((0, 1)) for image in images]).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def save(self, folder: Any) -> None: ...

    @classmethod
    def load(cls, folder: Any) -> Any: ...


class StagedMeans(Means):
    """Prepares in the threads; remembers which."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()

    def prepare(self, image: np.ndarray) -> np.ndarray:
        self.threads.add(threading.current_thread().name)
        return image.transpose(2, 0, 1).astype(np.float32)

    def encode_prepared(self, pixels: np.ndarray) -> np.ndarray:
        return self.encode(list(pixels.transpose(0, 2, 3, 1)))


@pytest.mark.parametrize("decoders", [0, 1, 4])
@pytest.mark.parametrize("encoder", [load_encoder("thumbnail"), StagedMeans()], ids=["plain", "staged"])
def test_vectors_and_order_are_those_of_one_by_one(encoder: Any, decoders: int) -> None:
    rows = list(encode_stream(encoder, range(21), open_image=picture, batch_size=4, decoders=decoders))
    assert [item for item, _, _ in rows] == list(range(21))
    assert {problem for _, _, problem in rows} == {""}
    alone = np.concatenate([encoder.encode([picture(seed)]) for seed in range(21)])
    np.testing.assert_allclose(np.stack([vector for _, vector, _ in rows]), alone, atol=1e-6)


def test_what_can_be_prepared_is_prepared_by_the_decoders() -> None:
    encoder = StagedMeans()
    list(encode_stream(encoder, range(8), open_image=picture))
    assert encoder.threads
    assert all(name.startswith("whence-decoder") for name in encoder.threads)


@pytest.mark.parametrize("decoders", [0, 2])
def test_a_broken_picture_yields_its_problem_and_nothing_is_lost(decoders: int) -> None:
    def open_some(seed: int) -> np.ndarray:
        if seed % 3 == 0:
            raise NotAnImageError(f"picture {seed} is truncated")
        if seed == 4:
            raise PermissionError(13, "forbidden")
        return picture(seed)

    rows = list(encode_stream(Means(), range(10), open_image=open_some, batch_size=3, decoders=decoders))
    assert [item for item, _, _ in rows] == list(range(10))
    assert {item: problem for item, _, problem in rows if problem} == {
        **{seed: f"picture {seed} is truncated" for seed in (0, 3, 6, 9)},
        4: "[Errno 13] forbidden",
    }
    for item, vector, problem in rows:
        assert (vector is None) == bool(problem)
        if vector is not None:
            np.testing.assert_allclose(vector, Means().encode([picture(item)])[0], atol=1e-6)


def test_a_batch_of_broken_pictures_never_reaches_the_model() -> None:
    def refuse(seed: int) -> np.ndarray:
        raise NotAnImageError("no")

    encoder = Means()
    assert [vector for _, vector, _ in encode_stream(encoder, range(5), open_image=refuse)] == [None] * 5
    assert encoder.batches == []


def test_memory_is_bounded() -> None:
    """Sources are taken no more than three batches ahead of what was handed out."""
    taken: list[int] = []

    def endless() -> Any:
        for seed in range(10_000):
            taken.append(seed)
            yield seed

    stream = encode_stream(Means(), endless(), open_image=picture, batch_size=4, decoders=3)
    for handed_out in range(1, 30):
        next(stream)
        assert len(taken) <= handed_out + 3 * 4
    stream.close()
    assert len(taken) < 50


def test_an_early_end_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    stream = encode_stream(Means(), range(100), open_image=picture, decoders=3)
    next(stream)
    stream.close()
    assert threading.active_count() == before


def test_an_error_that_is_not_the_pictures_stops_the_stream() -> None:
    def lacking(seed: int) -> np.ndarray:
        raise MissingExtraError("heif is not installed")

    with pytest.raises(MissingExtraError, match="heif"):
        list(encode_stream(Means(), range(3), open_image=lacking))


def test_decoding_goes_on_while_the_model_works() -> None:
    """The model's first batch waits until a picture of the second has been opened: no deadlock."""
    opened_later = threading.Event()

    def watched(seed: int) -> np.ndarray:
        if seed >= 4:
            opened_later.set()
        return picture(seed)

    class Waiting(Means):
        def encode(self, images: Any) -> np.ndarray:
            assert opened_later.wait(timeout=10)
            return super().encode(images)

    assert len(list(encode_stream(Waiting(), range(8), open_image=watched, batch_size=4))) == 8


@pytest.mark.parametrize("setting", [{"batch_size": 0}, {"decoders": -1}])
def test_sizes_that_cannot_be_are_refused_at_once(setting: dict[str, int]) -> None:
    with pytest.raises(InputError, match="cannot be"):
        encode_stream(Means(), [], open_image=picture, **setting)
