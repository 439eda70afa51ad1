"""What a position in the file makes one believe."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from whence.earth.sphere import distance_m
from whence.imagery.exif import Metadata
from whence.imagery.photo import Photo
from whence.photos.evidence.exif import BACKGROUND, TYPICAL_SPREAD_M, exif_evidence


def photo_with(metadata: Metadata) -> Photo:
    photo = Photo(Path("photo.jpg"))
    photo.__dict__["metadata"] = metadata  # what the cached property would have read
    return photo


def test_without_a_position_there_is_nothing_to_say() -> None:
    assert exif_evidence(photo_with(Metadata(camera_make="Nikon"))) is None


def test_the_belief_stands_on_the_stated_position() -> None:
    evidence = exif_evidence(photo_with(Metadata(longitude_deg=13.195, latitude_deg=55.698)))
    assert evidence is not None
    assert distance_m(evidence.belief.best(), (13.195, 55.698)) < 0.01
    assert evidence.belief.background == BACKGROUND
    assert "55.698000, 13.195000" in evidence.sentence


@pytest.mark.parametrize("stated_m", [5.0, 65.0, 1400.0])
def test_a_stated_error_is_a_68_percent_radius(stated_m: float) -> None:
    """Closed form: an isotropic Gaussian of spread s holds 1 - exp(-r²/2s²) within r."""
    evidence = exif_evidence(
        photo_with(Metadata(longitude_deg=13.195, latitude_deg=55.698, position_error_m=stated_m))
    )
    assert evidence is not None
    own_mass = evidence.belief.mass_within((13.195, 55.698), stated_m) / (1 - BACKGROUND)
    assert own_mass == pytest.approx(0.68, abs=1e-3)


def test_coarse_rounding_widens_the_belief() -> None:
    """Rounding to steps of s has the standard deviation s/√12; whole seconds are about 31 m."""
    evidence = exif_evidence(
        photo_with(Metadata(longitude_deg=13.195, latitude_deg=55.698, resolution_m=31.0))
    )
    assert evidence is not None
    expected = math.hypot(TYPICAL_SPREAD_M, 31.0 / math.sqrt(12))
    np.testing.assert_allclose(evidence.belief.spreads_m, expected)
