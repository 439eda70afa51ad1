"""Turn the words of a signpost into a place, without any reader of text.

`whence locate` reads the words from the picture; here they are given. Two distances to two towns are two
circles; what lies where they meet, on land, is the answer.
"""

from __future__ import annotations

from whence.imagery.text.words import Word
from whence.photos.evidence.text import evidence_from_words

WIDTH_PX, HEIGHT_PX = 200.0, 40.0


def word(text: str, *, top_px: float) -> Word:
    """One line of the sign, surely read."""
    bottom_px = top_px + HEIGHT_PX
    corners = ((0.0, top_px), (WIDTH_PX, top_px), (WIDTH_PX, bottom_px), (0.0, bottom_px))
    return Word(text, 0.99, corners, "Latn", "by eye")


evidence = evidence_from_words([word("Seoul 56km", top_px=0.0), word("Pyongyang 205km", top_px=60.0)])
assert evidence is not None

print(evidence.sentence)
for answer in evidence.belief.hypotheses(k=3):
    print(
        f"{answer.latitude_deg:.2f}, {answer.longitude_deg:.2f} probability {answer.probability:.2f}, "
        f"then within {answer.own_radius_m / 1000:.0f} km"
    )
