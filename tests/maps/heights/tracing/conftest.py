"""A small sheet drawn by code: a slope of contours with roads across, labels in gaps, on tinted paper."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from whence.maps.heights.labelled import HeightLabels

SIDE = 640
BROWN, BLACK, BLUE = (176, 104, 52), (34, 32, 32), (60, 120, 190)
LEVELS = tuple(range(10, 24))
INTERVAL = 5.0


@dataclass(frozen=True, eq=False)
class Sheet:
    """A drawn sheet and its truth: lines as (n, 2) pixels by level, labels and spots."""

    image: np.ndarray
    lines: dict[int, np.ndarray]
    labels: HeightLabels
    spots: HeightLabels


def line_of(level: int) -> np.ndarray:
    """One contour: rows fall with the level, waves go along; (n, 2) column, row."""
    column = np.arange(20.0, SIDE - 20.0, 2.0)
    row = 600.0 - 40.0 * (level - 9) + 14.0 * np.sin(column / 70.0 + 0.1 * level)
    return np.stack([column, row], axis=1)


def height_at(column: float, row: float) -> float:
    """Height in metres between the lines, by bisection of `line_of` in the level."""
    low, high = 8.0, 26.0
    for _ in range(50):
        middle = (low + high) / 2
        at = 600.0 - 40.0 * (middle - 9) + 14.0 * np.sin(column / 70.0 + 0.1 * middle)
        low, high = (middle, high) if at > row else (low, middle)
    return INTERVAL * low


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round((points - 0.5) * 16).astype(np.int32)


def draw(*, paper: tuple[int, int, int] = (246, 236, 208), ink: tuple[int, int, int] = BROWN) -> Sheet:
    """Draw a sheet: contours 5 m apart, every fifth thick with a gap for its number, two roads, a stream."""
    image = np.empty((SIDE, SIDE, 3), np.uint8)
    image[:] = paper
    lines = {level: line_of(level) for level in LEVELS}
    places, heights = [], []
    for level, line in lines.items():
        cv2.polylines(image, [_fixed(line)], False, ink, 5 if level % 5 == 0 else 3, cv2.LINE_AA, 4)
        if level % 5 == 0:
            places.append(line[150])
            heights.append(INTERVAL * level)
            cv2.circle(image, tuple(np.round(line[150]).astype(int).tolist()), 13, paper, -1)
    for column in (160, 480):
        cv2.line(image, (column, 0), (column + 30, SIDE), BLACK, 3, cv2.LINE_AA)
    cv2.line(image, (0, 90), (SIDE, 330), BLUE, 2, cv2.LINE_AA)
    rng = np.random.default_rng(5)
    image = cv2.GaussianBlur(image, (0, 0), 0.7)
    noisy = image + rng.normal(0, 3, image.shape[:2])[..., None]
    shade = np.linspace(1.0, 0.9, SIDE)[None, :, None]
    spots = rng.uniform(60, SIDE - 60, (16, 2))
    return Sheet(
        np.clip(noisy * shade, 0, 255).astype(np.uint8),
        lines,
        HeightLabels(np.array(places), None, np.array(heights)),
        HeightLabels(spots, None, np.array([height_at(*spot) for spot in spots.tolist()])),
    )


@pytest.fixture(scope="session")
def draw_sheet():
    """Draw another one."""
    return draw


@pytest.fixture(scope="session")
def sheet() -> Sheet:
    return draw()


@pytest.fixture(scope="session")
def work(sheet):
    """Its lines, traced once."""
    from whence.maps.heights.tracing.from_scan import line_work
    from whence.maps.scan.source import as_scan

    return line_work(as_scan(sheet.image))
