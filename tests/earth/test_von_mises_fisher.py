from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import ive

from whence.earth import von_mises_fisher as vmf
from whence.earth.sphere import EARTH_RADIUS_M

KAPPAS = np.array([1e-9, 1e-3, 0.04, 0.06, 0.7, 5.0, 19.0, 21.0, 400.0, 1e5, 1e9, 4e13])


@pytest.mark.parametrize("kappa", [1e-6, 0.3, 4.0, 50.0])
def test_log_peak_is_that_of_scipy(kappa: float) -> None:
    mean = np.array([0.0, 0.6, 0.8])
    expected = stats.vonmises_fisher(mean, kappa).logpdf(mean)
    assert vmf.log_peak(np.array(kappa)) == pytest.approx(expected, abs=1e-9)


def test_narrow_peak_is_that_of_the_plane_gaussian() -> None:
    sigma_m = 10.0
    kappa = vmf.concentration(np.array(sigma_m))
    per_square_metre = np.exp(vmf.log_peak(kappa)) / EARTH_RADIUS_M**2
    assert per_square_metre == pytest.approx(1.0 / (2.0 * np.pi * sigma_m**2), rel=1e-12)


def test_spread_and_concentration_are_inverse_at_every_size() -> None:
    spreads = np.array([0.001, 1.0, 1e3, 1e6, 1e7, 1e10])
    assert vmf.spread_m(vmf.concentration(spreads)) == pytest.approx(spreads, rel=1e-12)


def test_resultant_length_is_the_ratio_of_bessel_functions() -> None:
    kappas = KAPPAS[(KAPPAS > 1e-4) & (KAPPAS < 1e6)]
    lengths = ive(1.5, kappas) / ive(0.5, kappas)  # A(κ) on S², Mardia & Jupp (9.3.7)
    assert 1.0 - vmf.resultant_deficit(kappas) == pytest.approx(lengths, abs=1e-12)


def test_concentration_is_recovered_from_the_resultant_length() -> None:
    kappas = KAPPAS[KAPPAS >= 1e-3]
    assert vmf.concentration_of_deficit(vmf.resultant_deficit(kappas)) == pytest.approx(kappas, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "angle"),
    [
        (3.0, 3.0, 0.4),
        (10.0, 0.01, 2.0),
        (1e4, 30.0, 0.2),
        (5.0, 5.0, np.pi),
        (7.0, 2.0, 3.0),
        (1e8, 3e7, 3e-4),
    ],
)
def test_product_equals_the_product_at_points(first: float, second: float, angle: float) -> None:
    a, b = np.array([1.0, 0.0, 0.0]), np.array([np.cos(angle), np.sin(angle), 0.0])
    chord = (2.0 * np.sin(angle / 2.0)) ** 2
    log_factor, kappa = vmf.product(np.array(first), np.array(second), np.array(chord))
    center = first * a + second * b
    center = center / np.linalg.norm(center) if np.linalg.norm(center) > 1e-9 else a
    reach = 2.0 / np.sqrt(first + second)
    for step in ([0.0, 0.0], [0.5, 0.2], [-0.3, 1.0]):
        point = center + min(reach, 1.0) * np.array([0.0, *step])
        point /= np.linalg.norm(point)
        single = [
            vmf.log_peak(np.array(k)) - k / 2.0 * np.sum((point - mean) ** 2)
            for k, mean in ((first, a), (second, b), (float(kappa), center))
        ]
        assert np.log(4 * np.pi) + single[0] + single[1] == pytest.approx(
            float(log_factor) + single[2], abs=1e-6
        )


@pytest.mark.parametrize("kappa", [1e-6, 0.5, 30.0, 1e6])
def test_cap_mass_is_the_integral_of_the_density(kappa: float) -> None:
    angle = min(1.3 / np.sqrt(kappa), 2.0)
    peak = np.exp(vmf.log_peak(np.array(kappa)))
    expected, _ = quad(
        lambda t: 2 * np.pi * np.sin(t) * peak * np.exp(-2 * kappa * np.sin(t / 2) ** 2),
        0,
        angle,
        epsrel=1e-12,
    )
    assert vmf.cap_mass(np.array(kappa), np.array(angle)) == pytest.approx(expected, rel=1e-9)
    assert vmf.cap_mass(np.array(kappa), np.array(np.pi)) == pytest.approx(1.0)


def test_no_more_than_the_stated_share_lies_beyond_the_tail() -> None:
    for outside in (0.1, 1e-6):
        beyond = 1.0 - vmf.cap_mass(KAPPAS, vmf.tail_angle(KAPPAS, outside))
        assert (beyond <= outside * (1 + 1e-6) + 1e-12).all()


@pytest.mark.parametrize("kappa", [1e-3, 2.0, 1e4, 4e13])
def test_samples_have_the_distribution_of_the_cap_mass(kappa: float) -> None:
    center = np.array([0.0, 0.0, -1.0])  # where a naive tangent frame has its pole
    drawn = vmf.sample(np.tile(center, (4000, 1)), np.full(4000, kappa), np.random.default_rng(3))
    angles = 2 * np.arcsin(np.clip(np.linalg.norm(drawn - center, axis=1) / 2, 0, 1))
    shares = vmf.cap_mass(np.full(4000, kappa), angles)
    assert stats.kstest(shares, "uniform").pvalue > 0.01
    assert np.linalg.norm(drawn, axis=1) == pytest.approx(1.0, abs=1e-12)
    turns = np.arctan2(drawn[:, 1], drawn[:, 0]) / (2 * np.pi) + 0.5
    assert stats.kstest(turns, "uniform").pvalue > 0.01
