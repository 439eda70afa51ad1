"""The models that come with the package: small, documented, and of use on what they were made for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from whence.aerial.model import STARTERS, load_model  # noqa: E402

MOST_BYTES = 10_000_000


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_says_where_it_comes_from(name: str) -> None:
    model = load_model(name, device="cpu")
    card = model.card
    assert model.name == name
    for key in ("licence", "data", "split", "protocol", "scores", "limits", "training"):
        assert card[key], key
    text = (STARTERS[name] / "card.md").read_text(encoding="utf-8")
    for told in (*model.scheme.names, card["licence"], card["split"], *card["limits"]):
        assert told in text


def test_all_starters_together_are_small() -> None:
    files = [path for folder in STARTERS.values() for path in folder.iterdir()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES


def test_the_card_tells_every_tile_with_its_interval_and_the_baseline() -> None:
    scores = load_model("starter", device="cpu").card["scores"]
    assert sorted(scores) == [f"tile_{number}" for number in range(1, 8)]
    for found in scores.values():
        low, high = found["starter"]["mean_iou_95"]
        assert 0.0 < low <= found["starter"]["mean_iou"] <= high < 1.0
        assert 0.0 < found["forest"]["mean_iou"] < 1.0


def test_the_figures_are_those_of_the_results() -> None:
    folder = Path(__file__).parents[2] / "benchmarks" / "results" / "dubai"
    scores = load_model("starter", device="cpu").card["scores"]
    for number in range(1, 8):
        tables = np.sum(json.loads((folder / f"starter-{number}.json").read_text())["tables"], axis=0)
        hits = np.diag(tables)
        union = tables.sum(axis=0)[:5] + tables.sum(axis=1) - hits
        assert scores[f"tile_{number}"]["starter"]["mean_iou"] == pytest.approx(
            np.mean(hits / union), abs=1e-4
        )


def test_sand_is_land_and_black_calm_ground_is_water() -> None:
    rng = np.random.default_rng(0)
    image = np.empty((1, 512, 512, 3), np.uint8)
    image[0, :, :256] = np.clip(np.array([226, 219, 207]) + rng.normal(0, 6, (512, 256, 3)), 0, 255)
    image[0, :, 256:] = np.clip(np.array([14, 22, 20]) + rng.normal(0, 1, (512, 256, 3)), 0, 255)
    model = load_model("starter", device="cpu")
    said = model.probabilities(image)[0].argmax(axis=0)
    names = np.array(model.scheme.names)
    assert (names[said[64:448, 32:192]] == "land").mean() > 0.95
    assert (names[said[64:448, 320:480]] == "water").mean() > 0.95


def test_a_red_roof_on_grass_is_a_building() -> None:
    rng = np.random.default_rng(1)
    image = np.clip(np.array([96, 118, 62]) + rng.normal(0, 12, (768, 768, 3)), 0, 255)
    image[300:460, 280:480] = np.clip(np.array([176, 84, 70]) + rng.normal(0, 6, (160, 200, 3)), 0, 255)
    said = load_model("starter-buildings", device="cpu").probabilities(image.astype(np.uint8)[None])[0]
    inside = said[1:].sum(axis=0)
    assert (inside[330:430, 310:450] > 0.5).mean() > 0.9
    assert (inside[:200] > 0.5).mean() < 0.1


def test_a_prediction_repeats_the_gravest_limit(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    from whence.aerial import predict

    image = tmp_path / "image.tif"
    profile = {
        "driver": "GTiff",
        "width": 64,
        "height": 64,
        "count": 3,
        "dtype": "uint8",
        "crs": "EPSG:32640",
    }
    with rasterio.open(image, "w", transform=rasterio.Affine(1, 0, 4e5, 0, -1, 2e6), **profile) as file:
        file.write(np.full((3, 64, 64), 200, np.uint8))
    model = load_model("starter", device="cpu")
    found = predict(image, model, tmp_path / "classes.tif")
    assert f"starter: {model.card['limits'][0]}" in found.notes
