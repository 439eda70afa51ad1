"""The sorted table of names: exact and approximate look-up over mapped files."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from whence.places.index_build import bag_signatures
from whence.places.names import is_unspaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["NameTable", "Strings", "allowed_edits"]


class Strings:
    """UTF-8 strings in one mapped block, read one by one."""

    def __init__(self, folder: Path, name: str) -> None:
        self._bytes = memoryview(np.load(folder / f"{name}_bytes.npy", mmap_mode="r"))
        self._offset = memoryview(np.load(folder / f"{name}_offset.npy", mmap_mode="r"))

    def __len__(self) -> int:
        return len(self._offset) - 1

    def encoded(self, i: int) -> bytes:
        """Return string `i` as UTF-8."""
        return bytes(self._bytes[self._offset[i] : self._offset[i + 1]])

    def __getitem__(self, i: int) -> str:
        return self.encoded(i).decode()


def allowed_edits(key: str) -> int:
    """Tell how many typing errors a key of this length may hold and still be recognised.

    An edit is a letter inserted, left out, replaced, or two neighbours exchanged. Short keys have too many
    neighbours; a Han character or a Hangul syllable says more than a letter.

    >>> [allowed_edits(key) for key in ("bar", "lyon", "pyongyang", "saint petersburg", "北京", "哈尔滨市")]
    [0, 1, 2, 3, 0, 1]
    """
    if is_unspaced(key) or any("\uac00" <= c <= "\ud7a3" for c in key):
        return 0 if len(key) < 4 else 1
    return 0 if len(key) < 4 else 1 if len(key) < 8 else 2 if len(key) < 13 else 3


def _stands_for(words: Sequence[tuple[str, bool]], spelt_out: Sequence[str]) -> bool:
    """Tell whether words, some of them only a beginning, are those of a key."""
    return len(words) == len(spelt_out) and all(
        whole.startswith(word) if cut else whole == word
        for (word, cut), whole in zip(words, spelt_out, strict=True)
    )


class NameTable:
    """Keys in code point order; a key's number is its rank.

    Parameters
    ----------
    folder
        An index written by `whence.places.index_build`.
    """

    def __init__(self, folder: Path) -> None:
        self._keys = Strings(folder, "key")
        self._by_length: NDArray[np.uint32] = np.load(folder / "by_length.npy", mmap_mode="r")
        self._signature: NDArray[np.uint64] = np.load(folder / "signature.npy", mmap_mode="r")
        self._length_start: list[int] = np.load(folder / "length_start.npy").tolist()

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, number: int) -> str:
        """Return the key of a number."""
        return self._keys[number]

    def find(self, key: str) -> int | None:
        """Return the number of `key`, or None where no place is filed under it."""
        wanted = key.encode()
        at = bisect_left(range(len(self._keys)), wanted, key=self._keys.encoded)
        return at if at < len(self._keys) and self._keys.encoded(at) == wanted else None

    def has_prefix(self, prefix: str) -> bool:
        """Tell whether any key starts with `prefix` (or is it)."""
        wanted = prefix.encode()
        at = bisect_left(range(len(self._keys)), wanted, key=self._keys.encoded)
        return at < len(self._keys) and self._keys.encoded(at).startswith(wanted)

    def find_abbreviated(self, words: Sequence[tuple[str, bool]]) -> list[int]:
        """Return the numbers of the keys that words stand for, some of them shortened.

        Parameters
        ----------
        words
            Each as a key, and whether it is only the beginning of one; the first must be whole.
        """
        start = f"{words[0][0]} "
        wanted = start.encode()
        found: list[int] = []
        at = bisect_left(range(len(self._keys)), wanted, key=self._keys.encoded)
        while at < len(self._keys) and (key := self.key(at)).startswith(start):
            if _stands_for(words, key.split(" ")):
                found.append(at)
            at += 1
        return found

    def find_near(self, key: str, *, max_edits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find the keys within a number of edits (optimal string alignment distance).

        Parameters
        ----------
        key
            What was read or typed, as `key_of` makes it.
        max_edits
            The most edits; 0 finds nothing but the key itself.

        Returns
        -------
        numbers, edits
            (n,) key numbers and their distances, nearest first.
        """
        near = self._candidates(key, max_edits)
        distance = cdist(
            [key], [self._keys[i] for i in near.tolist()],
            scorer=OSA.distance, score_cutoff=max_edits, dtype=np.int32,
        )[0].astype(np.int64)  # fmt: skip
        order = np.argsort(distance, kind="stable")
        order = order[distance[order] <= max_edits]
        return near[order].astype(np.int64), distance[order]

    def _candidates(self, key: str, max_edits: int) -> NDArray[np.uint32]:
        last = len(self._length_start) - 2
        first = min(max(len(key) - max_edits, 0), last)
        end = min(len(key) + max_edits, last)
        span = slice(self._length_start[first], self._length_start[end + 1])
        differing = np.bitwise_count(self._signature[span] ^ bag_signatures([key])[0])
        return np.asarray(self._by_length[span][differing <= 2 * max_edits])
