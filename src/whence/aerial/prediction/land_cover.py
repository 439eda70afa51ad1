"""One call from an image to a map of its land cover."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.aerial.prediction.blocks import BlockStore
from whence.aerial.prediction.choices import Choices, Job
from whence.aerial.prediction.engines import by_engine
from whence.aerial.prediction.layers import Layer
from whence.aerial.prediction.output import write_layers
from whence.aerial.prediction.predicting import Pass
from whence.aerial.segmenter import Segmenter, identity_of
from whence.errors import InputError, NotAnImageError
from whence.imagery.atomic import check_target
from whence.imagery.geotiff import COMPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whence.typing import Json, PathLike

__all__ = ["Prediction", "predict"]

_LEAST_MEMORY_MB = 64.0
_OVERLAP_PX = 128
_ENDINGS = (".tif", ".tiff")


@dataclass(frozen=True)
class Prediction:
    """What was predicted and where it is.

    Attributes
    ----------
    path
        The classes.
    layers
        Name -> file, of all that was written.
    shares
        Name of a class -> its share of the pixels that hold something.
    pixels
        How many hold something, of how many.
    tiles
        How many tiles there are; of those read now, how many held nothing; how many an earlier run did.
    cell_m
        Side of a pixel in true metres, or None where that is not known.
    notes
        Sentences to read.
    """

    path: Path
    layers: dict[str, Path]
    shares: dict[str, float]
    pixels: tuple[int, int]
    tiles: tuple[int, int, int]
    cell_m: float | None
    notes: tuple[str, ...]

    def to_json(self) -> Json:
        """Give it as plain values."""
        return {
            "path": str(self.path),
            "layers": {name: str(path) for name, path in self.layers.items()},
            "shares": self.shares,
            "pixels": {"with_data": self.pixels[0], "all": self.pixels[1]},
            "tiles": dict(zip(("all", "empty", "from_an_earlier_run"), self.tiles, strict=True)),
            "cell_m": self.cell_m,
            "notes": list(self.notes),
        }


def predict(
    image: PathLike,
    model: PathLike | Segmenter,
    out: PathLike,
    *,
    tile: int = 512,
    overlap: float | None = None,
    batch: int = 4,
    workers: int = 2,
    augment: str = "none",
    probabilities: PathLike | None = None,
    probability_type: str = "uint8",
    uncertainty: PathLike | None = None,
    measure: str = "entropy",
    engine: str = "torch",
    resolution_m: float | None = None,
    cell_m: float | None = None,
    bands: Sequence[int] | None = None,
    window: tuple[int, int, int, int] | None = None,
    nodata: float | None = None,
    value_range: tuple[float, float] | None = None,
    alpha: int | None = None,
    compression: str = "deflate",
    restart: bool = False,
    memory_mb: float = 256.0,
    cache: PathLike | None = None,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Prediction:
    """Tell the land cover of an image of any size.

    The image is read in overlapping tiles, and what the network says of them is blended with weights that
    fall off towards the rims of the tiles. Only a row of tiles is in memory. The result does not depend on
    the number of threads, nor (but for rounding within the network) on the size of a batch. An interrupted
    prediction goes on where it was when it is called again.

    Parameters
    ----------
    image
        Any raster: 8 or 16 bits or floating point, any number of bands, with or without gaps.
    model
        A folder, the name of a model that comes along (``"starter"``), or a `Segmenter`.
    out
        The cloud-optimised GeoTIFF of the classes to write: numbers in the order of the model's scheme, 255
        for nothing, with colours, names (in ``out.aux.xml``), coordinate system and place of the image.
    tile, overlap
        Side of the tiles in cells of the network, and how far neighbours overlap at least: pixels, or below 1
        a share of the tile; 128 pixels by default, or half of a tile where that is less.
    batch, workers
        Tiles that the network sees at once, and threads that read.
    augment
        ``"d4"`` shows every tile in all eight positions of a square and takes the mean.
    probabilities, probability_type
        Also write a band for every class: ``"uint8"`` (250 stands for 1, as the file's scale says),
        ``"float16"`` or ``"float32"``.
    uncertainty, measure
        Also write one band that is 0 where the model is sure and 1 (stored as 250) where it cannot tell:
        ``"entropy"``, of all classes, or ``"margin"``, of the first two.
    engine
        ``"torch"``, ``"onnx"`` or ``"openvino"``.
    resolution_m
        Side in metres of the cells that the network is to see, instead of that which the model was trained
        at; the image is resampled to it and the probabilities back. Without either, the image is taken as it
        is; so it is where it differs from the model's own by less than a fifth.
    cell_m
        Side in metres of the image's pixels, where the file does not say it.
    bands
        Which bands to use, counted from 1; the first ones by default.
    window
        Column, row, width and height of the part to predict, in pixels of the image; all by default.
    nodata
        A value that means nothing where all used bands have it, besides what the file declares.
    value_range
        Values that are black and white, such as (0, 4095): the image is brought from there to 0 and 1, as
        images of 8 bits are from 0 and 255, and what is beyond is cut off. By default 16 bits are taken to
        use all of their range, and floating point to be 0 to 1, unless the model was trained on such.
    alpha
        The band, counted from 1, that is 0 where nothing is, where the file does not declare it.
    compression
        ``"none"``, ``"deflate"``, ``"lzw"`` or ``"zstd"``.
    restart
        Do again what an earlier run has finished.
    memory_mb
        What blocks of files that were decoded may take.
    cache
        Folder for exported networks; the cache folder of whence by default.
    progress
        Called with the tiles done and the tiles in all.
    say
        Called at once with every sentence that ends up in the notes.

    Returns
    -------
    Prediction
        Where the files are, and the shares of the classes.

    Raises
    ------
    NotFoundError
        When the image, the model or the folder to write to is not there.
    NotAnImageError
        When the image is no raster, truncated or damaged; nothing is left then.
    InputError
        When the image has too few bands, a choice makes no sense, the disk is full, the beginning of
        another prediction lies in the way, or another process is making the same file.
    MissingExtraError
        When the engine is not installed.

    Examples
    --------
    >>> from whence import aerial                                           # doctest: +SKIP
    >>> found = aerial.predict("ortho.tif", "starter", "classes.tif")       # doctest: +SKIP
    >>> found.shares["Building"]                                            # doctest: +SKIP
    0.134
    """
    overlap = min(_OVERLAP_PX, tile // 2) if overlap is None else overlap
    choices = Choices(
        tile, overlap, batch, workers, augment, resolution_m, cell_m,
        None if bands is None else tuple(bands), window, nodata, value_range, alpha,
    )  # fmt: skip
    if compression not in COMPRESSIONS or not memory_mb >= _LEAST_MEMORY_MB:
        raise InputError(
            f"compression {compression!r} must be one of {', '.join(COMPRESSIONS)}, and memory_mb "
            f"({memory_mb:g}) at least {_LEAST_MEMORY_MB:g}"
        )
    segmenter = _opened(model)
    layers = [Layer.of_classes(Path(out), segmenter.scheme)]
    if probabilities is not None:
        layers.append(Layer.of_probabilities(Path(probabilities), segmenter.scheme, probability_type))
    if uncertainty is not None:
        layers.append(Layer.of_uncertainty(Path(uncertainty), measure))
    _check_targets(Path(image), layers)
    job = Job.of(Path(image), segmenter, choices)
    _tell(job.notes, say)
    computed = by_engine(segmenter, engine, side=job.cutter.rows.side, cache=cache)
    store = BlockStore(layers, job.cutter.area.width)
    resumable = identity_of(segmenter) is not None
    with store.lock:
        store.begin(job.settings(segmenter, engine) | _told(layers), restart=restart, resumable=resumable)
        passing = Pass(job, computed, store)
        with _kept_or_not(store):
            passing.go(memory_mb=memory_mb, progress=progress)
            notes = {"IMAGE": job.image.name, **_names(segmenter)}
            write_layers(store, job.place, compression=compression, notes=notes, memory_mb=memory_mb)
        found = _summed(job, store, passing, segmenter)
        store.discard()
    return found


def _tell(notes: tuple[str, ...], say: Callable[[str], None] | None) -> None:
    if say is not None:
        for note in notes:
            say(note)


def _opened(model: PathLike | Segmenter) -> Segmenter:
    if isinstance(model, str | os.PathLike):
        from whence.aerial.model import load_model

        return load_model(model)
    return model


def _check_targets(image: Path, layers: list[Layer]) -> None:
    """Refuse, before the work, what would overwrite the image or be written twice."""
    for layer in layers:
        check_target(layer.path)
        if layer.path.suffix.lower() not in _ENDINGS:
            raise InputError(
                f"{layer.path} does not end as a GeoTIFF does, and that is what the {layer.name} are written "
                f"as; call it {layer.path.with_suffix('.tif').name}"
            )
        if layer.path.resolve() == image.resolve():
            raise InputError(f"{layer.path} is the image itself; give the {layer.name} another name")
    if len({layer.path.resolve() for layer in layers}) < len(layers):
        raise InputError("two results would be written to one file; give each a name of its own")


@contextmanager
def _kept_or_not(store: BlockStore) -> Iterator[None]:
    """Keep what was finished when the work stops, unless there is no going on from it."""
    try:
        yield
    except NotAnImageError:
        store.discard()
        raise
    finally:
        if not store.blocks:
            store.discard()


def _told(layers: list[Layer]) -> Json:
    """Say what is written, as plain values: part of what a prediction is known by."""
    return {"layers": [[layer.name, layer.path.name, layer.dtype, list(layer.bands)] for layer in layers]}


def _names(segmenter: Segmenter) -> dict[str, str]:
    scheme = segmenter.scheme
    identity = identity_of(segmenter)
    return {
        **({} if identity is None else {"MODEL": identity}),
        "CLASSES": json.dumps(dict(enumerate(scheme.names)), ensure_ascii=False),
        "SCHEME": json.dumps(scheme.to_json(), ensure_ascii=False),
    }


def _summed(job: Job, store: BlockStore, passing: Pass, segmenter: Segmenter) -> Prediction:
    counts = np.array([block.counts for block in store.blocks], np.int64).sum(axis=0)
    held, pixels = int(counts[:-1].sum()), int(counts.sum())
    names = segmenter.scheme.names
    shares = {name: int(count) / max(held, 1) for name, count in zip(names, counts, strict=False)}
    notes = job.notes if held else (*job.notes, f"{job.image.name} holds nothing but nodata")
    return Prediction(
        path=store.layers[0].path,
        layers={layer.name: layer.path for layer in store.layers},
        shares=shares,
        pixels=(held, pixels),
        tiles=(passing.run.tiles, passing.run.skipped, passing.run.earlier),
        cell_m=job.cell_m,
        notes=notes,
    )
