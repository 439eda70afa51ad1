"""A page that shows where photographs were taken: one file, no network, no server.

The map, the list and the reasons are all inside; the page may be opened from a disk, mailed or archived. Its
content security policy forbids it to load anything, so that nobody learns which photographs are being looked
at.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

import whence
from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.imagery.naming import legible
from whence.photos.summary import length_text, sentences
from whence.report.payload import land_rings, nearby, photo_values, place_labels
from whence.report.thumbnails import thumbnails

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whence.photos.estimate import Estimate
    from whence.photos.evaluate import Evaluation
    from whence.typing import PathLike

__all__ = ["MAX_THUMBNAILS", "write_map"]

MAX_THUMBNAILS = 1000
"""Photographs that get a thumbnail unless told otherwise: about 6 MB of them."""

_SCRIPTS = ("geometry.js", "text.js", "view.js", "drawing.js", "map.js", "list.js", "detail.js", "main.js")
_HEADLINE_LIMITS_M = (25.0, 1_000.0, 25_000.0, 200_000.0)
_log = logging.getLogger(__name__)


def write_map(
    path: PathLike,
    estimates: Sequence[Estimate],
    *,
    title: str,
    evaluation: Evaluation | None = None,
    files: Mapping[str, PathLike] | None = None,
    max_thumbnails: int = MAX_THUMBNAILS,
    place_names: bool = True,
) -> None:
    """Write an HTML page with a map of the estimates, the reasons behind each and, if given, their accuracy.

    Parameters
    ----------
    path
        Where to write; an existing file is replaced when the new one is whole.
    estimates
        One for each photograph, located or not; each is in the list. The page was tried with 20,000.
    title
        Heading of the page.
    evaluation
        Figures to show above the map.
    files
        Where the photographs lie, by the name that the estimate calls them (`Estimate.path`); a name that is
        not among them is taken for a path.
    max_thumbnails
        Photographs that get a thumbnail, from the first on; the page says how many have none. 0 for none,
        when the page is passed on but the pictures are not to be.
    place_names
        Whether to name places, which opens the gazetteer.

    Raises
    ------
    InputError
        When there is no estimate, or the file cannot be written.

    Examples
    --------
    >>> from whence.earth.belief import Belief
    >>> from whence.photos.estimate import weigh
    >>> from whence.photos.evidence.evidence import Evidence
    >>> said = Evidence("exif", Belief.at((13.4, 52.5), spread_m=10), "The file says so.")
    >>> write_map("map.html", [weigh("a.jpg", [said])], title="One photo")  # doctest: +SKIP
    """
    if not estimates:
        raise InputError("there is no estimate to draw; give at least one photograph")
    pictures = thumbnails(
        [(files or {}).get(str(estimate.path), estimate.path) for estimate in estimates[:max_thumbnails]]
    )
    names = nearby(estimates) if place_names else [None] * len(estimates)
    data = {
        "confidence": estimates[0].confidence,
        "photos": photo_values(estimates, thumbnails=pictures, names=names),
        "places": place_labels(estimates) if place_names else [],
        "land": land_rings(),
    }
    html = _render(
        data,
        title=legible(title),
        figures=_figures(estimates, evaluation),
        tables=None if evaluation is None else _tables(evaluation),
        notice=_notice(len(estimates), max_thumbnails),
    )
    with atomic_path(path) as beside:
        beside.write_text(html, encoding="utf-8")
    _log.info("Wrote %s: %d photographs, %.1f MB.", path, len(estimates), len(html) / 1e6)


def _render(data: Mapping[str, Any], **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("whence.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = _source("page.css")
    script = '"use strict";\n(() => {\n' + "\n".join(map(_source, _SCRIPTS)) + "\n})();"
    return environment.get_template("page.html").render(
        **values,
        version=whence.__version__,
        confidence=f"{data['confidence']:.0%}",
        has_truth=any(photo["truth"] for photo in data["photos"]),
        has_places=bool(data["places"]),
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 (files of this package)
        script=Markup(script),  # noqa: S704
        data=_json(data),
    )


def _source(name: str) -> str:
    return (resources.files("whence.report") / "templates" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Allow this style and this script, by their hashes, and images from within; nothing else."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _json(data: Mapping[str, Any]) -> Markup:
    """Write JSON that cannot end its script element: no angle bracket, no ampersand is left in it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 (nothing that HTML could mistake is left)


def _figures(estimates: Sequence[Estimate], evaluation: Evaluation | None) -> list[dict[str, str]]:
    """Give the few figures for the head of the page."""
    located = sum(bool(estimate.hypotheses) for estimate in estimates)
    figures = [{"term": "Located", "value": f"{located:,}", "note": f"of {len(estimates):,}"}]
    if evaluation is None or evaluation.median_m is None:
        return figures
    figures.append(_figure("Median error", length_text(evaluation.median_m)))
    figures += [
        _figure(f"Within {length_text(share.limit_m)}", f"{share.of_all:.0%}")
        for share in evaluation.within
        if share.limit_m in _HEADLINE_LIMITS_M and share.of_all > 0.0
    ][:2]
    figures.append(_figure("GeoScore", f"{evaluation.score.of_all:,.0f}"))
    if evaluation.calibration is not None:
        calibration = evaluation.calibration
        figures.append(
            _figure("Inside the radius", f"{calibration.share:.0%}", f"promised {calibration.promised:.0%}")
        )
    return figures


def _figure(term: str, value: str, note: str = "") -> dict[str, str]:
    return {"term": term, "value": value, "note": note}


def _tables(evaluation: Evaluation) -> dict[str, Any]:
    shares = [(f"within {length_text(share.limit_m)}", share) for share in evaluation.within]
    shares.append((f"beyond {length_text(evaluation.far.limit_m)}", evaluation.far))
    return {
        "with_truth": evaluation.with_truth,
        "located": evaluation.located,
        "shares": [
            {
                "label": label,
                "of_all": f"{share.of_all:.1%}",
                "of_located": "–" if share.of_located is None else f"{share.of_located:.1%}",
            }
            for label, share in shares
        ],
        "lines": sentences(evaluation),
    }


def _notice(count: int, max_thumbnails: int) -> str:
    if count <= max_thumbnails:
        return ""
    if max_thumbnails == 0:
        return "This page was made without thumbnails."
    others = f"the other {count - max_thumbnails:,} do not, to keep the file small"
    return f"The first {max_thumbnails:,} photos have thumbnails; {others}."
