"""A folder of scans with their points: which belong together, and each done by itself.

A sheet that fails has its reason in the table, and the others are done. What was finished by an earlier run
with the same points, scan and choices is taken from there.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import FormatError, InputError, NotFoundError, WhenceError
from whence.imagery.atomic import atomic_path
from whence.imagery.naming import legible
from whence.imagery.rows import write_rows
from whence.maps.points.reading import read_points
from whence.maps.recipe import Recipe, ScanFile, WarpChoices, digest_of
from whence.maps.records import read_record

if TYPE_CHECKING:
    from whence.maps.fitting import MapFit
    from whence.maps.points.control import ControlPoints
    from whence.typing import PathLike

__all__ = ["COLUMNS", "Choices", "Found", "Row", "SheetWorker", "find_sheets", "run"]

_SCANS = (".tif", ".tiff", ".jpg", ".jpeg", ".png", ".jp2", ".webp", ".bmp", ".gif")
_POINTS = (".points", ".csv", ".json", ".geojson", ".txt", ".tsv")
_CHECK = ".check"
_SUMMARY, _SHEETS = "summary.csv", "sheets"

_log = logging.getLogger(__name__)

COLUMNS = (
    "sheet", "status", "reason", "crs", "kind", "points", "used", "rmse_m", "rmse_px", "left_out_m",
    "areas_left_out_m", "checkpoints", "checkpoints_m", "share_of_scan", "suspects", "remarks", "fit",
    "warped", "report",
)  # fmt: skip
"""Columns of the summary; lengths are root mean squares, files are relative to the folder of results."""


@dataclass(frozen=True)
class Found:
    """A sheet and the files that belong to it.

    Parameters
    ----------
    name
        Its path within the folder, without the ending of the scan (or with it, where two scans differ by it).
    scan
        The scan, or None for points without one.
    points
        The control points, or None where there are none beside the scan.
    check
        Independent points, or None.
    """

    name: str
    scan: Path | None
    points: Path | None
    check: Path | None = None


@dataclass(frozen=True)
class Choices:
    """What is chosen for all sheets of a batch.

    Parameters
    ----------
    crs
        Coordinate system of points that do not say it.
    kind, robust
        As `whence.maps.fit` takes them.
    sheet
        What is chosen about the warped sheets, or None to fit only.
    """

    crs: str | None = None
    kind: str = "auto"
    robust: bool = False
    sheet: WarpChoices | None = None


@dataclass(frozen=True)
class Row:
    """The outcome of one sheet.

    Parameters
    ----------
    sheet
        Its name.
    status
        ``"done"``, ``"kept"`` from an earlier run, or ``"failed"``.
    values
        Column of `COLUMNS` -> value, for the others.
    """

    sheet: str
    status: str
    values: dict[str, object]

    def cells(self) -> dict[str, object]:
        """Return the row of the table."""
        return {"sheet": self.sheet, "status": self.status, **self.values}


def find_sheets(folder: PathLike, *, beside: PathLike | None = None) -> list[Found]:
    """Find the scans below a folder, and the points that belong to each.

    Of a scan ``a.jpg`` these are ``a.jpg.points``, ``a.points``, or the same with .csv, .json (IIIF),
    .geojson, .tsv or .txt (GDAL); checkpoints are ``a.check.csv``, ``a.jpg.check.points`` and so on. A TIFF
    without any may carry its own. A ``.points`` file without a scan is a sheet, too.

    Parameters
    ----------
    folder
        Where to look; hidden files and folders are passed over.
    beside
        A folder of results, which is passed over as well; so are those of earlier batches.

    Raises
    ------
    NotFoundError
        When the folder is not there.
    InputError
        When it holds neither scans nor points.
    """
    root = Path(folder)
    if not root.is_dir():
        raise NotFoundError(f"there is no folder {root}")
    files = sorted(_files(root, None if beside is None else Path(beside).resolve()))
    known = set(files)
    scans = [file for file in files if file.suffix.lower() in _SCANS]
    stems = [scan.with_suffix("") for scan in scans]
    sheets, taken = [], set[Path]()
    for scan, stem in zip(scans, stems, strict=True):
        alone = stems.count(stem) == 1
        points = _first(scan, known, alone=alone)
        name = legible((stem if alone else scan).relative_to(root).as_posix())
        sheets.append(Found(name, scan, points, _first(scan, known, alone=alone, mark=_CHECK)))
        taken |= {points} if points else set()
    sheets += [
        Found(legible(file.relative_to(root).as_posix()), None, file)
        for file in files
        if file.suffix.lower() == ".points" and file not in taken and not file.stem.endswith(_CHECK)
    ]
    if not sheets:
        raise InputError(f"{root} holds no scans ({', '.join(_SCANS)}) and no .points files")
    return sorted(sheets, key=lambda sheet: sheet.name)


def _files(root: Path, beside: Path | None) -> Iterator[Path]:
    """Give the files below a folder, but for hidden ones and the results of this and other batches."""
    results = {beside} | {
        table.parent.resolve() for table in root.rglob(_SUMMARY) if _is_results(table, root)
    }
    for path in root.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.is_file() and not hidden and results.isdisjoint(path.resolve().parents):
            yield path


def _is_results(table: Path, root: Path) -> bool:
    return table.parent != root and (table.parent / _SHEETS).is_dir()


def _first(scan: Path, known: set[Path], *, alone: bool, mark: str = "") -> Path | None:
    """Give the file of points that belongs to a scan; its whole name counts more than its stem."""
    stems = [scan.name, scan.stem] if alone else [scan.name]
    names = [f"{stem}{mark}{suffix}" for stem in stems for suffix in _POINTS]
    return next((path for name in names if (path := scan.with_name(name)) in known), None)


@dataclass(frozen=True)
class SheetWorker:
    """Does one sheet after the other; can be sent to another process.

    Parameters
    ----------
    out
        Folder of the results; ``sheets/`` in it holds the files of each.
    choices
        What is chosen for all.
    also
        Called with the path of a page, recipe, fit and scan, to write a report; None for none.
    restart
        Do again what an earlier run has done.
    """

    out: Path
    choices: Choices
    also: Callable[[Path, Recipe, MapFit, Path | None], None] | None = None
    restart: bool = False

    def __call__(self, sheet: Found) -> Row:
        """Do a sheet; what the user can mend becomes the reason of a failed row."""
        try:
            return self._done(sheet)
        except (WhenceError, OSError, MemoryError, ValueError, ArithmeticError) as error:
            if not isinstance(error, WhenceError | OSError):
                _log.exception("%s failed in a way that nobody thought of.", sheet.name)
            return Row(sheet.name, "failed", {"reason": _reason(error)})

    def _done(self, sheet: Found) -> Row:
        recipe = _recipe(sheet, self.choices)
        target = self.out / _SHEETS / f"{sheet.name}.json"
        kept = None if self.restart else self._kept(target, recipe)
        if kept is not None:
            return Row(sheet.name, "kept", kept)
        target.parent.mkdir(parents=True, exist_ok=True)
        fit = recipe.fit()
        values = _values(fit) | {"fit": self._relative(target), "warped": None, "report": None}
        if self.choices.sheet is not None and sheet.scan is not None:
            warped = target.with_name(f"{target.stem}.tif")
            recipe.warp(sheet.scan, fit, warped)
            values["warped"] = self._relative(warped)
        if self.also is not None:
            page = target.with_name(f"{target.stem}.html")
            self.also(page, recipe, fit, sheet.scan)
            values["report"] = self._relative(page)
        content = {**recipe.document(fit), "batch": {"inputs": _inputs(recipe, self), "row": values}}
        with atomic_path(target) as beside:  # last, so that it stands for all files of the sheet
            beside.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        return Row(sheet.name, "done", values)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.out).as_posix()

    def _kept(self, target: Path, recipe: Recipe) -> dict[str, object] | None:
        """Give the row of an earlier run, if it had the same inputs and its files are there."""
        try:
            read_record(target)
            batch = json.loads(target.read_text("utf-8"))["batch"]
            row: dict[str, object] = batch["row"]
        except (NotFoundError, FormatError, KeyError, TypeError):
            return None
        files = [str(row[column]) for column in ("warped", "report") if row.get(column)]
        whole = all((self.out / file).is_file() for file in files)
        return row if whole and batch.get("inputs") == _inputs(recipe, self) else None


def _reason(error: Exception) -> str:
    return legible(" ".join(str(error).split())) or type(error).__name__


def _recipe(sheet: Found, choices: Choices) -> Recipe:
    if sheet.points is None and (sheet.scan is None or sheet.scan.suffix.lower() not in (".tif", ".tiff")):
        name = "" if sheet.scan is None else sheet.scan.name
        raise NotFoundError(f"no control points: there is no {name}.points, .csv, .json or .txt beside it")
    if sheet.scan is None and choices.sheet is not None:
        raise NotFoundError(f"no scan beside {sheet.name} to warp")
    scan = None if sheet.scan is None else ScanFile.of(sheet.scan)
    return Recipe(
        _points(sheet.points or sheet.scan, choices, scan),
        kind=choices.kind,
        robust=choices.robust,
        checkpoints=None if sheet.check is None else _points(sheet.check, choices, scan),
        scan=scan,
        sheet=choices.sheet,
    )


def _points(file: Path | None, choices: Choices, scan: ScanFile | None) -> ControlPoints:
    if file is None:
        raise NotFoundError("no control points")
    points = read_points(file, size_px=None if scan is None else scan.size_px)
    if points.crs is None and choices.crs is not None:
        return points.with_crs(choices.crs)
    return points


def _inputs(recipe: Recipe, worker: SheetWorker) -> dict[str, Any]:
    """Give what a result depends on, in short: other values mean that it must be made again."""
    content = replace(recipe, checkpoints=None).to_json()
    content["points"] = digest_of(recipe.points)
    content["checkpoints"] = None if recipe.checkpoints is None else digest_of(recipe.checkpoints)
    text = json.dumps(content, sort_keys=True)
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "report": worker.also is not None}


def _values(fit: MapFit) -> dict[str, object]:
    quality, checks = fit.quality, fit.checks
    return {
        "reason": None,
        "crs": fit.points.crs.label if fit.points.crs else None,
        "kind": fit.kind,
        "points": len(fit.points),
        "used": int(fit.used.sum()),
        "rmse_m": quality.rmse_m,
        "rmse_px": quality.rmse_px,
        "left_out_m": quality.leave_one_out_rmse_m,
        "areas_left_out_m": quality.by_area_rmse_m,
        "checkpoints": len(checks.names) if checks else 0,
        "checkpoints_m": checks.rmse_m if checks else None,
        "share_of_scan": quality.coverage.share_of_scan,
        "suspects": "; ".join(f"{one.name}: {one.cause}" for one in fit.suspects),
        "remarks": "; ".join(fit.remarks),
    }


def run(
    sheets: Sequence[Found],
    worker: SheetWorker,
    *,
    each: Callable[[SheetWorker, Sequence[Found]], Iterable[Row]] = map,
    progress: Callable[[int, int], None] | None = None,
) -> list[Row]:
    """Do all sheets and write the table of what came out, ``summary.csv``.

    Parameters
    ----------
    sheets
        Of `find_sheets`.
    worker
        What does one of them.
    each
        Applies the worker to the sheets, in their order: `map`, or something that does so in processes.
    progress
        Called with the sheets done and the sheets in all.

    Raises
    ------
    InputError
        When the folder of results cannot be made or written to.
    """
    try:
        (worker.out / _SHEETS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{worker.out} cannot be made ({error.strerror}); name another folder") from error
    rows = []
    for row in each(worker, sheets):
        rows.append(row)
        if progress is not None:
            progress(len(rows), len(sheets))
    write_rows(worker.out / _SUMMARY, [row.cells() for row in rows], COLUMNS)
    return rows
