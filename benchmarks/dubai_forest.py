"""A class-balanced random forest on colours at several scales: what networks must beat.

Features of a pixel: CIELAB, and its mean within Gaussians of 1 to 32 pixels. The stronger forest sees
textures too: standard deviations within the same Gaussians, strength and direction of the gradient (structure
tensor) at three scales. Nothing of either knows about shapes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from skimage.color import rgb2lab

MEANS_PX = (1, 2, 4, 8, 16, 32)
GRADIENTS_PX = (1, 2, 4)
PER_CLASS = 30_000
"""Training pixels of each class: as many of a rare one as of a frequent one."""


def features(image: np.ndarray, *, textures: bool) -> np.ndarray:
    """Features (rows, cols, 21 or 45) float32 of an RGB image (rows, cols, 3) uint8."""
    lab = rgb2lab(image).astype(np.float32) / np.float32(50)
    found = [lab]
    for sigma_px in MEANS_PX:
        mean = cv2.GaussianBlur(lab, (0, 0), sigma_px)
        found.append(mean)
        if not textures:
            continue
        variance = cv2.GaussianBlur(lab * lab, (0, 0), sigma_px) - mean * mean
        found.append(np.sqrt(np.maximum(variance, 0.0)))
    for sigma_px in GRADIENTS_PX if textures else ():
        blurred = cv2.GaussianBlur(lab[..., 0], (0, 0), sigma_px)
        across, down = cv2.Sobel(blurred, cv2.CV_32F, 1, 0), cv2.Sobel(blurred, cv2.CV_32F, 0, 1)
        xx, xy, yy = (
            cv2.GaussianBlur(product, (0, 0), 2 * sigma_px)
            for product in (across * across, across * down, down * down)
        )
        found += [(xx + yy)[..., None], np.sqrt((xx - yy) ** 2 + 4 * xy * xy)[..., None]]
    return np.concatenate(found, axis=2)


def fitted(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]], classes: int, *, textures: bool, seed: int = 0
) -> Any:
    """Fit the forest to images (rows, cols, 3) and ids (rows, cols), 255 left out."""
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(seed)
    pairs = list(pairs)
    totals = np.sum([np.bincount(ids.ravel(), minlength=256)[:classes] for _, ids in pairs], axis=0)
    rows, labels = [], []
    for image, ids in pairs:
        table = features(image, textures=textures).reshape(ids.size, -1)
        for number in range(classes):
            places = np.flatnonzero(ids.ravel() == number)
            wanted = round(PER_CLASS * len(places) / max(1, totals[number]))
            chosen = rng.choice(places, min(wanted, len(places)), replace=False)
            rows.append(table[chosen])
            labels.append(np.full(len(chosen), number))
    forest = RandomForestClassifier(
        200, min_samples_leaf=5, max_features="sqrt", class_weight="balanced", max_samples=0.5,
        random_state=seed, n_jobs=1,
    )  # fmt: skip
    return forest.fit(np.concatenate(rows), np.concatenate(labels))


def predicted(forest: Any, image: np.ndarray, size: tuple[int, int], *, textures: bool) -> np.ndarray:
    """Ids (rows, cols) of an image, its probabilities enlarged to `size` first."""
    rows, columns = image.shape[:2]
    p = forest.predict_proba(features(image, textures=textures).reshape(rows * columns, -1)).astype(
        np.float32
    )
    p = p.reshape(rows, columns, -1)
    whole = cv2.resize(p, size[::-1], interpolation=cv2.INTER_LINEAR)
    return forest.classes_[whole.argmax(axis=2)].astype(np.uint8)
