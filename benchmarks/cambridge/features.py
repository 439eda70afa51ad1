"""Features of all photographs, computed once and kept under a working folder."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.cambridge.city import FOLDS, VIEWS, City, per_view
from whence.imagery.photo import open_image
from whence.learn.encoders.baselines import Gist, LabHistogram, Thumbnail
from whence.learn.encoders.classic.description import PARTS, Describer
from whence.learn.encoders.classic.encoder import ClassicEncoder
from whence.learn.encoders.classic.local import LOCAL_INPUT_PX, extract
from whence.learn.encoders.classic.projection import Projection
from whence.learn.encoders.normalisation import unit_rows
from whence.photos.index.local_store import LocalStore, write_local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from whence.typing import Floats32, Image, Ints

CAST_QUERIES = 1000
BASELINES = (Thumbnail, LabHistogram, Gist)


class Features:
    """Whatever is asked for, from the working folder or computed into it."""

    def __init__(self, city: City, photos: Path, work: Path) -> None:
        self.city, self.photos, self.work = city, photos, work
        work.mkdir(parents=True, exist_ok=True)

    @property
    def count(self) -> int:
        """Photographs."""
        return VIEWS * len(self.city.lonlat)

    @property
    def cast_rows(self) -> Ints:
        """Views whose colours are changed in the test of robustness."""
        return np.sort(np.random.default_rng(1).choice(self.count, CAST_QUERIES, replace=False))

    def classic_of_fold(self, fold: int) -> tuple[Floats32, Floats32]:
        """Vectors (4096, d) of all views and (1000, d) of the cast ones; the fold's blocks teach nothing."""
        encoder = cache(lambda: self._projected(fold))
        clean = self._kept(f"classic-{fold}", lambda: encoder().fuse(self._described()))
        cast = self._kept(f"classic-cast-{fold}", lambda: encoder().fuse(self._described_cast()))
        return clean, cast

    def baseline(self, encoder: Thumbnail | LabHistogram | Gist) -> Floats32:
        """Vectors (4096, d) of an encoder without learning."""

        def encoded() -> Floats32:
            views = (
                encoder.encode([image])[0] for image in self._images(np.arange(self.count), encoder.input_px)
            )
            return np.stack(list(views))

        return self._kept(encoder.identity, encoded)

    def keypoints(self) -> LocalStore:
        """Local features of all views."""
        folder = self.work / "keypoints"
        if not (folder / "local").is_dir():
            folder.mkdir(exist_ok=True)
            write_local(folder, [extract(i) for i in self._images(np.arange(self.count), LOCAL_INPUT_PX)])
        return LocalStore.open(folder)

    def encode_ms(self, photos: int = 100) -> float:
        """CPU time of opening and encoding one photo after another, per photo."""
        encoder = self._projected(0)
        rows = np.random.default_rng(2).choice(self.count, photos, replace=False)
        start = time.process_time()
        for image in self._images(rows, encoder.input_px):
            encoder.encode([image])
        return 1000 * (time.process_time() - start) / photos

    def _projected(self, fold: int) -> ClassicEncoder:
        rows = self._learners(fold, ClassicEncoder.useful_photos)
        learnt_from = {name: array[rows].astype(np.float32) for name, array in self._described().items()}
        rng = np.random.default_rng(fold)
        return ClassicEncoder.with_projections(self._describer(), learnt_from, rng=rng)

    def _learners(self, fold: int, count: int) -> Ints:
        allowed = np.flatnonzero(per_view(self.city.known(fold)))
        return np.sort(np.random.default_rng(fold).permutation(allowed)[:count])

    def _describer(self) -> Describer:
        """Vocabularies from 300 photos outside fold 0."""
        folder = self.work / "encoder"
        if not folder.is_dir():
            images = list(self._images(self._learners(0, 300), ClassicEncoder.input_px))
            ClassicEncoder.fit(images, rng=np.random.default_rng(0)).save(folder)
        return ClassicEncoder.load(folder).describer

    def _described(self) -> dict[str, NDArray[np.float16]]:
        return self._described_as("described", np.arange(self.count), lambda image, _: image)

    def _described_cast(self) -> dict[str, NDArray[np.float16]]:
        return self._described_as("described-cast", self.cast_rows, with_colour_cast)

    def _described_as(
        self, stem: str, rows: Ints, change: Callable[[Image, int], Image]
    ) -> dict[str, NDArray[np.float16]]:
        paths = {name: self.work / f"{stem}-{name}.npy" for name in PARTS}
        if not all(path.exists() for path in paths.values()):
            describer = self._describer()
            stores: dict[str, NDArray[np.float16]] = {}
            for i, image in enumerate(self._images(rows, ClassicEncoder.input_px)):
                for name, vector in describer.describe(change(image, int(rows[i]))).items():
                    if name not in stores:
                        stores[name] = np.empty((len(rows), vector.size), np.float16)
                    stores[name][i] = vector
            for name, store in stores.items():
                np.save(paths[name], store)
        return {name: np.load(path, mmap_mode="r") for name, path in paths.items()}

    def _images(self, rows: Ints, size_px: int) -> Iterator[Image]:
        for row in rows.tolist():
            yield open_image(self.photos / f"{row // VIEWS}_{row % VIEWS}.jpg", size_hint_px=size_px)

    def _kept(self, name: str, compute: Callable[[], Floats32]) -> Floats32:
        path = self.work / f"{name}.npy"
        if not path.exists():
            np.save(path, compute())
        return np.load(path)


def whitened(vectors: Floats32, city: City) -> list[Floats32]:
    """For each fold the vectors compressed as the classic encoder compresses its parts."""
    projections = [
        Projection.fit(vectors[per_view(city.known(fold))], dim=512, rng=np.random.default_rng(fold))
        for fold in range(FOLDS)
    ]
    return [projection.apply(vectors) for projection in projections]


def read_mobilenet(path: Path) -> Floats32:
    """Read the published features (1024, 4, 1024) as unit vectors (4096, 1024)."""
    features = np.load(path).astype(np.float32)
    return unit_rows(features.reshape(-1, features.shape[-1]))


def with_colour_cast(image: Image, seed: int) -> Image:
    """Another white balance (gains 0.7..1.3 per channel) and gamma (1/1.6..1.6), drawn by `seed`."""
    rng = np.random.default_rng(seed)
    gains = rng.uniform(0.7, 1.3, 3)
    gamma = 1.6 ** rng.uniform(-1, 1)
    return np.round(255 * (np.clip(image / 255 * gains, 0, 1)) ** gamma).astype(np.uint8)
