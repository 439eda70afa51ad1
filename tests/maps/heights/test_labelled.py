"""Labelled heights against modern ones: textbook formulas, refitting, planted mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from whence.errors import InputError, NotEnoughDataError, NotFoundError
from whence.maps.heights.calibration import fit_heights
from whence.maps.heights.label_table import read_labels
from whence.maps.heights.labelled import HeightLabels
from whence.maps.heights.misreading import find_misreading
from whence.maps.heights.sampling import sample_heights
from whence.maps.heights.trimming import least_squares, trimmed


def labelled(read, *, seed: int = 0, extent_m: float = 9000.0) -> HeightLabels:
    """Labels at random places at UTM size."""
    offsets = np.random.default_rng(seed).uniform(0, extent_m, (len(read), 2))
    world = offsets + np.array([500_000.0, 6_700_000.0])
    return HeightLabels(None, world, np.asarray(read, dtype=float))


def sheet(count: int = 36, *, alpha: float = 1.0, beta_m: float = 3.2, sigma_m: float = 0.8, seed: int = 0):
    """Heights read on a map, and modern ones."""
    rng = np.random.default_rng(seed)
    read = rng.uniform(20, 190, count).round(1)
    return read, alpha * read + beta_m + rng.normal(0, sigma_m, count)


# ---- the line


def test_the_line_and_its_errors_are_those_of_the_textbook():
    """Oracle: the sums of a simple regression, written out (Draper & Smith 1998, 1.2 to 1.4)."""
    read, modern = sheet(12, alpha=0.97, sigma_m=0.5)
    found = fit_heights(labelled(read), modern, model="full")
    n, mean = len(read), sum(read) / len(read)
    sxx = sum((z - mean) ** 2 for z in read)
    alpha = sum((z - mean) * h for z, h in zip(read, modern, strict=True)) / sxx
    beta = sum(modern) / n - alpha * mean
    s2 = sum((h - alpha * z - beta) ** 2 for z, h in zip(read, modern, strict=True)) / (n - 2)
    assert found.used.all()
    assert (found.alpha, found.beta_m) == pytest.approx((alpha, beta), rel=1e-10)
    assert found.alpha_error == pytest.approx((s2 / sxx) ** 0.5, rel=1e-10)
    assert found.beta_error_m == pytest.approx((s2 * (1 / n + mean**2 / sxx)) ** 0.5, rel=1e-10)
    assert found.covariance[0, 1] == pytest.approx(-mean * s2 / sxx, rel=1e-9)
    assert found.errors_m(np.array([mean]))[0] == pytest.approx((s2 / n) ** 0.5, rel=1e-9)


def test_the_shift_is_the_mean_difference():
    read, modern = sheet(15)
    found = fit_heights(labelled(read), modern, model="shift")
    off = modern - read
    assert found.beta_m == pytest.approx(off.mean(), rel=1e-12)
    assert found.beta_error_m == pytest.approx(off.std(ddof=1) / np.sqrt(15), rel=1e-12)
    assert (found.alpha, found.alpha_error) == (1.0, None)


@pytest.mark.parametrize("model", ["full", "shift"])
def test_heights_left_out_equal_refitting(model):
    read, modern = sheet(14, sigma_m=0.4)
    found = fit_heights(labelled(read), modern, model=model)
    assert found.used.all()
    for row in range(14):
        rest = np.arange(14) != row
        if model == "full":
            predicted = np.polyval(np.polyfit(read[rest], modern[rest], 1), read[row])
        else:
            predicted = read[row] + (modern - read)[rest].mean()
        assert found.leave_one_out_m[row] == pytest.approx(modern[row] - predicted, abs=1e-9)


def test_the_fit_does_not_depend_on_where_the_sheet_lies():
    read, modern = sheet()
    near = labelled(read)
    far = HeightLabels(None, near.world + 5e6, read)
    one, other = (fit_heights(labels, modern, model="full") for labels in (near, far))
    assert one.tilt.f == pytest.approx(other.tilt.f, rel=1e-6)
    assert one.beta_m == other.beta_m


# ---- wrong heights


def test_clean_heights_are_not_accused():
    """At most one sheet in a hundred may lose a height: of 150, six or more come with p < 0.005."""
    wrong = sum(len(fit_heights(labelled(read), modern, model="full").outliers) > 0
                for read, modern in (sheet(seed=seed) for seed in range(150)))  # fmt: skip
    assert wrong <= 5


def test_two_fifths_of_wrong_heights_do_not_move_the_line():
    read, modern = sheet(40, alpha=0.3048, sigma_m=0.5)
    read[:16] += np.random.default_rng(1).uniform(60, 200, 16)
    found = fit_heights(labelled(read), modern, model="full")
    assert (~found.used[:16]).all()
    assert found.used[16:].all()
    assert found.alpha == pytest.approx(0.3048, abs=4 * found.alpha_error)


@pytest.mark.parametrize(
    ("true", "read", "cause"),
    [
        (133.4, 183.4, "alike"),
        (171.0, 111.0, "alike"),
        (104.2, 140.2, "swapped"),
        (87.3, 873.0, "point"),
        (152.0, 52.0, "missing"),
        (61.5, 631.5, "extra"),
        (142.0, 182.0, "digit"),
    ],
)
def test_a_misread_height_is_named_with_what_it_was(true, read, cause):
    heights, _ = sheet(40)
    heights[7] = true
    modern = heights + 3.2 + np.random.default_rng(5).normal(0, 0.4, 40)
    heights[7] = read
    found = fit_heights(labelled(heights), modern)
    assert [one.row for one in found.outliers] == [7]
    assert found.outliers[0].misreading.cause == cause
    assert found.outliers[0].misreading.height == pytest.approx(true)
    assert "8: " in found.summary


def test_what_no_misreading_explains_is_left_unexplained():
    assert find_misreading(50.0, 977.3, tolerance=0.3) is None


def test_a_height_in_another_unit_is_told():
    read, modern = sheet(30, alpha=1.0, beta_m=0.0, sigma_m=0.2)
    read[4] = round(modern[4] / 0.3048, 1)
    units = [one.misreading.story for one in fit_heights(labelled(read), modern, model="shift").outliers]
    assert len(units) == 1
    assert "foot" in units[0]


def test_a_forced_wrong_slope_accuses_nobody():
    read, modern = sheet(36, alpha=2.1336)
    found = fit_heights(labelled(read), modern, model="shift")
    assert found.outliers == ()
    assert any("contradict α = 1" in remark and "sazhen" in remark for remark in found.remarks)


# ---- which model


@pytest.mark.parametrize(
    ("alpha", "model", "unit"),
    [
        (1.0, "shift", None), (2.1336, "unit", "sazhen"), (0.987, "full", None),
        (1.89648384, "unit", "vienna-klafter"), (0.3048, "unit", "foot"),
    ],
)  # fmt: skip
def test_the_simplest_model_that_predicts_as_well_is_chosen(alpha, model, unit):
    read, modern = sheet(60, alpha=alpha, sigma_m=0.15 * alpha, seed=4)
    found = fit_heights(labelled(read), modern)
    assert (found.model, found.unit.name if found.unit else None) == (model, unit)
    left_out = {one.name: one.leave_one_out_rmse_m for one in found.candidates}
    assert left_out["full"] <= min(left_out.values()) * 1.2


def test_a_named_unit_is_checked():
    read, modern = sheet(alpha=0.3048)
    right = fit_heights(labelled(read), modern, unit="foot")
    assert (right.model, right.alpha) == ("unit", 0.3048)
    wrong = fit_heights(labelled(read), modern, model="unit", unit="sazhen")
    assert any("contradict" in remark for remark in wrong.remarks)


def test_heights_that_are_all_equal_tell_no_slope():
    modern = 64.0 + np.random.default_rng(0).normal(0, 0.3, 9)
    labels = labelled(np.full(9, 61.2))
    with pytest.raises(NotEnoughDataError, match=r"all heights on the map are 61\.2.*--model shift"):
        fit_heights(labels, modern, model="full")
    found = fit_heights(labels, modern)
    assert found.model == "shift"
    assert any("cannot tell α" in remark for remark in found.remarks)


def test_one_odd_height_alone_does_not_make_a_slope():
    read = np.full(9, 61.2)
    read[3] = 88.0
    modern = 64.0 + np.random.default_rng(0).normal(0, 0.3, 9)
    assert fit_heights(labelled(read), modern).model == "shift"
    with pytest.raises(NotEnoughDataError, match="agree"):
        fit_heights(labelled(read), modern, model="full")


def test_one_height_gives_a_shift_without_an_error():
    found = fit_heights(labelled([61.2]), np.array([64.0]))
    assert (found.model, found.beta_m, found.beta_error_m) == ("shift", pytest.approx(2.8), None)
    assert "errors are not known" in found.summary
    with pytest.raises(NotEnoughDataError, match="one height"):
        fit_heights(labelled([61.2]), np.array([64.0]), model="full")


def test_two_heights_are_exact_and_said_to_be():
    found = fit_heights(labelled([10.0, 20.0]), np.array([25.0, 46.0]))
    assert (found.alpha, found.beta_m) == pytest.approx((2.1, 4.0))
    assert (found.alpha_error, found.beta_error_m, found.sigma_m) == (None, None, None)
    assert any("exactly" in remark for remark in found.remarks)


def test_nothing_known_on_both_sides_is_an_error():
    with pytest.raises(NotEnoughDataError, match="known both"):
        fit_heights(labelled([1.0, np.nan]), np.array([np.nan, 2.0]))


def test_unknown_heights_are_told_not_dropped():
    read, modern = sheet(12)
    read[2], modern[5] = np.nan, np.nan
    found = fit_heights(labelled(read), modern)
    assert len(found.residuals_m) == 12
    assert np.flatnonzero(~found.known).tolist() == [2, 5]
    assert any("cannot be read on the map: 3" in remark for remark in found.remarks)
    assert any("no modern height" in remark and "6" in remark for remark in found.remarks)


# ---- tilt


def test_the_test_for_a_tilt_is_fishers():
    """Oracle: numpy.linalg.lstsq of both models, and the ratio written out."""
    read, modern = sheet(20, sigma_m=0.5)
    labels = labelled(read)
    found = fit_heights(labels, modern, model="full")
    arms = (labels.world - labels.world.mean(axis=0)) / 1000
    bare = np.stack([read, np.ones(20)], axis=1)
    sums = [
        float(((modern - x @ np.linalg.lstsq(x, modern, rcond=None)[0]) ** 2).sum())
        for x in (bare, np.hstack([bare, arms]))
    ]
    assert found.tilt.f == pytest.approx((sums[0] - sums[1]) / 2 / (sums[1] / 16), rel=1e-8)


def test_a_tilt_is_found_reported_and_applied_only_when_asked():
    read, modern = sheet(36, sigma_m=0.3)
    labels = labelled(read)
    arms = (labels.world - labels.world.mean(axis=0)) / 1000
    leaning = modern + arms @ [0.25, -0.4]
    reported = fit_heights(labels, leaning, model="full")
    assert reported.tilt.p < 1e-6
    assert reported.tilt_m_per_km is None
    assert any("not applied" in remark for remark in reported.remarks)
    applied = fit_heights(labels, leaning, model="full", tilt=True)
    assert applied.tilt_m_per_km == pytest.approx((0.25, -0.4), abs=0.08)
    assert applied.rmse_m < 0.4 < reported.rmse_m


def test_no_tilt_is_claimed_of_level_sheets():
    """p is uniform where there is none: of 100 sheets about one is below 0.01; five have p = 0.003."""
    notable = 0
    for seed in range(100):
        read, modern = sheet(24, seed=seed)
        notable += fit_heights(labelled(read, seed=seed), modern, model="shift").tilt.notable
    assert notable < 5


# ---- the arithmetic


def test_trimmed_squares_equal_the_best_of_all_halves():
    """Oracle: ordinary least squares of the observations that every half agrees on, by brute force."""
    rng = np.random.default_rng(2)
    x = np.stack([rng.uniform(0, 10, 9), np.ones(9)], axis=1)
    y = x @ [1.5, 2.0] + rng.normal(0, 0.05, 9)
    y[[1, 6]] += [4.0, -7.0]
    found = trimmed(x, y)
    rest = np.delete(np.arange(9), [1, 6])
    assert found.coefficients == pytest.approx(np.linalg.lstsq(x[rest], y[rest], rcond=None)[0], rel=1e-9)
    assert np.flatnonzero(~found.kept).tolist() == [1, 6]


def test_repeated_columns_are_refused():
    with pytest.raises(NotEnoughDataError):
        least_squares(np.ones((5, 2)), np.arange(5.0))


# ---- tables and models


def test_a_table_as_people_write_it(tmp_path):
    path = tmp_path / "spots.csv"
    path.write_text("﻿Name;Easting;Northing;Height;Modern height\nchurch;500000,5;6700000;61,2;64,0\n"
                    "mill;500100;6700100;?;-\n", encoding="utf-8")  # fmt: skip
    labels, modern = read_labels(path, crs="EPSG:3067")
    assert labels.names == ("church", "mill")
    assert labels.world[0].tolist() == [500000.5, 6700000.0]
    assert labels.map_heights[0] == 61.2
    assert np.isnan([labels.map_heights[1], modern[1]]).all()
    assert labels.crs.code == "EPSG:3067"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,easting,northing\na,1,2\n", "no column for the heights"),
        ("name,height\na,1\n", "no columns for the places"),
        ("easting,northing,height\n1,2,tall\n", "line 2.*'tall' is no height"),
        ("lon,lat,height\n24,95x,3\n", "line 2"),
    ],
)
def test_broken_tables_name_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "spots.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_labels(path)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"absent\.csv"):
        read_labels(tmp_path / "absent.csv")


@pytest.fixture
def plane(tmp_path):
    """A model of the plane z = 100 + 0.01 (x − 500000) − 0.02 (y − 6700000), with a hole."""
    import rasterio

    columns, rows = np.meshgrid(np.arange(40) + 0.5, np.arange(30) + 0.5)
    x, y = 500_000 + 25 * columns, 6_700_750 - 25 * rows
    heights = 100 + 0.01 * (x - 500_000) - 0.02 * (y - 6_700_000)
    heights[10, 10] = -9999
    path = tmp_path / "plane.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=40, height=30, count=1, dtype="float64", nodata=-9999,
        crs="EPSG:32635", transform=rasterio.Affine(25, 0, 500_000, 0, -25, 6_700_750),
    ) as file:  # fmt: skip
        file.write(heights, 1)
    return path


def test_bilinear_heights_of_a_plane_are_exact(plane):
    from whence.earth.crs import Crs

    world = np.random.default_rng(0).uniform([500_300, 6_700_020], [500_980, 6_700_400], (50, 2))
    expected = 100 + 0.01 * (world[:, 0] - 500_000) - 0.02 * (world[:, 1] - 6_700_000)
    utm = Crs.parse("EPSG:32635")
    assert sample_heights(plane, world, crs=utm) == pytest.approx(expected, abs=1e-9)
    degrees = sample_heights(plane, utm.to_lonlat(world), crs=Crs.parse("OGC:CRS84"))
    assert degrees == pytest.approx(expected, abs=1e-4)


def test_holes_and_places_outside_have_no_height(plane):
    hole = [500_000 + 25 * 10.7, 6_700_750 - 25 * 10.7]
    found = sample_heights(plane, np.array([hole, [499_000.0, 6_700_100], [500_500.0, 6_700_100]]), crs=None)
    assert np.isnan(found).tolist() == [True, True, False]


def test_places_that_all_lie_elsewhere_are_an_error(plane):
    with pytest.raises(InputError, match=r"none of the 2 places.*zone"):
        sample_heights(plane, np.array([[100_000.0, 6_700_000], [100_100, 6_700_100]]), crs=None)
