"""Text read by the program `tesseract`, with whatever language packs are installed.

Tesseract is weak at finding text in a street scene and good at reading a clean line of it. So where
another reader has found the words, their rectified crops are handed over, once for every script.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from PIL import Image as PillowImage

from whence.errors import MissingExtraError
from whence.imagery.text.crops import cut_out, ink_on_paper, reduced
from whence.imagery.text.words import Word, script_counts, script_of

if TYPE_CHECKING:
    from whence.typing import Image

__all__ = ["TesseractReader"]

_logger = logging.getLogger(__name__)

PACK_SCRIPTS = {
    "Cyrl": ("rus", "ukr", "bul", "srp", "bel", "mkd", "kaz", "kir", "mon", "tgk"),
    "Thai": ("tha",), "Hang": ("kor",), "Jpan": ("jpn",), "Hani": ("chi_sim", "chi_tra"),
    "Arab": ("ara", "fas", "urd", "pus", "uig", "snd"), "Grek": ("ell",), "Hebr": ("heb", "yid"),
    "Deva": ("hin", "mar", "nep", "san"), "Beng": ("ben", "asm"), "Taml": ("tam",), "Telu": ("tel",),
    "Knda": ("kan",), "Mlym": ("mal",), "Gujr": ("guj",), "Guru": ("pan",), "Orya": ("ori",),
    "Sinh": ("sin",), "Armn": ("hye",), "Geor": ("kat",), "Ethi": ("amh", "tir"), "Laoo": ("lao",),
    "Khmr": ("khm",), "Mymr": ("mya",), "Tibt": ("bod",), "Thaa": ("div",),
}  # fmt: skip
"""Script -> language packs that read it; the first ones installed are used. All others read Latin."""

PACKS_PER_SCRIPT = 2
LINE_HEIGHT_PX = 48
MOST_LINES = 40
PAGE_LONG_SIDE_PX = 1600
TIMEOUT_S = 60


@dataclass(frozen=True)
class TesseractReader:
    """The installed program and the packs it offers.

    Attributes
    ----------
    packs
        Script -> installed language packs.
    """

    packs: tuple[tuple[str, tuple[str, ...]], ...]
    name: str = "tesseract"

    @classmethod
    def create(cls) -> Self:
        """Ask the program for its packs."""
        installed = _installed_packs()
        if not installed:
            raise MissingExtraError(
                "the program tesseract is not installed (or has no language packs); on Debian: "
                "apt install tesseract-ocr tesseract-ocr-rus tesseract-ocr-kor …"
            )
        return cls(tuple(_by_script(installed).items()))

    @property
    def scripts(self) -> frozenset[str]:
        """Scripts of the installed packs."""
        found = {script for script, _ in self.packs}
        return frozenset(found - {"Jpan"} | ({"Hira", "Kana", "Hani"} if "Jpan" in found else set()))

    def read(self, image: Image) -> list[Word]:
        """Find and read sparse text; the scripts are tried in turn and the surest reading kept."""
        small, factor = reduced(image, PAGE_LONG_SIDE_PX)
        best: list[Word] = []
        with tempfile.TemporaryDirectory(prefix="whence-") as folder:
            page = Path(folder) / "page.png"
            PillowImage.fromarray(small).save(page, compress_level=1)
            for _, names in self.packs:
                pack = "+".join(names)
                # Automatic layout reads signs best; where it sees none, sparse text is looked for.
                rows = _run(page, pack, "--psm", "3") or _run(page, pack, "--psm", "11")
                words = [_page_word(row, pack, factor) for row in rows if row.text.strip()]
                best = max(best, words, key=_total_confidence)
        return best

    def reread(self, image: Image, words: Sequence[Word], *, scripts: frozenset[str]) -> list[list[Word]]:
        """Read the largest words again, cut out and rectified, with the packs of each script."""
        order = sorted(range(len(words)), key=lambda number: -words[number].height_px)[:MOST_LINES]
        readings: list[list[Word]] = [[] for _ in words]
        with tempfile.TemporaryDirectory(prefix="whence-") as folder:
            pages = _write_lines(Path(folder), image, [words[number] for number in order])
            for script, names in self.packs:
                if script not in scripts:
                    continue
                for pack in names:
                    for line, text, confidence in _lines(_run(pages, pack, "--psm", "7")):
                        word = words[order[line]]
                        reading = Word(
                            text, confidence, word.corners_px, script_of(text), f"{self.name}:{pack}"
                        )
                        readings[order[line]].append(reading)
        return readings


@lru_cache(maxsize=1)
def _installed_packs() -> tuple[str, ...]:
    program = shutil.which("tesseract")
    if program is None:
        return ()
    listed = subprocess.run(  # noqa: S603 - the program found on PATH, fixed arguments
        [program, "--list-langs"], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    # Old versions print the list on stderr. The first line is a heading.
    lines = (listed.stdout or listed.stderr).splitlines()[1:]
    return tuple(line.strip() for line in lines if line.strip() and line.strip() not in ("osd", "equ"))


def _by_script(installed: Sequence[str]) -> dict[str, tuple[str, ...]]:
    known = {pack for packs in PACK_SCRIPTS.values() for pack in packs}
    found = {
        script: tuple(pack for pack in packs if pack in installed)[:PACKS_PER_SCRIPT]
        for script, packs in PACK_SCRIPTS.items()
    }
    found["Latn"] = tuple(pack for pack in installed if pack not in known and "/" not in pack)[:4]
    return {script: packs for script, packs in found.items() if packs}


@dataclass(frozen=True)
class _Row:
    """One word of tesseract's TSV output."""

    page: int
    box_px: tuple[float, float, float, float]
    confidence: float
    text: str


def _run(source: Path, pack: str, *options: str) -> list[_Row]:
    program = shutil.which("tesseract")
    if program is None:
        raise MissingExtraError("the program tesseract has gone from PATH; install it or use other readers")
    done = subprocess.run(  # noqa: S603 - the program found on PATH, our own files, no shell
        [program, str(source), "stdout", *options, "-l", pack, "tsv"],
        capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=TIMEOUT_S, check=False,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )  # fmt: skip
    if done.returncode:
        _logger.warning("tesseract failed with the language pack %s: %s", pack, done.stderr.strip()[-200:])
        return []
    return list(_parse(done.stdout))


def _parse(tsv: str) -> Iterator[_Row]:
    """Words (level 5) of the twelve-column table: page, box, confidence in percent, text."""
    for line in tsv.splitlines():
        cells = line.split("\t")
        if len(cells) == 12 and cells[0] == "5":
            left, top, width, height = map(float, cells[6:10])
            box_px = (left, top, left + width, top + height)
            yield _Row(int(cells[1]), box_px, max(float(cells[10]), 0.0) / 100, cells[11])


def _write_lines(folder: Path, image: Image, words: Sequence[Word]) -> Path:
    """One picture per word and a list of them, which tesseract reads as pages of one document."""
    names = []
    for number, word in enumerate(words):
        path = folder / f"{number}.png"
        line = cut_out(image, word.corners_px, height_px=LINE_HEIGHT_PX)
        PillowImage.fromarray(ink_on_paper(line)).save(path, compress_level=1)
        names.append(str(path))
    pages = folder / "pages.txt"
    pages.write_text("\n".join(names), encoding="utf-8")
    return pages


UNSPACED = frozenset({"Thai", "Laoo", "Khmr", "Mymr", "Hani", "Hira", "Kana", "Hang"})


def _lines(rows: Sequence[_Row]) -> Iterator[tuple[int, str, float]]:
    """Words of a page joined: page from 0, text, confidence weighted by length."""
    pages: dict[int, list[_Row]] = {}
    for row in rows:
        if row.text.strip():
            pages.setdefault(row.page - 1, []).append(row)
    for page, members in pages.items():
        lettered = [row for row in members if script_counts(row.text)] or members
        # Specks at the ends of a crop come out as signs or digits of low confidence.
        script = script_of("".join(row.text for row in lettered))
        weights = [len(row.text) for row in lettered]
        confidence = sum(w * row.confidence for w, row in zip(weights, lettered, strict=True)) / sum(weights)
        kept = [row for row in members if script_counts(row.text) or row.confidence > 0.5]
        yield page, _joined([row.text for row in kept], spaced=script not in UNSPACED), confidence


def _joined(parts: Sequence[str], *, spaced: bool) -> str:
    """Words side by side; scripts that part no words keep spaces beside digits and Latin only."""
    text = ""
    for part in parts:
        letters = text and script_counts(text[-1]).keys() | script_counts(part[0]).keys()
        runs_on = not spaced and letters and letters <= UNSPACED
        text += part if not text or runs_on else f" {part}"
    return text


def _page_word(row: _Row, pack: str, factor: float) -> Word:
    left, top, right, bottom = (factor * side for side in row.box_px)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Word(row.text, row.confidence, corners, script_of(row.text), f"tesseract:{pack}")


def _total_confidence(words: Sequence[Word]) -> float:
    """Sum over letters of how far confidence exceeds one half: garbage counts against a script."""
    return sum((word.confidence - 0.5) * sum(script_counts(word.text).values()) for word in words)
