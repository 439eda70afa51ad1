"""The aerial chapter of the demo: a network learns the west of a drawn town and is asked about the east."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from whence.aerial.evaluation.footprints import FootprintMatch
    from whence.aerial.evaluation.scores import Scores

__all__ = ["CELL_M", "HALVES", "MISSING", "LandCover", "is_possible", "land_cover", "told"]

CELL_M = 0.5
HALVES = {"west": -280.0, "east": 280.0}
"""Name of a half -> metres east of the middle of the town; 20 m between them belong to neither."""

STEPS = 100
MISSING = (
    "The aerial chapter is left out: it trains a network, and torch is not installed; "
    "pip install 'whence[aerial]' and run the demo again."
)
_NOTICE = (
    "Measured on a town drawn by code: a network of random weights learnt the western half of its orthophoto "
    "for {steps} steps and was asked the eastern. It shows that the parts work together, no more."
)
_NETWORK = {
    "width": 48, "fine_width": 24, "widths": [16, 24, 48, 96, 128], "depths": [1, 1, 1, 1], "context": False,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class LandCover:
    """What came of it: figures of the classes, figures of the footprints, and the page."""

    scores: Scores
    match: FootprintMatch
    report: Path


def is_possible() -> bool:
    """Tell whether a network can be trained here."""
    return all(find_spec(name) is not None for name in ("torch", "albumentations"))


def land_cover(
    folder: Path,
    *,
    steps: int = STEPS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> LandCover:
    """Train on ``west``, predict ``east``, make polygons, score them, and write ``report.html``.

    Parameters
    ----------
    folder
        Holds both halves as `draw_orthophoto` writes them.
    steps
        Of the training.
    seed
        Of its chance.
    progress
        Called with (done, in all) steps.
    """
    from whence.aerial import Cleaning, Separation, evaluate_pictures, polygonise, predict
    from whence.aerial.evaluation.pictures import Rules, Trio
    from whence.aerial.polygons.matching import match_files
    from whence.aerial.schemes import scheme
    from whence.report.aerial_chapter import LandCoverFiles, write_land_cover_report

    model = _trained(folder, steps=steps, seed=seed, progress=progress)
    east, names = folder / "east", scheme("smallworld")
    files = LandCoverFiles(
        east / "images" / "date_1.tif",
        east / "masks" / "date_1.tif",
        folder / "classes.tif",
        folder / "footprints.gpkg",
    )
    predict(files.image, model, files.predicted, restart=True)
    cleaning = Cleaning(
        classes=("building",),
        min_area=8.0,
        simplify=0.5,
        right_angles=("building",),
        separate=Separation("building", 0.5),
    )
    polygonise(files.predicted, files.footprints, cleaning)
    scores = evaluate_pictures([Trio(files.predicted, files.truth)], Rules(scheme=names))["full"]
    match = match_files(files.footprints, east / "footprints_1.geojson")
    report = folder / "report.html"
    title = "The small world: land cover of a drawn town"
    notice = _NOTICE.format(steps=steps)
    write_land_cover_report(
        report, files, scheme=names, scores=scores, match=match, title=title, notice=notice
    )
    return LandCover(scores, match, report)


def told(found: LandCover) -> str:
    """Tell the figures in a few lines."""
    counts = found.scores.confusion
    by_class = ", ".join(f"{name} {value:.2f}" for name, value in zip(counts.names, counts.iou, strict=True))
    match = found.match
    counted = f"{len(match.pairs)} of {match.true} found, {match.predicted} drawn"
    return "\n".join(
        [
            f"the orthophoto, learnt in the west and asked in the east: mean IoU {counts.mean('iou'):.2f}",
            f"  {by_class}",
            f"  {found.scores.protocol.line}",
            f"its footprints: F1 {match.f1:.2f} ({counted}); {match.protocol}",
        ]
    )


def _trained(folder: Path, *, steps: int, seed: int, progress: Callable[[int, int], None] | None) -> Path:
    from whence.aerial import AerialConfig, train
    from whence.aerial.training import Watch

    config = AerialConfig.of(_recipe(folder / "west", steps=steps, seed=seed))
    watch = Watch() if progress is None else Watch(step=progress)
    return train(config, folder / "run", restart=True, watch=watch).folder / "model"


def _recipe(root: Path, *, steps: int, seed: int) -> dict[str, Any]:
    return {
        "data": {"dataset": "folder", "root": str(root.resolve()), "name": "the small world, west"},
        "crops": {"side_px": 128, "scale": [0.8, 1.25], "turn": "quarter", "balance": 0.3},
        "network": {"name": "residual-unet", "options": _NETWORK},
        "loss": {"options": {"cross-entropy": {"smoothing": 0.02}}},
        "training": {
            "steps": steps, "batch": 4, "lr": 3e-3, "warmup_steps": min(10, steps), "average": 0.9,
            "validate_every": steps, "seed": seed, "device": "cpu",
        },
        "model": {"name": "small-world", "cell_m": CELL_M},
    }  # fmt: skip
