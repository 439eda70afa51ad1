"""The height chapter: a page that shows what it is given and nothing else, offline, with names as text."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whence.errors import InputError
from whence.maps.heights import Contours, HeightLabels, Lattice, contours_of, fit_heights, write_model
from whence.maps.heights.labels import Suspect
from whence.maps.heights.making import Made
from whence.report import height_figures as figures
from whence.report.height_page import HeightChapter, write_height_report

LATTICE = Lattice(500_000.0, 6_000_000.0, 20.0, 40, 30)


def hills() -> np.ndarray:
    x, y = np.moveaxis(LATTICE.centres() - [500_000.0, 5_999_400.0], -1, 0)
    return 150 + 40 * np.sin(x / 200) * np.cos(y / 180)


@pytest.fixture(scope="module")
def fit():
    """Fourteen labels 7 m too high, one misread; names that break pages."""
    rng = np.random.default_rng(0)
    modern = rng.uniform(100, 180, 14)
    read = np.round(modern + 7 + rng.normal(0, 0.1, 14), 1)
    read[4] += 40
    read[9] = np.nan
    names = ("<b>Gipfel</b>", "$x_1$", *(f"P{k}" for k in range(12)))
    labels = HeightLabels(rng.uniform(0, 900, (14, 2)), None, read, names)
    return fit_heights(labels, modern, vertical="EPSG:5621 (EVRF2007 height)")


@pytest.fixture
def chapter(fit, tmp_path: Path) -> HeightChapter:
    write_model(tmp_path / "m.tif", hills(), LATTICE)
    contours = contours_of(hills(), LATTICE, interval_m=10)
    made = Made("biharmonic", {"smoothing": 0.1}, {"biharmonic": 0.6, "tin": 1.7})
    suspects = (Suspect(1, float(contours.heights_m[1]), 170.0, 9.0, 0.0),)
    return HeightChapter(
        fit=fit, contours=contours, suspects=suspects, contradictions=("lines <1> and 2 cross",),
        model=tmp_path / "m.tif", made=made, operation="a shift (accuracy 1 m, grids a.gtx)",
        truth=(("Height", "0.12 m"),),
    )  # fmt: skip


def headings(text: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", text)


def test_the_page_says_what_it_was_given(chapter: HeightChapter, tmp_path: Path) -> None:
    write_height_report(tmp_path / "page.html", chapter, title="Blatt <7>")
    raw = (tmp_path / "page.html").read_text("utf-8")
    text = html.unescape(raw)
    assert headings(raw) == [
        "Heights against the truth", "Labelled heights", "Contours", "Height model", "Vertical system",
    ]  # fmt: skip
    for said in ("a shift (accuracy 1 m, grids a.gtx)", "EVRF2007", "smoothing 0.1", "1.700", "0.12 m"):
        assert said in text
    assert "&lt;b&gt;Gipfel" in raw
    assert "Blatt &lt;7&gt;" in raw
    assert "lines &lt;1&gt;" in raw.lower()
    assert re.findall(r'<tr class="wrong"><th scope="row">(.*?)</th>', raw) == ["P2", "line 2"]
    assert "default-src 'none'" in text
    assert "<script" not in raw
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", raw)
    said = json.loads((tmp_path / "page.json").read_text("utf-8"))
    assert [one["name"] for one in said["fit"]["outliers"]] == ["P2"]
    assert said["made"]["rmse_m"]["tin"] == 1.7


def test_what_is_not_known_is_left_out(fit, chapter: HeightChapter, tmp_path: Path) -> None:
    for given, expected in (
        (HeightChapter(fit=replace(fit, vertical=None)), ["Labelled heights"]),
        (HeightChapter(model=chapter.model), ["Height model"]),
        (HeightChapter(contradictions=("a.gpkg has one", "one")), ["Contours"]),
        (HeightChapter(), []),
    ):
        write_height_report(tmp_path / "page.html", given)
        text = (tmp_path / "page.html").read_text("utf-8")
        assert headings(text) == expected
        if "Contours" in expected:
            assert re.findall(r"<li>(.*?)</li>", text) == ["a.gpkg has one", "One"]
    with pytest.raises(InputError, match=r"end in \.html"):
        write_height_report(tmp_path / "page.pdf", HeightChapter())


def test_the_same_chapter_gives_the_same_page(chapter: HeightChapter, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_height_report(tmp_path / name, chapter)
    one, two = ((tmp_path / name).read_text("utf-8") for name in ("a.html", "b.html"))
    assert one.replace("a.json", "b.json") == two
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', one)
    assert len(pictures) == 2
    for picture in pictures:
        links = re.findall(r'href="([^"]*)"', base64.b64decode(picture).decode("utf-8"))
        assert all(link.startswith(("#", "data:image/")) for link in links)


def test_the_scatter_is_the_fit(fit) -> None:
    """Oracle: the labels, and Z = α z + β."""
    left, right = figures.fit_scatter(fit).axes
    line, used, refused = (one.get_xydata() for one in left.lines)
    np.testing.assert_allclose(line[:, 1], fit.alpha * line[:, 0] + fit.beta_m)
    np.testing.assert_allclose(used, np.stack([fit.labels.map_heights, fit.modern_m], 1)[fit.used])
    assert refused.tolist() == [[fit.labels.map_heights[4], fit.modern_m[4]]]
    assert [one.get_text() for one in left.texts] == ["P2"]
    np.testing.assert_allclose(right.lines[-1].get_ydata(), fit.residuals_m[fit.used])


def test_differences_are_drawn_where_they_are() -> None:
    """Oracle: a difference of one sign in the east; white is none."""
    off = np.full(LATTICE.shape, -2.0)
    off[:, 20:] = 3.0
    off[0, 0] = np.nan
    image = figures.difference_map(off, LATTICE).axes[0].images[0]
    assert image.get_extent() == [500_000.0, 500_800.0, 5_999_400.0, 6_000_000.0]
    np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan), off)
    low, high = image.get_clim()
    assert low == -high == -3.0


def test_a_level_model_is_drawn_too(tmp_path: Path) -> None:
    write_model(tmp_path / "m.tif", np.full(LATTICE.shape, 12.0), LATTICE)
    write_height_report(tmp_path / "page.html", HeightChapter(model=tmp_path / "m.tif"))
    lines = Contours.of([[[500_000, 5_999_500], [500_300, 5_999_600]]], [12.0])
    write_height_report(tmp_path / "page.html", HeightChapter(model=tmp_path / "m.tif", contours=lines))
    assert "1 line" in (tmp_path / "page.html").read_text("utf-8")
