"""Multiplying beliefs: exact for patches and background, bounded in what is left out.

4π (b₁u + Σ wᵢfᵢ)(b₂u + Σ vⱼgⱼ) = b₁b₂ u + b₂ Σ wᵢfᵢ + b₁ Σ vⱼgⱼ + ΣΣ wᵢvⱼkᵢⱼ fᵢⱼ: every pair of patches gives
one patch, and the backgrounds carry each side's explanation on in case the other side is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from whence.earth import von_mises_fisher as vmf
from whence.earth.merging import merge_alike, reduce_to
from whence.earth.patches import Patches, log_peak_ratio, near_pairs

if TYPE_CHECKING:
    from whence.typing import Floats, Ints

__all__ = ["mix", "multiply", "settle"]

LEAST_BACKGROUND = 1e-15
_UNSEEN_PAIRS = 1e-6  # share of the product's background that all pairs left out may weigh together
_MOST_PAIRS = 2_000_000
_CROWD = 1000  # patches that each side is merged to where there would be more pairs
_DUST = 1e-4  # share of the background that all patches moved into it may weigh together


def multiply(
    first: tuple[Patches, float], second: tuple[Patches, float], max_patches: int
) -> tuple[Patches, float, float]:
    """Multiply two beliefs, each given as patches and background.

    Pairs are left out only where a bound shows that all of them together weigh less than a millionth of the
    product's background. Crowds that would make more than two million pairs are merged before.

    Returns
    -------
    Patches, float, float
        At most `max_patches` patches, the background (together they weigh 1), and ln of the agreement
        4π ∫ p q: 0 for unrelated beliefs, negative where they contradict each other.
    """
    (ours, our_background), (theirs, their_background) = first, second
    background = our_background * their_background
    parts = [
        ours.weighing(ours.weights * their_background),
        theirs.weighing(theirs.weights * our_background),
        *_pairs(ours, theirs, background, max_patches),
    ]
    together = Patches.joined(parts)
    agreement = background + float(together.weights.sum())
    patches, background = settle(together, background, max_patches)
    return patches, background, float(np.log(agreement))


def mix(beliefs: list[tuple[Patches, float]], shares: Floats) -> tuple[Patches, float]:
    """Average beliefs, each given as patches and background, with shares (n,) that sum to 1."""
    parts = [
        patches.weighing(patches.weights * share)
        for (patches, _), share in zip(beliefs, shares, strict=True)
        if share > 0.0
    ]
    return Patches.joined(parts), float(shares @ [background for _, background in beliefs])


def settle(patches: Patches, background: float, max_patches: int) -> tuple[Patches, float]:
    """Scale to a total of 1, move dust to the background, merge what is alike and what is too many."""
    total = background + float(patches.weights.sum())
    weights, background = patches.weights / total, max(background / total, LEAST_BACKGROUND)
    dust = weights * max(len(weights), 1) < _DUST * background
    background += float(weights[dust].sum())
    kept = merge_alike(patches.weighing(weights)[~dust])
    kept = reduce_to(kept, max_patches)
    weight = float(kept.weights.sum())
    if weight == 0.0:
        return kept, 1.0
    # The patches take up the rounding, so that the total is 1 even where the background is 1e-15.
    return kept.weighing(kept.weights * ((1.0 - background) / weight)), background


def _pairs(ours: Patches, theirs: Patches, background: float, max_patches: int) -> list[Patches]:
    if not (len(ours) and len(theirs)):
        return []
    least = _UNSEEN_PAIRS * background / (len(ours) * len(theirs))
    # k ≤ 4πC₁ · 4πC₂ · exp(−c² / 2(1/κ₁ + 1/κ₂)), since 4πC₁₂ ≥ 1 and κ₁₂ ≤ κ₁ + κ₂.
    highest = [float((np.log(part.weights) + log_peak_ratio(part.kappas)).max()) for part in (ours, theirs)]
    excess = max(sum(highest) - float(np.log(least)), 1.0)
    if _too_many(ours, theirs, excess):
        # So dense a crowd is smooth: its product loses no more than the merging of the product would.
        ours, theirs = reduce_to(ours, _CROWD), reduce_to(theirs, _CROWD)
    our_reach, their_reach = np.sqrt(2.0 * excess / ours.kappas), np.sqrt(2.0 * excess / theirs.kappas)
    made = []
    for rows, columns, chords in near_pairs(ours.vectors, theirs.vectors, our_reach, their_reach):
        block = _paired(ours, theirs, (rows, columns, chords), least)
        made.append(merge_alike(block) if len(block) > max_patches else block)
    return made


def _too_many(ours: Patches, theirs: Patches, excess: float) -> bool:
    """Tell whether more pairs are near each other than can be multiplied within a second."""
    if len(ours) * len(theirs) <= _MOST_PAIRS:
        return False
    reach = np.sqrt(2.0 * excess * (np.median(1.0 / ours.kappas) + np.median(1.0 / theirs.kappas)))
    return int(cKDTree(ours.vectors).count_neighbors(cKDTree(theirs.vectors), reach)) > _MOST_PAIRS


def _paired(ours: Patches, theirs: Patches, pairs: tuple[Ints, Ints, Floats], least: float) -> Patches:
    """Multiply the given pairs of patches; those that weigh less than `least` are left out."""
    rows, columns, chords = pairs
    log_factor, kappas = vmf.product(ours.kappas[rows], theirs.kappas[columns], chords)
    weights = ours.weights[rows] * theirs.weights[columns] * np.exp(log_factor)
    kept = weights >= least
    rows, columns, kappas, weights = rows[kept], columns[kept], kappas[kept], weights[kept]
    # From our centre towards theirs: a step as small as the chord keeps its digits.
    share = theirs.kappas[columns] / (ours.kappas[rows] + theirs.kappas[columns])
    vectors = ours.vectors[rows] + share[:, np.newaxis] * (theirs.vectors[columns] - ours.vectors[rows])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    # Opposite patches of one size cancel out: their product is flat and may lie anywhere.
    vectors = np.where(lengths > 1e-9, vectors / np.maximum(lengths, 1e-9), ours.vectors[rows])
    return Patches(vectors, kappas, weights)
