"""The laboratory end to end, on OpenStreetView-5M in miniature: archives to a chosen model that locates."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "photos" / "datasets"))
from fake_osv5m import write_fake_osv5m

PLACES = np.array([[13.2, 55.7], [37.6, 55.8], [2.35, 48.85], [-0.12, 51.5]])
EACH = 40

Run = Callable[..., str]


@pytest.fixture
def succeed(run: Callable[..., Any]) -> Run:
    """Run a command; what it prints, once it has succeeded."""

    def invoke(*arguments: str) -> str:
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        return str(result.stdout)

    return invoke


def picture(place: int, number: int) -> bytes:
    """A JPEG whose colour tells the place and whose noise does not."""
    import io

    import PIL.Image

    colour = np.array([[200, 60, 60], [60, 200, 60], [60, 60, 200], [200, 200, 60]])[place]
    noise = np.random.default_rng(1000 * place + number).normal(0, 25, (32, 32, 3))
    file = io.BytesIO()
    PIL.Image.fromarray(np.clip(colour + noise, 0, 255).astype(np.uint8)).save(file, "JPEG")
    return file.getvalue()


def written(folder: Path, split: str, each: int) -> dict[str, bytes]:
    """One split of the data set: `each` photographs at every place."""
    rng = np.random.default_rng(len(split))
    place = np.tile(np.arange(len(PLACES)), each)
    lonlat = PLACES[place] + rng.normal(0, 0.02, (len(place), 2))
    images = [picture(int(p), i) for i, p in enumerate(place)]
    faults = ["broken_jpeg", "out_of_range"] if split == "train" else []
    return write_fake_osv5m(folder, lonlat, images=images, split=split, faults=faults)


SWEEP = """
[common]
features = "train.features"
test = "test.features"
training.batch = 32
training.max_epochs = 40
[[models]]
name = "constant"
head.kind = "constant"
[[models]]
name = "neighbours"
head.kind = "retrieval"
head.neighbours = 10
[grid]
head.kind = ["coordinates"]
head.loss = ["haversine", "geoscore"]
head.last_layer = ["tanh", "clamp"]
"""


def test_from_archives_to_a_model_that_locates(succeed: Run, tmp_path: Path) -> None:
    kept = {split: written(tmp_path / "osv5m", split, each) for split, each in (("train", EACH), ("test", 6))}
    for split in kept:
        succeed("dataset", "osv5m", "osv5m", "--split", split, "--out", f"{split}.store")
        succeed("embed", f"{split}.store", "--encoder", "lab-histogram", "--out", f"{split}.features")
        told = json.loads(succeed("dataset", "info", f"{split}.store", "--json"))
        assert told["pictures"] == len(kept[split])
    succeed("split", "train.features", "--by", "random", "--set", "validation=0.3", "--set", "test=0",
        "--out", "split.parquet")  # fmt: skip
    (tmp_path / "sweep.toml").write_text(SWEEP, "utf-8")
    told = json.loads(succeed("sweep", "sweep.toml", "--split", "split.parquet", "--out", "sweep", "--json"))

    assert told["side"] == "test"
    assert told["failures"] == {}
    assert len(told["comparison"]["evaluations"]) == 6
    assert told["choice"]["model"] != "constant"
    medians = {name: figures["median_m"] for name, figures in told["comparison"]["evaluations"].items()}
    assert medians["neighbours"] < 20e3 < medians["constant"]
    page = (tmp_path / "sweep/report/index.html").read_text("utf-8")
    assert "neighbours" in page
    table = (tmp_path / "sweep/sweep.csv").read_text("utf-8").splitlines()
    assert len(table) == 7

    again = json.loads(succeed("sweep", "sweep.toml", "--split", "split.parquet", "--out", "sweep", "--json"))
    assert again["choice"] == told["choice"]  # a complete sweep is read, not trained again

    (tmp_path / "new.jpg").write_bytes(picture(2, 99))
    chosen = f"sweep/{told['choice']['model']}/model"
    (estimate,) = json.loads(succeed("locate", "new.jpg", "--model", chosen, "--sources", "model", "--json"))[
        "estimates"
    ]
    best = estimate["hypotheses"][0]
    assert (best["longitude_deg"], best["latitude_deg"]) == pytest.approx(PLACES[2], abs=1.0)
    assert succeed("evaluate", chosen, "--features", "test.features")
