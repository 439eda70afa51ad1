"""Schedules of the rate: against the formula of SGDR, cycle by cycle."""

from __future__ import annotations

import math

import pytest

from whence.learn.schedules import SCHEDULES, rate_at, restarted


@pytest.mark.parametrize(("cycles", "growth"), [(1, 2.0), (3, 2.0), (4, 1.0), (2, 3.0)])
def test_restarts_are_cosine_waves_end_to_end(cycles: int, growth: float) -> None:
    lengths = [growth**cycle for cycle in range(cycles)]
    for cycle, length in enumerate(lengths):
        for inside in (0.001, 0.25, 0.5, 0.999):
            done = (sum(lengths[:cycle]) + inside * length) / sum(lengths)
            wave = 0.5 * (1.0 + math.cos(math.pi * inside))
            assert restarted(done, cycles=cycles, growth=growth) == pytest.approx(wave, abs=1e-9)


def test_one_cycle_is_the_plain_cosine() -> None:
    for done in (0.0, 0.1, 0.7, 1.0):
        assert restarted(done, cycles=1) == pytest.approx(SCHEDULES["cosine"](done), abs=1e-12)


def test_every_cycle_begins_with_the_whole_rate() -> None:
    rates = [rate_at(s, rate=2.0, schedule="cosine-restarts", steps=700) for s in (0, 100, 300, 699)]
    assert rates[:3] == [2.0, 2.0, 2.0]
    assert 0.0 <= rates[3] < 1e-4
