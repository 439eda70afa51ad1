"""The report of an evaluation: whole, self-contained, and drawing what was measured."""

from __future__ import annotations

import csv
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from whence.earth.sphere import destination
from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.history import Epoch, write_history
from whence.photos.choose import choose
from whence.photos.evaluate import Plan
from whence.photos.evaluation.answers import Answers
from whence.photos.evaluation.comparison import evaluate_many
from whence.report import curves, figures
from whence.report.drawing import Footer, image_bytes
from whence.report.error_map import error_map
from whence.report.evaluation import check_target, write_evaluation
from whence.report.training import History, read_histories, training_curves

FOOTER = Footer("osv5m", "cells 0", "12 of 13 photos located")
CITY, WORLD = 0.02, 40.0


def _answers(seed: int, *, spread_deg: float = WORLD, median_m: float = 4e5, n: int = 120) -> Answers:
    rng = np.random.default_rng(7)
    truths = np.column_stack(
        [rng.uniform(-spread_deg, spread_deg, n), rng.uniform(-spread_deg, spread_deg, n)]
    )
    rng = np.random.default_rng(seed)
    errors_m = np.exp(rng.normal(np.log(median_m), 1.2, n)).clip(0, 1.9e7)
    places = destination(truths, rng.uniform(0, 360, n), errors_m)
    places[::20] = np.nan
    return Answers.of_arrays(
        [f"{k}.jpg" for k in range(n)],
        truths=truths,
        predictions=places,
        radii_m=np.full(n, 2.0 * median_m),
        probability=rng.uniform(size=n),
        columns={"camera_id": [f"camera {k % 3}" for k in range(n)]},
        protocol="osv5m",
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "report"
    history = folder.parent / "history.csv"
    history.write_text("epoch,train_loss,validation_loss,seconds\n1,9,8,1\n2,5,6,1\n3,3,7,1\n")
    names = ("B32-<i>a</i>", "B32-b", "B32-c", "B16-a", "B16-b")
    tables = {name: _answers(seed, median_m=3e5 + 1e5 * ("<" not in name)) for seed, name in enumerate(names)}
    found = evaluate_many(tables, plan=Plan(by=("camera_id",)))
    choice = choose(tables)
    write_evaluation(folder, found, tables=tables, choice=choice, split="cells 0", curves={"run": history})
    return folder


def test_the_page_loads_nothing(report: Path) -> None:
    page = html.unescape((report / "index.html").read_text("utf-8"))
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", page)
    assert not re.findall(r"url\((?!#)", page)


def test_names_of_models_are_text(report: Path) -> None:
    page = (report / "index.html").read_text("utf-8")
    assert "<i>a</i>" not in page
    assert "B32-&lt;i&gt;a&lt;/i&gt;" in page


def test_every_figure_tells_protocol_split_and_counts(report: Path) -> None:
    page = (report / "index.html").read_text("utf-8")
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert len(captions) == 5 + 5  # all models and training; histogram, curve, promises, map, parts of one
    assert all("Protocol osv5m · split cells 0 · " in one for one in captions)
    assert sum("114 of 120 photos located" in one for one in captions) == 5
    assert len(re.findall(r'<img src="data:image/', page)) == len(captions)


def test_the_folder_holds_figures_tables_and_values(report: Path) -> None:
    names = {path.stem for path in (report / "figures").iterdir()}
    assert {"curves", "curves_by_scale", "curves_by_family", "models", "training"} <= names
    for name in names:
        assert (report / "figures" / f"{name}.svg").read_bytes().startswith(b"<?xml")
        assert (report / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    values = json.loads((report / "evaluation.json").read_text("utf-8"))
    assert values["choice"]["model"] in values["models"]
    assert values["split"] == "cells 0"
    assert len(values["evaluations"]) == 5


def test_tables_hold_the_numbers_of_the_evaluation(report: Path) -> None:
    values = json.loads((report / "evaluation.json").read_text("utf-8"))
    with (report / "tables/comparison.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    standings = {(one["model"], one["metric"]): one["value"] for one in values["standings"]}
    for row in rows:
        expected = standings[row["model"], row["metric"]]
        assert (float(row["value"]) if row["value"] else None) == expected
    with (report / "tables/counts.csv").open(encoding="utf-8", newline="") as file:
        counts = list(csv.DictReader(file))
    first = values["evaluations"]["B16-a"]["distribution"]
    assert [int(row["B16-a"]) for row in counts] == first["counts"]
    assert {path.stem for path in (report / "tables").iterdir()} == {
        "by_camera_id", "comparison", "counts", "differences", "radii", "shares"
    }  # fmt: skip


def test_only_a_report_is_replaced(report: Path, tmp_path: Path) -> None:
    check_target(report)
    check_target(tmp_path)  # empty
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other things than a report"):
        check_target(tmp_path)
    with pytest.raises(InputError, match=r"is a file; a report is a folder, or a page that ends in \.html"):
        check_target(tmp_path / "thesis.txt")
    with pytest.raises(InputError, match="there is no folder"):
        check_target(tmp_path / "a/b")


def test_one_model_makes_one_page(tmp_path: Path) -> None:
    tables = {"alone": _answers(5, spread_deg=CITY, median_m=80.0)}
    write_evaluation(tmp_path / "page.html", evaluate_many(tables), tables=tables)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Evaluation of alone" in page
    assert "split <b>not named</b>" in page
    assert "Chosen" not in page


def test_nothing_located_still_makes_a_page(tmp_path: Path) -> None:
    lost = Answers.of_arrays(["a", "b"], truths=[(0, 0), (1, 1)], predictions=np.full((2, 2), np.nan))
    tables = {"lost": lost}
    write_evaluation(tmp_path / "page.html", evaluate_many(tables), tables=tables)
    assert "No photo with a known position was located" in (tmp_path / "page.html").read_text("utf-8")


def test_names_of_files_are_no_formulae(tmp_path: Path) -> None:
    names = (
        "cost_$5$_\\frac{",
        "_hidden",
        "\u5317\u4eac",
    )  # mathematics, a private name, letters the font lacks
    tables = {name: _answers(seed, n=30) for seed, name in enumerate(names)}
    choice = choose(tables)
    write_evaluation(tmp_path / "page.html", evaluate_many(tables), tables=tables, choice=choice)
    page = html.unescape((tmp_path / "page.html").read_text("utf-8"))
    assert all(name in page for name in names)
    errors = {name: answers.scored_m for name, answers in tables.items()}
    legend = curves.curves(errors, footer=FOOTER, marked=["_hidden"]).axes[0].get_legend()
    assert legend.get_texts()[0].get_text().strip() == "_hidden"


@pytest.mark.parametrize("error_m", [0.0, 1e-3, 2e7])
def test_one_photograph_makes_a_report(tmp_path: Path, error_m: float) -> None:
    truths = np.array([[13.2, 55.7]])
    place = destination(truths, np.zeros(1), np.array([error_m]))
    answers = Answers.of_arrays(["a"], truths=truths, predictions=place, radii_m=[1.0], probability=[1.0])
    write_evaluation(tmp_path / "report", evaluate_many({"m": answers}), tables={"m": answers})
    assert (tmp_path / "report/index.html").is_file()


def test_no_state_of_pyplot_is_made() -> None:
    code = "import whence.report.evaluation, sys; print('matplotlib.pyplot' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "False"


def test_the_same_figure_gives_the_same_bytes() -> None:
    def drawn(kind: str) -> bytes:
        counted = evaluate_many({"m": _answers(1)}).evaluations["m"].distribution
        return image_bytes(figures.error_histogram(counted, footer=FOOTER), kind)

    assert drawn("svg") == drawn("svg")
    assert drawn("png") == drawn("png")


def _all_figures() -> dict[str, object]:
    tables = {"B32-a": _answers(1), "B32-b": _answers(2), "B16-a": _answers(3), "B16-b": _answers(4)}
    errors = {name: answers.scored_m for name, answers in tables.items()}
    found = evaluate_many(tables, plan=Plan(by=("camera_id",)))
    one = found.evaluations["B16-a"]
    history = History(np.arange(1.0, 4.0), np.array([9.0, 5.0, 3.0]), np.array([8.0, 6.0, 7.0]))
    return {
        "histogram": figures.error_histogram(one.distribution, footer=FOOTER),
        "fine": figures.fine_histogram(_answers(1, spread_deg=CITY, median_m=90.0).errors_m, footer=FOOTER),
        "curves": curves.curves(errors, footer=FOOTER, marked=["B16-a"]),
        "scale": curves.curves_by_scale(errors, footer=FOOTER),
        "family": curves.curves_by_family(errors, footer=FOOTER),
        "reliability": figures.reliability(one.radii, one.probabilities, footer=FOOTER),
        "bars": figures.group_bars(one.groups[0], footer=FOOTER),
        "forest": figures.forest(found, found.metrics[:3], footer=FOOTER),
        "world": error_map(_answers(1), footer=FOOTER),
        "city": error_map(_answers(1, spread_deg=CITY, median_m=90.0), footer=FOOTER),
        "training": training_curves({"run": history}, footer=FOOTER),
    }


def test_axes_are_labelled_and_the_footer_is_in_every_figure() -> None:
    for name, figure in _all_figures().items():
        assert figure is not None, name
        assert figure.get_supxlabel() == "Protocol osv5m · split cells 0 · 12 of 13 photos located", name
        for axes in figure.axes:
            if not axes.axison or axes.get_label() == "<colorbar>":
                continue
            assert axes.get_xlabel(), name
            units = ("km", "m", "photographs", "share", "°", "loss", "points", "error", "probability")
            words = f"{axes.get_xlabel()} {axes.get_ylabel()}"
            assert any(unit in words for unit in units), f"{name}: {words}"


def test_bars_are_the_counts() -> None:
    counted = evaluate_many({"m": _answers(1)}).evaluations["m"].distribution
    figure = figures.error_histogram(counted, footer=FOOTER)
    assert [bar.get_height() for bar in figure.axes[0].patches] == list(counted.histogram)
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert f"mean error {counted.mean_km:,.0f} km" in words


def test_drawn_curves_are_the_shares() -> None:
    errors = {name: _answers(seed).scored_m for seed, name in enumerate("ab")}
    figure = curves.curves(errors, footer=FOOTER, marked=["b"])
    for axes in figure.axes:
        lines = {line.get_label(): line for line in axes.get_lines()}
        for name, line in lines.items():
            x_km, height = line.get_data()
            for place in (0, 17, -1):  # before a jump and after it, the curve holds both heights
                at = 1000.0 * x_km[place]
                shares = [np.mean(errors[name] <= at * (1 + 1e-9)), np.mean(errors[name] < at * (1 - 1e-9))]
                assert height[place] == pytest.approx(shares[0]) or height[place] == pytest.approx(shares[1])
        assert lines["b"].get_linewidth() > lines["a"].get_linewidth()


def test_many_models_are_grey_but_for_a_few() -> None:
    errors = {f"m{k}": _answers(k).scored_m for k in range(12)}
    figure = curves.curves(errors, footer=FOOTER, marked=["m7"])
    legend = figure.axes[0].get_legend()
    assert legend.get_title().get_text() == "7 others in grey"
    assert legend.get_texts()[0].get_text() == "m7"


def test_maps_are_of_the_world_or_in_metres() -> None:
    world = error_map(_answers(1), footer=FOOTER)
    city = error_map(_answers(1, spread_deg=CITY, median_m=90.0), footer=FOOTER)
    assert world.axes[0].get_xlabel() == "longitude, °"
    assert city.axes[0].get_xlabel() in {"east of the middle, m", "east of the middle, km"}
    lost, found = city.axes[0].collections[:2]
    assert (len(lost.get_offsets()), len(found.get_offsets())) == (6, 114)
    # Between two truths the map and the ellipsoid differ by less than half a per cent.
    from whence.earth.ellipsoid import geodesic_distance_m

    answers = _answers(1, spread_deg=CITY, median_m=90.0)
    first, second = np.asarray(lost.get_offsets())[:2]
    truths = answers.truths[~answers.located][:2]
    assert np.hypot(*(first - second)) == pytest.approx(geodesic_distance_m(truths[0], truths[1]), rel=5e-3)


def test_many_photographs_become_medians_of_hexagons() -> None:
    """West of the meridian errors are 10 km but for a third at 10,000 km; east of it 1000 km."""
    rng = np.random.default_rng(0)
    truths = np.column_stack([rng.uniform(-60, 60, 6000), rng.uniform(-30, 30, 6000)])
    truths = truths[np.abs(truths[:, 0]) > 3.0]
    truths = np.repeat(truths, 3, axis=0)
    west, third = truths[:, 0] < 0, np.arange(len(truths)) % 3 == 0
    errors_m = np.where(west, np.where(third, 1e7, 1e4), 1e6)
    places = destination(truths, rng.uniform(0, 360, len(truths)), errors_m)
    answers = Answers.of_arrays([str(k) for k in range(len(truths))], truths=truths, predictions=places)
    hexagons = next(
        one for one in error_map(answers, footer=FOOTER).axes[0].collections if one.get_array() is not None
    )
    medians, centres = np.asarray(hexagons.get_array()), np.asarray(hexagons.get_offsets())
    assert len(medians) > 500
    expected = np.where(centres[:, 0] < 0, 1e4, 1e6)
    assert medians == pytest.approx(expected, rel=0.01)  # ellipsoid against sphere


def test_histories(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("epoch,train_loss,validation_loss\n1,9,8\n2,5,6\n3,3,\n")
    history = read_histories(path)[""]
    assert (history.best, history.epoch[history.best]) == (1, 2.0)
    assert np.isnan(history.validation_loss[2])
    for content, said in (
        ("epoch,train_loss\n1,2\n", "no column validation_loss"),
        ("epoch,train_loss,validation_loss\n1,x,2\n", "could not convert"),
        ("epoch,train_loss,validation_loss\n1,2,\n", "no epoch has a validation loss"),
    ):
        path.write_text(content)
        with pytest.raises(FormatError, match=said):
            read_histories(path)
    with pytest.raises(NotFoundError):
        read_histories(tmp_path / "none.csv")


def test_parts_of_a_training_are_told_apart(tmp_path: Path) -> None:
    """The file that training writes, by its own writer."""
    epochs = [Epoch("cells", 0, 3.0, 4.0, 1e-3, 1.0), Epoch("cells", 1, 2.0, 3.0, 1e-3, 1.0)]
    write_history(tmp_path / "history.csv", [*epochs, Epoch("offsets", 0, 9.0, 8.0, 1e-3, 1.0)])
    parts = read_histories(tmp_path / "history.csv")
    assert parts["cells"].validation_loss.tolist() == [4.0, 3.0]
    assert parts["offsets"].train_loss.tolist() == [9.0]
