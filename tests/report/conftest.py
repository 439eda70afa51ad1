"""Estimates at real magnitudes: a street, a country, the date line, a pole, and some without an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from whence.earth.belief import Belief
from whence.photos.estimate import Contribution, Estimate
from whence.photos.evidence.evidence import Evidence

NASTY = "a </script><script>alert(1)</script> \"b\" & 'c' \u2028 \udcff.jpg"
"""A file name with everything that breaks pages; the last character is a byte that is no text."""


def _estimate(path: str, belief: Belief, sentence: str, **known: Any) -> Estimate:
    evidence = Contribution(Evidence("text", belief, sentence), bits=21.5, moved_m=None)
    return Estimate(path, "located", belief, tuple(belief.hypotheses(5)), (evidence,), **known)


@pytest.fixture(scope="session")
def estimates() -> list[Estimate]:
    rng = np.random.default_rng(4)
    street = Belief.at((13.19, 55.7), spread_m=6)
    country = Belief.patches(rng.uniform([98, 8], [104, 18], (60, 2)), np.full(60, 8e4), background=0.05)
    fiji = Belief.patches([[179.9, -17.0], [-179.8, -17.3]], [9e4, 8e4], background=0.05)
    paris = Belief.patches([[2.35, 48.86], [-73.57, 45.5]], [8e3, 2e4], weights=[5, 1], background=0.05)
    arctic = Belief.at((10, 80), spread_m=1.2e6)
    attack = '</script><img src=x onerror=alert(1)> «Suva» & "x"'
    return [
        _estimate("walk/01.jpg", street, "The file says so.", truth=(13.1901, 55.7)),
        _estimate("signs/paris.jpg", paris, "The words «RUE DE RIVOLI» are French.", truth=(2.36, 48.85)),
        _estimate("signs/thai.jpg", country, "The script is Thai."),
        _estimate(NASTY, fiji, attack, truth=(-179.9, -16.8)),
        _estimate("arctic.jpg", arctic, "The sun does not set."),
        Estimate("empty.jpg", "unreadable: the file is empty", truth=(13.0, 52.0)),
        Estimate("wall.jpg", "no evidence", problems=("The position 0, 0 is not believed.",)),
    ]
