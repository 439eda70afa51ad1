"""The report of an evaluation: one page that holds its figures, or a folder with page, figures and tables.

The page loads nothing from anywhere and runs no script; it can be mailed, archived and printed.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import logging
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

import whence
from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.imagery.rows import write_rows
from whence.photos.evaluation.comparison import in_common
from whence.report import evaluation_tables as tables_of
from whence.report.drawing import Footer, data_uri, plain_text
from whence.report.evaluation_figures import Picture, of_all_models, of_model, of_training
from whence.report.training import read_histories

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whence.photos.choose import Choice
    from whence.photos.evaluation.answers import Answers
    from whence.photos.evaluation.comparison import Comparison
    from whence.typing import PathLike

__all__ = ["check_target", "write_evaluation"]

_PAGE_SUFFIXES = (".html", ".htm")
_LARGEST_SVG = 400_000  # bytes; larger ones are embedded as PNG
_CSS_PX_PER_INCH = 112.0
_MARK = "evaluation.json"
_IN_DETAIL = 4  # models whose own figures are drawn; of more only the chosen one's
_log = logging.getLogger(__name__)


def check_target(target: PathLike) -> None:
    """Refuse a place where no report can be written.

    Raises
    ------
    InputError
        When it is a folder with other things in it (replacing it would delete them), or a file that is
        neither a page nor free.
    """
    path = Path(target)
    if path.is_dir():
        if path.suffix.lower() in _PAGE_SUFFIXES:
            raise InputError(f"{path} is a folder; name a file for the page, or another folder")
        if any(path.iterdir()) and not (path / _MARK).is_file():
            raise InputError(f"{path} holds other things than a report; name a new folder")
    elif path.suffix.lower() not in _PAGE_SUFFIXES and path.exists():
        raise InputError(f"{path} is a file; a report is a folder, or a page that ends in .html")
    if not path.absolute().parent.is_dir():
        raise InputError(f"there is no folder {path.absolute().parent}; make it first")


def write_evaluation(
    target: PathLike,
    comparison: Comparison,
    *,
    tables: Mapping[str, Answers],
    choice: Choice | None = None,
    split: str = "",
    curves: Mapping[str, PathLike] | None = None,
    title: str | None = None,
) -> None:
    """Write the report of one or several models.

    Parameters
    ----------
    target
        Ends in ``.html`` for the page alone; else a folder, which gets ``index.html``, ``evaluation.json``,
        ``figures/`` (SVG and PNG) and ``tables/`` (CSV). An earlier report there is replaced as a whole.
    comparison
        Of `evaluate_many`.
    tables
        Model -> its answers, as they were compared.
    choice
        Of `choose`; None for a single model.
    split
        Name of the split, printed under every figure.
    curves
        Name of a training run -> its ``history.csv``.
    title
        Heading; None names the models.

    Raises
    ------
    InputError
        When nothing can be written there; see `check_target`.
    NotFoundError, FormatError
        When a history cannot be read.
    """
    check_target(target)
    path = Path(target)
    histories = {
        " ".join(filter(None, (name, part))): history
        for name, file in (curves or {}).items()
        for part, history in read_histories(file).items()
    }
    with plain_text():
        pictures, sections = _pictures(comparison, tables, choice=choice, split=split)
        trained = of_training(histories, split=split, protocol=comparison.protocol)
    html = _render(
        comparison,
        choice=choice,
        split=split,
        overview=[*_shown(pictures), *_shown(trained)],
        sections=[(model, _shown(own)) for model, own in sections],
        title=title or _title(comparison),
    )
    if path.suffix.lower() in _PAGE_SUFFIXES:
        with atomic_path(path) as beside:
            beside.write_text(html, encoding="utf-8")
    else:
        everything = [*pictures, *trained, *(picture for _, own in sections for picture in own)]
        with atomic_path(path, folder=True) as beside:
            _write_folder(beside, html, everything, comparison=comparison, choice=choice, split=split)
    _log.info("Wrote the report %s.", path)


def _pictures(
    comparison: Comparison, tables: Mapping[str, Answers], *, choice: Choice | None, split: str
) -> tuple[list[Picture], list[tuple[str, list[Picture]]]]:
    """Draw what concerns all models, and what concerns each."""
    shared = in_common(tables) if len(tables) > 1 else dict(tables)
    chosen = comparison.models[0] if choice is None else choice.model
    footer = Footer(comparison.protocol, split, f"{comparison.common:,} photos common to all models")
    marked = _marked(choice) or [chosen]
    overview = of_all_models(comparison, shared, marked=marked, footer=footer) if len(tables) > 1 else []
    detailed = comparison.models if len(tables) <= _IN_DETAIL else (chosen,)
    ordered = sorted(detailed, key=lambda model: model != chosen)
    own = [
        (model, of_model(model, comparison.evaluations[model], tables[model], split=split))
        for model in ordered
    ]
    return overview, own


def _marked(choice: Choice | None) -> list[str]:
    """Name the models that a reader looks for: the chosen one, that with the best start, the others kept."""
    if choice is None:
        return []
    first, *others = choice.candidates
    starter = max(choice.candidates, key=lambda one: one.value or 0.0) if choice.by == "thesis" else first
    return list(dict.fromkeys([first.model, starter.model, *(one.model for one in others if one.kept)]))


def _shown(pictures: Sequence[Picture]) -> list[dict[str, str]]:
    """Turn pictures into what the page embeds: SVG, or PNG where that is smaller."""
    shown = []
    for picture in pictures:
        small = len(picture.svg) <= _LARGEST_SVG
        uri = data_uri(picture.svg, media="svg") if small else data_uri(picture.png, media="png")
        width = round(_CSS_PX_PER_INCH * picture.figure.get_figwidth())
        shown.append({"uri": uri, "caption": picture.caption, "name": picture.name, "width": str(width)})
    return shown


def _title(comparison: Comparison) -> str:
    if len(comparison.models) == 1:
        return f"Evaluation of {comparison.models[0]}"
    return f"Evaluation of {len(comparison.models)} models"


def _render(comparison: Comparison, *, choice: Choice | None, split: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("whence.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = _source("evaluation.css")
    hashed = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'"
    )
    return environment.get_template("evaluation.html").render(
        **values,
        version=whence.__version__,
        policy=policy,
        style=Markup(style),  # noqa: S704 (a file of this package)
        split=split,
        choice=choice,
        **tables_of.for_page(comparison, choice),
    )


def _source(name: str) -> str:
    return (resources.files("whence.report") / "templates" / name).read_text(encoding="utf-8")


def _write_folder(
    folder: Path,
    html: str,
    pictures: Sequence[Picture],
    *,
    comparison: Comparison,
    choice: Choice | None,
    split: str,
) -> None:
    (folder / "index.html").write_text(html, encoding="utf-8")
    values = comparison.to_json() | {
        "split": split,
        "choice": None if choice is None else dataclasses.asdict(choice),
    }
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / _MARK).write_text(text, encoding="utf-8")
    (folder / "figures").mkdir()
    for picture in pictures:
        (folder / "figures" / f"{picture.name}.svg").write_bytes(picture.svg)
        (folder / "figures" / f"{picture.name}.png").write_bytes(picture.png)
    (folder / "tables").mkdir()
    for name, (columns, rows) in tables_of.for_files(comparison).items():
        write_rows(folder / "tables" / f"{name}.csv", rows, columns)
