"""Figures of classes; the oracles are scikit-learn and counts made by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics

from whence.aerial.evaluation import Confusion
from whence.aerial.evaluation.confusion import FIGURES, figures_of, means_of
from whence.errors import InputError

NAMES = ("ground", "roof", "tree", "road")


@pytest.fixture
def pictures(rng):
    """Truth and prediction of 4 classes, 10 % without truth, 5 % without prediction."""
    truth = rng.integers(0, 4, (60, 70)).astype(np.uint8)
    predicted = np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, 4, truth.shape)).astype(
        np.uint8
    )
    truth[rng.random(truth.shape) < 0.1] = 255
    predicted[rng.random(truth.shape) < 0.05] = 255
    return truth, predicted


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def test_figures_are_those_of_scikit_learn(pictures):
    truth, predicted = pictures
    seen = Confusion.empty(NAMES).add(truth, predicted)
    known = truth != 255
    pair, labels = (truth[known], predicted[known]), [0, 1, 2, 3]
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(*pair, labels=labels)
    assert seen.precision == pytest.approx(precision)
    assert seen.recall == pytest.approx(recall)
    assert seen.f1 == pytest.approx(f1)
    assert seen.iou == pytest.approx(metrics.jaccard_score(*pair, labels=labels, average=None))
    assert seen.overall_accuracy == pytest.approx(metrics.accuracy_score(*pair))
    assert seen.kappa == pytest.approx(metrics.cohen_kappa_score(*pair))


def test_counts_are_those_of_a_slow_loop(pictures):
    truth, predicted = pictures
    expected, without = np.zeros((4, 4), int), np.zeros(4, int)
    for true, taken in zip(truth.ravel(), predicted.ravel(), strict=True):
        if true != 255 and taken == 255:
            without[true] += 1
        elif true != 255:
            expected[true, taken] += 1
    seen = Confusion.empty(NAMES).add(truth, predicted)
    assert (seen.counts == expected).all()
    assert (seen.unanswered == without).all()
    assert seen.pixels == (truth != 255).sum()


def test_windows_and_images_add_up(pictures):
    truth, predicted = pictures
    whole = Confusion.empty(NAMES).add(truth, predicted)
    parts = [Confusion.empty(NAMES).add(truth[k::3], predicted[k::3]) for k in range(3)]
    chained = Confusion.empty(NAMES)
    for k in range(3):
        chained.add(truth[k::3], predicted[k::3])
    assert (Confusion.total(parts).table == whole.table).all()
    assert (chained.table == whole.table).all()


def test_ignored_pixels_do_not_change_a_figure(pictures):
    """The public implementations score what a prediction says on padding."""
    truth, predicted = pictures
    other = predicted.copy()
    other[truth == 255] = 3
    a, b = (Confusion.empty(NAMES).add(truth, one) for one in (predicted, other))
    assert (a.table == b.table).all()


def test_an_absent_class_is_not_a_number_and_is_named():
    truth = np.array([0, 0, 1, 1], np.uint8)
    seen = Confusion.empty(NAMES).add(truth, np.array([0, 1, 1, 3], np.uint8))
    assert seen.absent == ("tree",)
    assert np.isnan([seen.iou[2], seen.f1[2], seen.precision[2], seen.recall[2], seen.recall[3]]).all()
    assert seen.iou[3] == 0.0  # predicted, though nowhere true: an error, not an absence
    assert seen.mean("iou") == pytest.approx((1 / 2 + 1 / 3 + 0.0) / 3)
    assert json.loads(json.dumps(seen.to_json(), allow_nan=False))["classes"]["tree"]["iou"] is None


def test_means_are_over_counted_classes_and_accuracy_over_all(pictures):
    truth, predicted = pictures
    seen = Confusion.empty(NAMES, counted=(0, 2)).add(truth, predicted)
    for figure in FIGURES:
        assert seen.mean(figure) == pytest.approx(getattr(seen, figure)[[0, 2]].mean())
    known = truth != 255
    assert seen.overall_accuracy == pytest.approx((truth == predicted)[known].mean())


def test_many_tables_at_once_are_each_alone(pictures):
    truth, predicted = pictures
    parts = [Confusion.empty(NAMES).add(truth[k::5], predicted[k::5]) for k in range(5)]
    stacked = np.stack([part.table for part in parts])
    assert figures_of(stacked)["iou"][3] == pytest.approx(parts[3].iou)
    assert means_of(stacked, (0, 1))["kappa"][2] == pytest.approx(parts[2].kappa)


def test_nothing_counted_has_no_figures():
    seen = Confusion.empty(("a", "b"))
    assert np.isnan([seen.overall_accuracy, seen.kappa, seen.mean("iou")]).all()
    assert seen.absent == ("a", "b")


@pytest.mark.parametrize(
    ("truth", "predicted", "words"),
    [
        (np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), "same pixels"),
        (np.full((2, 2), 7, np.uint8), np.zeros((2, 2), np.uint8), r"truth has ids .* 7 \(4 pixels\)"),
        (np.zeros((2, 2), np.uint8), np.full((2, 2), 4, np.uint8), r"prediction has ids .* 4 \(4 pixels\)"),
        (np.full((2, 2), -1, np.int16), np.zeros((2, 2), np.uint8), "truth has ids"),
        (np.zeros((2, 2)), np.zeros((2, 2), np.uint8), "float64"),
    ],
)
def test_what_is_no_class_is_told(truth, predicted, words):
    with pytest.raises(InputError, match=words):
        Confusion.empty(NAMES).add(truth, predicted)


def test_matrices_of_other_classes_do_not_add_up():
    with pytest.raises(InputError, match="do not add up"):
        Confusion.empty(("a", "b")) + Confusion.empty(("a", "c"))
    with pytest.raises(InputError, match="nothing to add"):
        Confusion.total([])
    with pytest.raises(InputError, match="do not fit 2 names"):
        Confusion(np.zeros((3, 3), np.int64), ("a", "b"))
    with pytest.raises(InputError, match="counted classes"):
        Confusion.empty(("a", "b"), counted=(2,))
