"""Text read by rapidocr: PaddleOCR's detector and recogniser on ONNX Runtime, models included.

The bundled recogniser (PP-OCRv6) knows Latin with nearly all diacritics, Greek, Chinese characters and
Kana. It has no letters for Cyrillic, Hangul, Thai, Arabic or Indic scripts: of those it returns
look-alikes or nothing, which is why words it could not read are kept for another reader.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence._optional import require
from whence.imagery.text.crops import cut_out, reduced, resized
from whence.imagery.text.readers import rescaled
from whence.imagery.text.words import Word, script_of, worth_reading

if TYPE_CHECKING:
    from whence.typing import Image

__all__ = ["RapidOcrReader"]

FIRST_PASS_PX = 1280
"""Long side of the first pass; letters 1 % of the long side high keep 12 pixels, enough to be read."""

SECOND_PASS_PX = 2400
"""Long side of the second pass, in tiles; its cost grows with the square (1.5 s on one core here)."""

MOST_ENLARGED = 1.8
TILE_PX = 1200
TILE_OVERLAP_PX = 120
ENOUGH_WORDS = 3
THREADS = 1
"""Photographs are worked on side by side; one engine must not take the whole machine."""


@lru_cache(maxsize=1)
def _engine() -> tuple[Any, threading.Lock]:
    """Make the engine, once per process; it keeps state between its steps, so it comes with a lock."""
    rapidocr = require("rapidocr", extra="ocr")
    require("onnxruntime", extra="ocr")
    engine = rapidocr.RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.text_score": 0.0,
            "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": THREADS,
        }
    )
    return engine, threading.Lock()


class RapidOcrReader:
    """Finds text anywhere in a picture; reads Latin, Greek, Chinese and Japanese."""

    name = "rapidocr"
    scripts = frozenset({"Latn", "Grek", "Hani", "Hira", "Kana"})

    @classmethod
    def create(cls) -> Self:
        """Check that the package is there; the models are loaded when the first picture is read."""
        require("rapidocr", extra="ocr")
        return cls()

    def read(self, image: Image) -> list[Word]:
        """Read the whole picture, then enlarged tiles when hardly anything was found."""
        small, factor = reduced(image, FIRST_PASS_PX)
        words = rescaled(self._pass(small), factor)
        if sum(map(worth_reading, words)) >= ENOUGH_WORDS:
            return words
        return words + [word for word in self._read_tiles(image) if not any(_same(word, w) for w in words)]

    def reread(self, image: Image, words: Sequence[Word], *, scripts: frozenset[str]) -> list[list[Word]]:
        """Read given places; a single model serves all scripts, so there is one reading each."""
        return [[word] if word.script in scripts else [] for word in self._recognise(image, words)]

    def read_line(self, line: Image) -> tuple[str, float]:
        """Read one line as it stands, from left to right: text and confidence; nothing is turned over."""
        engine, lock = _engine()
        with lock:
            result = engine(np.ascontiguousarray(line[..., ::-1]), use_det=False, use_cls=False, use_rec=True)
        return (str(result.txts[0]), float(result.scores[0])) if result.txts else ("", 0.0)

    def _pass(self, image: Image) -> list[Word]:
        return self._recognise(image, self.find(image))

    def find(self, image: Image) -> list[Word]:
        """Find where text is, in the pixels as they are, without reading it."""
        engine, lock = _engine()
        with lock:
            found = engine(image[..., ::-1], use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        return [
            Word("", 0.0, tuple((float(column), float(row)) for column, row in corners), "Zyyy", self.name)
            for corners in found.boxes
        ]

    def _recognise(self, image: Image, places: Sequence[Word]) -> list[Word]:
        engine, lock = _engine()
        words = []
        for place in places:
            line = np.ascontiguousarray(cut_out(image, place.corners_px)[..., ::-1])
            with lock:
                result = engine(line, use_det=False, use_cls=True, use_rec=True)
            text, confidence = (result.txts[0], result.scores[0]) if result.txts else ("", 0.0)
            words.append(Word(text, float(confidence), place.corners_px, script_of(text), self.name))
        return words

    def _read_tiles(self, image: Image) -> list[Word]:
        long_side_px = min(SECOND_PASS_PX, round(MOST_ENLARGED * max(image.shape[:2])))
        large, factor = resized(image, long_side_px)
        words: list[Word] = []
        for top, bottom in _spans(large.shape[0]):
            for left, right in _spans(large.shape[1]):
                tile = large[top:bottom, left:right]
                for word in self._pass(tile):
                    corners = tuple((column + left, row + top) for column, row in word.corners_px)
                    moved = Word(word.text, word.confidence, corners, word.script, word.reader)
                    _keep_better(words, moved)
        return rescaled(words, factor)


def _spans(length_px: int) -> list[tuple[int, int]]:
    """Divide a side evenly into spans of about `TILE_PX` that overlap."""
    count = -(-length_px // TILE_PX)
    edges = [round(edge) for edge in np.linspace(0, length_px, count + 1)]
    half = TILE_OVERLAP_PX // 2
    return [(max(0, a - half), min(length_px, b + half)) for a, b in itertools.pairwise(edges)]


def _keep_better(words: list[Word], new: Word) -> None:
    """Add a word unless an overlapping tile has it already; of two, the longer reading stays."""
    for number, old in enumerate(words):
        if _same(old, new):
            if len(new.text) * new.confidence > len(old.text) * old.confidence:
                words[number] = new
            return
    words.append(new)


def _same(a: Word, b: Word) -> bool:
    """Whether the smaller box lies mostly inside the other."""
    left, top = max(a.box_px[0], b.box_px[0]), max(a.box_px[1], b.box_px[1])
    right, bottom = min(a.box_px[2], b.box_px[2]), min(a.box_px[3], b.box_px[3])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    return shared > 0.5 * min(_area(a), _area(b))


def _area(word: Word) -> float:
    left, top, right, bottom = word.box_px
    return max((right - left) * (bottom - top), 1e-9)
