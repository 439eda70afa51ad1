"""Losses of pixels: each against a loop over pixels or classes, its gradient against differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.aerial.losses import LOSSES, Joint, balanced_weights, loss  # noqa: E402
from whence.aerial.losses.edge import border_strength, edge_head_loss  # noqa: E402
from whence.aerial.models.contract import Outputs  # noqa: E402
from whence.errors import InputError  # noqa: E402

CLASSES = 4


def batch(seed: int = 0, rows: int = 7, columns: int = 9) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and ids, a tenth of them ignored and class 3 absent."""
    rng = np.random.default_rng(seed)
    ids = np.kron(rng.integers(0, 3, (2, 4, 5)), np.ones((1, 2, 2)))[:, :rows, :columns]
    ids[rng.random(ids.shape) < 0.1] = 255
    logits = rng.normal(0.0, 2.0, (2, CLASSES, rows, columns))
    return torch.from_numpy(logits), torch.from_numpy(ids.astype(np.uint8))


def pixels(logits: torch.Tensor, ids: torch.Tensor) -> list[tuple[np.ndarray, int]]:
    """Probabilities and id of every pixel that counts."""
    p = torch.softmax(logits, 1).numpy()
    found = ids.numpy()
    return [
        (p[b, :, i, j], int(found[b, i, j])) for b, i, j in np.ndindex(found.shape) if found[b, i, j] != 255
    ]


def test_cross_entropy_is_the_mean_over_a_loop() -> None:
    logits, ids = batch()
    eps, weights = 0.1, [1.0, 2.0, 0.5, 3.0]
    each = [
        (weights[y], (1 - eps) * -math.log(p[y]) - eps * np.log(p).mean()) for p, y in pixels(logits, ids)
    ]
    expected = sum(w * v for w, v in each) / sum(w for w, _ in each)
    ours = loss("cross-entropy", smoothing=eps, class_weights=weights)(logits, ids)
    assert float(ours) == pytest.approx(expected, rel=1e-12)


def test_cross_entropy_is_that_of_torch() -> None:
    logits, ids = batch()
    theirs = torch.nn.functional.cross_entropy(logits, ids.long(), ignore_index=255, label_smoothing=0.05)
    torch.testing.assert_close(loss("cross-entropy", smoothing=0.05)(logits, ids), theirs)


@pytest.mark.parametrize("absent", [False, True])
def test_dice_is_the_mean_over_classes_of_sums_over_the_batch(absent: bool) -> None:
    logits, ids = batch()
    found = pixels(logits, ids)
    each = []
    for c in range(CLASSES if absent else 3):
        both = sum(p[c] for p, y in found if y == c)
        total = sum(p[c] for p, _ in found) + sum(y == c for _, y in found)
        each.append(1 - (2 * both + 1.0) / (total + 1.0))
    ours = loss("dice", absent=absent)(logits, ids)
    assert float(ours) == pytest.approx(float(np.mean(each)), rel=1e-12)


def test_lovasz_is_one_minus_iou_for_certain_predictions() -> None:
    _, ids = batch()
    guess = torch.from_numpy(np.random.default_rng(3).integers(0, CLASSES, ids.shape))
    logits = 1e4 * torch.nn.functional.one_hot(guess, CLASSES).movedim(-1, 1).double()
    counts = ids != 255
    ious = [
        (counts & (guess == c) & (ids == c)).sum() / (counts & ((guess == c) | (ids == c))).sum()
        for c in range(3)
    ]
    assert float(loss("lovasz")(logits, ids)) == pytest.approx(1 - float(np.mean(ious)), rel=1e-6)


def test_lovasz_is_the_sum_over_growing_sets_of_errors() -> None:
    """Equation 9: errors in descending order, each times how much the Jaccard loss of the set grows."""
    logits, ids = batch()
    found = pixels(logits, ids)
    each = []
    for c in range(3):
        errors = sorted(((abs((y == c) - p[c]), y == c) for p, y in found), key=lambda e: -e[0])
        n = sum(y == c for _, y in found)
        before, total = 0.0, 0.0
        for k in range(1, len(errors) + 1):
            wrong = [true for _, true in errors[:k]]
            jaccard = 1 - (n - sum(wrong)) / (n + wrong.count(False))
            total += errors[k - 1][0] * (jaccard - before)
            before = jaccard
        each.append(total)
    assert float(loss("lovasz")(logits, ids)) == pytest.approx(float(np.mean(each)), rel=1e-9)


def test_focal_is_the_mean_over_a_loop_and_cross_entropy_without_focus() -> None:
    logits, ids = batch()
    each = [(1 - p[y]) ** 2 * -math.log(p[y]) for p, y in pixels(logits, ids)]
    assert float(loss("focal")(logits, ids)) == pytest.approx(float(np.mean(each)), rel=1e-12)
    torch.testing.assert_close(loss("focal", focus=0.0)(logits, ids), loss("cross-entropy")(logits, ids))


@pytest.mark.parametrize(("below", "least"), [(0.7, 0.0), (1e-9, 0.25), (1.0, 0.0)])
def test_hard_examples_are_the_mean_over_the_hardest(below: float, least: float) -> None:
    logits, ids = batch()
    each = sorted((-math.log(p[y]) for p, y in pixels(logits, ids)), reverse=True)
    kept = max(sum(v > -math.log(below) for v in each), math.ceil(least * len(each)))
    ours = loss("hard-examples", below=below, least_share=least)(logits, ids)
    assert float(ours) == pytest.approx(float(np.mean(each[:kept])), rel=1e-12)


def neighbours(i: int, j: int, shape: tuple[int, int], *, reach: int = 1) -> list[tuple[int, int]]:
    return [
        (a, b)
        for a in range(max(i - reach, 0), min(i + reach + 1, shape[0]))
        for b in range(max(j - reach, 0), min(j + reach + 1, shape[1]))
    ]


def test_edge_is_a_loop_over_neighbours() -> None:
    logits, ids = batch()
    p = torch.softmax(logits, 1).numpy()
    found, shape = ids.numpy(), ids.shape[1:]
    on, off = [], []
    for b, i, j in np.ndindex(found.shape):
        around = [found[b, a, c] for a, c in neighbours(i, j, shape)]
        if 255 in around:
            continue
        eight = [
            p[b, :, min(max(i + di, 0), shape[0] - 1), min(max(j + dj, 0), shape[1] - 1)]
            for di in (-1, 0, 1) for dj in (-1, 0, 1) if (di, dj) != (0, 0)
        ]  # fmt: skip
        strength = min(np.abs(np.mean(eight, axis=0) - p[b, :, i, j]).sum() / 2 / (3 / 8), 1.0)
        strength = 1e-3 + (1 - 2e-3) * strength
        if len(set(around)) > 1:
            on.append(-math.log(strength))
        else:
            off.append(-math.log(1 - strength))
    expected = ((np.mean(on) if on else 0.0) + (np.mean(off) if off else 0.0)) / 2
    assert on, "the case has no border"
    assert float(loss("edge")(logits, ids)) == pytest.approx(expected, rel=1e-9)


def test_a_straight_border_between_certain_classes_has_strength_one() -> None:
    p = torch.zeros(1, 2, 6, 8)
    p[:, 0, :, :4], p[:, 1, :, 4:] = 1.0, 1.0
    strength = border_strength(p)[0]
    torch.testing.assert_close(strength[:, 3:5], torch.ones(6, 2))
    torch.testing.assert_close(strength[:, [0, 1, 2, 5, 6, 7]], torch.zeros(6, 6))


def test_boundary_is_a_loop_over_rims() -> None:
    logits, ids = batch()
    p = torch.softmax(logits, 1).numpy()
    known = ids.numpy() != 255
    each = []
    for b in range(2):
        for c in range(CLASSES):
            truth = np.where(known[b], ids[b].numpy() == c, 1.0)
            rims = []
            for m in (p[b, c], truth):
                outside = 1.0 - m
                rim = [
                    max(outside[q] for q in neighbours(i, j, m.shape)) - outside[i, j]
                    for i, j in np.ndindex(m.shape)
                ]
                rims.append(np.reshape(rim, m.shape) * known[b])
            if rims[1].sum() == 0:
                continue
            near = [
                np.reshape(
                    [max(r[q] for q in neighbours(i, j, r.shape, reach=2)) for i, j in np.ndindex(r.shape)],
                    r.shape,
                )
                for r in rims
            ]
            precision = (rims[0] * near[1]).sum() / rims[0].sum()
            recall = (rims[1] * near[0]).sum() / rims[1].sum()
            each.append(1 - 2 * precision * recall / (precision + recall))
    assert float(loss("boundary")(logits, ids)) == pytest.approx(float(np.mean(each)), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_is_the_difference_quotient(name: str) -> None:
    logits, ids = batch(rows=3, columns=3)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(name)(x, ids), (logits,))


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_labelled_costs_nothing(name: str) -> None:
    logits, ids = batch()
    logits = logits.float().requires_grad_()
    value = loss(name)(logits, torch.full_like(ids, 255))
    value.backward()
    assert float(value.detach()) == 0.0
    assert (logits.grad == 0.0).all()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scale", [1e4, -1e4, 0.0])
def test_extremes_are_finite(name: str, scale: float) -> None:
    """Certain and right, certain and wrong, and no opinion at all, in single precision."""
    _, ids = batch()
    truth = torch.nn.functional.one_hot(torch.where(ids == 255, 0, ids).long(), CLASSES).movedim(-1, 1)
    logits = (scale * truth).float().requires_grad_()
    value = loss(name)(logits, ids)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_ignored_pixels_have_no_say(name: str) -> None:
    """For those with a window their neighbours are ignored too, so that the change lies out of reach."""
    logits, ids = batch(rows=8, columns=9)
    ids[:, :, 5:] = 255
    changed = logits.clone()
    changed[:, :, :, 8:] += 100.0 * torch.randn(2, CLASSES, 8, 1, dtype=torch.float64)
    torch.testing.assert_close(loss(name)(changed, ids), loss(name)(logits, ids))


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"edge"}))
def test_a_certain_right_answer_costs_less_than_a_wrong_one(name: str) -> None:
    _, ids = batch()
    truth = torch.nn.functional.one_hot(torch.where(ids == 255, 0, ids).long(), CLASSES).movedim(-1, 1)
    right, wrong = loss(name)(20.0 * truth, ids), loss(name)(20.0 * truth.roll(1, dims=1).float(), ids)
    assert float(right) < float(wrong)


def test_half_precision_is_summed_in_single() -> None:
    logits, ids = batch()
    coarse = logits.to(torch.bfloat16)
    for name in LOSSES:
        assert loss(name)(coarse, ids).dtype == torch.float32


def test_labels_beyond_the_classes_are_an_error_that_tells_the_way_out() -> None:
    logits, ids = batch()
    with pytest.raises(InputError, match="id 7, but the network tells 4"):
        loss("dice")(logits, torch.where(ids == 2, 7, ids))


def test_labels_of_another_size_are_an_error() -> None:
    logits, ids = batch()
    with pytest.raises(InputError, match="not of the same pixels"):
        loss("focal")(logits, ids[:, 1:])


def test_unknown_names_and_options_are_errors() -> None:
    with pytest.raises(InputError, match="choose one of: cross-entropy"):
        loss("hinge")
    with pytest.raises(InputError, match="takes no smoothness"):
        loss("dice", smoothness=1.0)
    with pytest.raises(InputError, match="3 class weights were given for 4"):
        loss("focal", class_weights=(1.0, 1.0, 1.0))(*batch())


def test_joint_is_the_weighted_sum_of_its_parts() -> None:
    logits, ids = batch()
    other = torch.randn_like(logits)
    edges = torch.randn(2, 1, 7, 9, dtype=torch.float64)
    joint = Joint(
        {"cross-entropy": 1.0, "dice": 0.7}, auxiliary=0.3, edges=0.5,
        class_weights=(1.0, 2.0, 3.0, 4.0), options={"cross-entropy": {"smoothing": 0.05}},
    )  # fmt: skip
    entropy = loss("cross-entropy", smoothing=0.05, class_weights=(1.0, 2.0, 3.0, 4.0))
    expected = entropy(logits, ids) + 0.7 * loss("dice")(logits, ids)
    expected += 0.3 * 2 * entropy(other, ids) + 0.5 * edge_head_loss(edges, ids, classes=CLASSES)
    torch.testing.assert_close(joint(Outputs(logits, (other, other), edges), ids), expected)


def test_joint_refuses_what_it_cannot_mean() -> None:
    for wrong in ({}, {"hinge": 1.0}):
        with pytest.raises(InputError):
            Joint(wrong)
    with pytest.raises(InputError, match="focal"):
        Joint({"dice": 1.0}, options={"focal": {"focus": 1.0}})


def test_edge_head_is_drawn_to_where_borders_are() -> None:
    _, ids = batch()
    ids = torch.where(ids == 255, 0, ids)
    edges = torch.zeros(2, 1, 7, 9, requires_grad=True)
    edge_head_loss(edges, ids, classes=CLASSES).backward()
    found = edges.grad[0, 0] < 0  # a step down goes up there
    for i, j in np.ndindex(7, 9):
        border = len({int(ids[0, a, b]) for a, b in neighbours(i, j, (7, 9))}) > 1
        assert bool(found[i, j]) == border


def test_balanced_weights_average_to_one_over_pixels() -> None:
    counts = np.array([10.0, 1e6, 3e4, 0.0])
    weights = np.array(balanced_weights(counts))
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1.0)
    assert weights.max() / weights.min() == pytest.approx(10.0)
    with pytest.raises(InputError):
        balanced_weights([0, 0])
