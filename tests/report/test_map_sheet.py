"""The report of a sheet: self-contained, drawn from the fit, told in JSON too, honest about the unknown."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from whence.errors import InputError, NotAnImageError
from whence.maps.lattice import Lattice, round_step
from whence.maps.points.control import ControlPoints
from whence.maps.preview import preview
from whence.maps.recipe import Recipe, ScanFile
from whence.maps.records import read_record
from whence.maps.statement import accuracy
from whence.report import map_figures as figures
from whence.report.drawing import image_bytes
from whence.report.map_canvas import Backdrop, over
from whence.report.map_sheet import write_sheet_report
from whence.report.map_tables import compared, for_page

SIZE = (900, 600)
CORNER = np.array([500_000.0, 6_000_000.0])
TURN = np.radians(7.0)
AXES = 1.5 * np.array([[np.cos(TURN), np.sin(TURN)], [np.sin(TURN), -np.cos(TURN)]])


def placed(pixels: np.ndarray) -> np.ndarray:
    """1.5 m a pixel, rows turned 7 degrees anticlockwise from east."""
    return CORNER + pixels @ AXES.T


def control(
    count: int = 14, *, noise_m: float = 0.8, seed: int = 3, names: tuple[str, ...] = ()
) -> ControlPoints:
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(60, [740, 500], (count, 2))
    world = placed(pixels) + rng.normal(0, noise_m, pixels.shape)
    return ControlPoints(pixels, world, names=names).with_crs("EPSG:32633")


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scans") / "Karte <Süd>.png"
    values = np.random.default_rng(0).integers(0, 256, (SIZE[1] // 10, SIZE[0] // 10, 3), np.uint8)
    PIL.Image.fromarray(values).resize(SIZE).save(path)
    return path


@pytest.fixture(scope="module")
def recipe(scan: Path) -> Recipe:
    names = ("<b>Kirche</b>", "$x_1$", *(f"P{k}" for k in range(12)))
    points = control(names=names)
    world = points.world.copy()
    world[5] += [700.0, 0.0]
    enabled = np.arange(14) != 9
    given = ControlPoints(points.pixels, world, enabled=enabled, names=names).with_crs("EPSG:32633")
    checks = control(5, seed=8, names=("<i>Mühle</i>", *"abcd"))
    return Recipe(given, "affine", robust=True, checkpoints=checks, scan=ScanFile.of(scan))


@pytest.fixture(scope="module")
def page(recipe: Recipe, scan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "sheet.html"
    write_sheet_report(path, recipe, recipe.fit(), scan=scan)
    return path


def images(page: Path) -> dict[str, str]:
    """Name of a figure -> its SVG."""
    text = page.read_text("utf-8")
    found = re.findall(r'<figure id="(\w+)">\s*<img src="data:image/svg\+xml;base64,([^"]+)"', text)
    return {name: base64.b64decode(content).decode("utf-8") for name, content in found}


# ---- the page


def test_the_page_loads_nothing_and_runs_nothing(page: Path) -> None:
    text = html.unescape(page.read_text("utf-8"))
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", text)
    for name, svg in images(page).items():
        links = re.findall(r'href="([^"]*)"', svg)
        assert all(link.startswith(("#", "data:image/")) for link in links), name


def test_names_are_text(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "&lt;b&gt;Kirche&lt;/b&gt;" in text
    assert "Karte &lt;Süd&gt;.png" in text
    assert not re.search(r"<b>Kirche|<i>Mühle|<Süd>", text)


def test_every_chapter_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    headings = re.findall(r"<h2>(.*?)</h2>", text)
    assert headings == [
        "Accuracy", "Control points", "Independent checkpoints", "Expected error", "Distortion",
        "Transforms compared", "How it was made",
    ]  # fmt: skip
    assert set(images(page)) == {"vectors", "expected", "grid"}  # an affine is distorted alike everywhere
    for name, svg in images(page).items():
        assert svg.count("data:image/jpeg;base64") == 1, name


def test_the_page_says_what_the_fit_found(page: Path, recipe: Recipe) -> None:
    """Oracle: the fit itself."""
    text, fit = html.unescape(page.read_text("utf-8")), recipe.fit()
    assert fit.checks is not None
    radius = np.median(fit.predicted_radius_m(fit.points.pixels[fit.used]))
    said = float(re.search(r"lies within ([\d.]+) m of its true place", text.replace("\xa0", " "))[1])
    assert said == pytest.approx(radius, rel=0.15)
    assert f"{fit.quality.leave_one_out_rmse_m:.2f} m" in text.replace("\xa0", " ")
    assert f"5 independent checkpoints are missed by {fit.checks.rmse_m:.2f} m" in text.replace("\xa0", " ")
    table = text.partition("<h2>Independent checkpoints")[0]
    rows = re.findall(r'<tr class="(plain|wrong|unused)"><th scope="row">(.*?)</th>', table)
    assert [row for row in rows if row[0] == "wrong"] == [("wrong", "P3")]
    assert len(rows) == 13
    assert "Disabled in the file, 1: P7." in text
    assert fit.suspects[0].sentence in text


def test_the_json_is_the_record_and_more(page: Path, recipe: Recipe) -> None:
    content = json.loads(page.with_suffix(".json").read_text("utf-8"))
    record = read_record(page.with_suffix(".json"))
    assert record.recipe.to_json() == recipe.to_json()
    assert record.refit()[1] == 0.0
    lattice = content["lattice"]
    row, column = 10, 20
    pixel = [lattice["columns_px"][column], lattice["rows_px"][row]]
    fit = recipe.fit()
    assert lattice["radius_m"]["0.8"][row][column] == pytest.approx(
        float(fit.predicted_radius_m(pixel)), rel=1e-5
    )
    assert [one["kind"] for one in content["comparison"]["candidates"]].count("affine") == 1
    assert len(content["comparison"]["candidates"]) == 12
    assert content["statement"][0].startswith("Amid its control points")


def test_the_same_fit_gives_the_same_page(page: Path, recipe: Recipe, scan: Path, tmp_path: Path) -> None:
    write_sheet_report(tmp_path / "sheet.html", recipe, recipe.fit(), scan=scan)
    for ending in (".html", ".json"):
        assert (tmp_path / f"sheet{ending}").read_bytes() == page.with_suffix(ending).read_bytes()


# ---- figures


def test_arrows_are_the_residuals_enlarged(recipe: Recipe) -> None:
    """Oracle: residuals in pixels, from the fit's inverse rather than its slopes."""
    fit = recipe.fit()
    backdrop = Backdrop.of(np.zeros(2), np.array(SIZE, float), None)
    figure, factor = figures.vectors(fit, backdrop)
    used, world = fit.points.pixels[fit.used], fit.points.world[fit.used]
    residuals_px = used - fit.to_pixels(world)
    arrows = [one for one in figure.axes[0].texts if getattr(one, "arrow_patch", None) is not None]
    drawn = {tuple(np.round(one.xyann, 6)): [] for one in arrows}
    for one in arrows:
        drawn[tuple(np.round(one.xyann, 6))].append(np.array(one.xy) - one.xyann)
    for pixel, residual in zip(used, residuals_px, strict=True):
        steps = drawn[tuple(np.round(pixel, 6))]
        assert len(steps) == 2  # left out, and its own
        assert min(np.hypot(*(step - factor * residual)) for step in steps) < 1e-3 * factor
    lengths = np.hypot(*np.concatenate([np.array(steps) for steps in drawn.values()]).T)
    assert np.percentile(lengths, 80) < 0.15 * np.hypot(*SIZE)


def test_grid_lines_run_where_their_coordinate_is(recipe: Recipe) -> None:
    """Oracle: the transform at the vertices of the drawn lines."""
    fit = recipe.fit()
    lattice = Lattice.of(fit, size_px=SIZE)
    figure, step = figures.world_grid(lattice, Backdrop.of(np.zeros(2), np.array(SIZE, float), None))
    for k, lines in enumerate(figure.axes[0].collections):
        count = 0
        for level, pieces in zip(lines.levels, lines.allsegs, strict=True):
            for piece in pieces:
                if len(piece):
                    count += 1
                    np.testing.assert_allclose(fit.to_world(piece)[:, k], level * step, atol=1e-6 * 1e3)
        assert 3 <= count <= 12


def test_isolines_run_where_their_error_is() -> None:
    fit = Recipe(control(20), "polynomial2").fit()
    lattice = Lattice.of(fit, size_px=SIZE)
    figure = figures.error_lines(fit, lattice, Backdrop.of(np.zeros(2), np.array(SIZE, float), None))
    assert figure is not None
    lines = figure.axes[0].collections[-1]
    checked = 0
    for level, pieces in zip(lines.levels, lines.allsegs, strict=True):
        for piece in pieces:
            if len(piece) > 5:
                checked += 1
                np.testing.assert_allclose(fit.predicted_radius_m(piece), level, rtol=0.03)
    assert checked >= 3


def test_distortion_of_a_known_sheet() -> None:
    """Oracle: 1.5 m a pixel, turned by 7 degrees, without noise; then stretched by a tenth along columns."""
    pixels = control(12).pixels
    even = Lattice.of(Recipe(ControlPoints(pixels, placed(pixels)), "polynomial2").fit(), size_px=SIZE)
    np.testing.assert_allclose(even.scale_m, 1.5, rtol=1e-9)
    np.testing.assert_allclose(even.angular_deg, 0.0, atol=1e-5)
    stretched = Recipe(ControlPoints(pixels, pixels * [1.5, -1.65]), "affine").fit()
    lattice = Lattice.of(stretched, size_px=SIZE)
    assert lattice.is_even
    assert figures.distortion_panels(stretched, lattice) is None
    np.testing.assert_allclose(lattice.scale_m, np.sqrt(1.5 * 1.65))
    np.testing.assert_allclose(lattice.angular_deg, np.degrees(2 * np.arcsin(0.15 / 3.15)))
    bent = Recipe(ControlPoints(pixels, placed(pixels) + 0.0004 * pixels**2), "polynomial2").fit()
    assert figures.distortion_panels(bent, Lattice.of(bent, size_px=SIZE)) is not None


def test_turns_are_counted_from_the_middle_across_south() -> None:
    """Oracle: a sheet upside down, whose rows point to 180 degrees, turning by 3 degrees on either side."""
    x, y = np.meshgrid(np.linspace(0, 900, 7), np.linspace(0, 600, 5))
    angle = np.pi + np.radians(3.0) * (x - 450) / 450
    pixels = np.stack([x.ravel(), y.ravel()], axis=-1)
    radius = 900 / np.radians(6.0)
    world = np.stack([(radius + y) * np.sin(angle), -(radius + y) * np.cos(angle)], axis=-1).reshape(-1, 2)
    lattice = Lattice.of(Recipe(ControlPoints(pixels, world + CORNER), "polynomial3").fit(), size_px=SIZE)
    assert np.abs(lattice.turn_deg).max() == pytest.approx(3.0, abs=0.02)


def test_an_svg_with_a_scan_holds_it_once() -> None:
    image = np.full((40, 60, 3), 90, np.uint8)
    backdrop = Backdrop.of(np.zeros(2), np.array(SIZE, float), image)
    figure, _ = figures.vectors(Recipe(control(), "affine").fit(), backdrop)
    drawn = over(figure, backdrop)
    assert drawn.count(b"<image") == 1
    assert drawn.index(b"<image") < drawn.index(b'id="figure_1"')
    assert image_bytes(figure, "svg").count(b"<image") == 0


@pytest.mark.parametrize(
    ("length", "parts", "step"), [(6.0, 6, 1.0), (5.99, 6, 0.5), (1e-5, 7, 1e-6), (1e7, 3, 2e6)]
)
def test_round_steps(length: float, parts: int, step: float) -> None:
    assert round_step(length, parts=parts) == pytest.approx(step)


# ---- words


def sentences(points: ControlPoints, kind: str, **options: object) -> str:
    fit = Recipe(points, kind, **options).fit()
    return " ".join(accuracy(fit, Lattice.of(fit)))


def test_what_nothing_checks_is_said() -> None:
    text = sentences(control(3), "affine")
    assert text.startswith("How accurate positions are is not known")
    assert "none can be left out" in text


def test_points_that_contradict_are_said() -> None:
    points = control(9)
    noise = np.random.default_rng(1).uniform(-500, 500, (9, 2))
    text = sentences(replace(points, world=points.world + noise), "affine")
    assert "The points contradict one another" in text
    assert "contradict" not in sentences(points, "affine")


def test_twenty_checkpoints_make_a_tested_accuracy() -> None:
    """Oracle: the factor of the standard, 1.7308, for equal errors in both directions."""
    fit = Recipe(control(), "affine", checkpoints=control(20, seed=5)).fit()
    assert fit.checks is not None
    text = " ".join(accuracy(fit, Lattice.of(fit)))
    assert f"tested to {1.7308 * fit.checks.rmse_m:.2f} m horizontal accuracy at 95 % confidence" in text
    assert "tested to" not in sentences(control(), "affine", checkpoints=control(19, seed=5))


def test_a_spline_is_not_praised_for_passing_through_its_points() -> None:
    text = sentences(control(), "tps")
    assert "It passes through its control points, and misses them by" in text


def test_the_promise_holds_on_simulated_sheets() -> None:
    """Oracle: the true places of 60 sheets; with twelve points the radii are on the safe side."""
    within = np.zeros(2)
    for seed in range(60):
        fit = Recipe(control(12, seed=seed), "affine").fit()
        lattice = Lattice.of(fit, size_px=SIZE, longest=9)
        assert lattice.radii_m is not None
        there = np.stack(np.meshgrid(lattice.columns, lattice.rows), axis=-1)
        errors_m = np.hypot(*np.moveaxis(lattice.world - placed(there), -1, 0))
        within += [(errors_m <= radius)[lattice.inside].mean() for radius in lattice.radii_m]
    assert 0.78 <= within[0] / 60 <= 0.95
    assert within[1] / 60 >= 0.94


def test_all_kinds_are_compared_and_only_the_usual_ones_recommended(recipe: Recipe) -> None:
    fit = recipe.fit()
    found = compared(fit)
    assert found is not None
    verdicts = {one.kind: one.verdict for one in found.candidates}
    assert {verdicts[kind] for kind in ("linear", "rbf", "mesh", "moving")} == {"for comparison only"}
    assert found.kind in {"similarity", "affine5", "affine"}
    assert compared(Recipe(control(3), "affine").fit()) is None
    tables = for_page(recipe, fit, Lattice.of(fit), comparison=found)
    assert [row["kind"] for row in tables["kinds"] if row["used"]] == ["affine"]


# ---- odd inputs


def test_a_page_without_scan_crs_or_points_to_spare(tmp_path: Path) -> None:
    points = control(3)
    recipe = Recipe(ControlPoints(points.pixels, points.world), "affine")
    write_sheet_report(tmp_path / "page.html", recipe, recipe.fit())
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "coordinate system not known" in text
    assert "No point can be spared" in text
    assert set(images(tmp_path / "page.html")) == {"vectors", "grid"}
    assert "Georeferenced sheet" in text


@pytest.mark.parametrize("kind", ["linear", "projective", "mesh", "moving"])
def test_kinds_of_every_sort_have_a_page(tmp_path: Path, kind: str) -> None:
    recipe = Recipe(control(11), kind)
    write_sheet_report(tmp_path / "page.html", recipe, recipe.fit())
    assert {"vectors", "grid"} <= set(images(tmp_path / "page.html"))


def test_a_sheet_in_degrees_is_measured_in_metres() -> None:
    """Oracle: the same points in the plane."""
    points = control()
    plane, degrees = Recipe(points, "affine").fit(), Recipe(points.in_crs("EPSG:4326"), "affine").fit()
    one, other = Lattice.of(plane), Lattice.of(degrees)
    np.testing.assert_allclose(other.scale_m, one.scale_m, rtol=2e-3)
    assert one.radii_m is not None
    assert other.radii_m is not None
    np.testing.assert_allclose(other.radii_m, one.radii_m, rtol=0.02)


def test_refusals(tmp_path: Path, recipe: Recipe, scan: Path) -> None:
    fit = recipe.fit()
    with pytest.raises(InputError, match=r"end in \.html"):
        write_sheet_report(tmp_path / "page.pdf", recipe, fit)
    cut = tmp_path / "cut.png"
    cut.write_bytes(scan.read_bytes()[:3000])
    with pytest.raises(NotAnImageError):
        write_sheet_report(tmp_path / "page.html", recipe, fit, scan=cut)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.png"]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16", "1px"])
def test_previews_of_all_kinds_of_scans(tmp_path: Path, mode: str) -> None:
    """Oracle: a scan that is black on the left and white on the right is so in small, too."""
    values = np.zeros((300, 600), np.uint8)
    values[:, 300:] = 255
    image = PIL.Image.fromarray(values)
    if mode == "I;16":
        image = PIL.Image.fromarray(values.astype(np.uint16) * 200 + 500)
    elif mode == "P":
        image = image.convert("P")
    elif mode == "1px":
        image = PIL.Image.new("RGB", (1, 1))
    else:
        image = image.convert(mode)
    image.save(tmp_path / "scan.tif")
    small = preview(tmp_path / "scan.tif", longest_px=100)
    assert small.shape == ((1, 1, 3) if mode == "1px" else (50, 100, 3))
    assert small.dtype == np.uint8
    assert small[:, :1].max() <= 5
    if mode != "1px":
        assert small[:, -1].min() >= 250
