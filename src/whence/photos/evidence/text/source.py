"""The source that reads a photograph's text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from whence.earth.belief import Belief
from whence.errors import MissingExtraError
from whence.imagery.text.readers import Reader, available_readers, read_words
from whence.imagery.text.words import Word, text_lines
from whence.photos.evidence.evidence import Evidence
from whence.photos.evidence.text.currency import currency_hints
from whence.photos.evidence.text.distances import distance_hints
from whence.photos.evidence.text.domains import domain_hints
from whence.photos.evidence.text.language import spoken_hints
from whence.photos.evidence.text.names import name_hints
from whence.photos.evidence.text.nations import nation_hints
from whence.photos.evidence.text.phones import phone_hints
from whence.photos.evidence.text.prior import Votes, vote
from whence.places.country import belief_of_countries

if TYPE_CHECKING:
    from whence.imagery.photo import Photo
    from whence.photos.evidence.sources import Source, SourceSettings
    from whence.photos.evidence.text.hint import Hint

__all__ = ["evidence_from_words", "hints_from_words", "read_text_evidence", "text_source"]

SIZE_HINT_PX = 1600
"""Short side asked of the decoder; the readers reduce further by themselves."""

MOST_COUNTRIES = 40
LEAST_SAID = 0.01
COINCIDENCE = 12.0
"""Most that agreement with the other hints may raise the odds of one trusted by half or more.

The gazetteer has a place of nearly every short name in every large country, so that a name which fits
the language of a sign is not as telling as the small share of the Earth that the country covers; and
the less a word looked like a name of the place to begin with, the less so.
"""

LEAST_BACKGROUND = 0.05
MOST_SENTENCES = 3


def text_source(settings: SourceSettings) -> Source:  # noqa: ARG001 - every builder has this signature
    """Make the source that reads text, with the readers that are installed.

    Raises
    ------
    MissingExtraError
        When there is none.
    """
    readers = available_readers()
    if not readers:
        raise MissingExtraError(
            "no reader of text is installed; rapidocr comes with: pip install 'whence[ocr]', "
            "tesseract with the system's packages"
        )
    return lambda photo: read_text_evidence(photo, readers)


def read_text_evidence(photo: Photo, readers: Sequence[Reader] | None = None) -> Evidence | None:
    """Read a photograph's text and say what it hints at; None when nothing does."""
    chosen = available_readers() if readers is None else readers
    return evidence_from_words(read_words(photo.image(SIZE_HINT_PX), chosen))


def evidence_from_words(words: Sequence[Word]) -> Evidence | None:
    """Combine the hints of words into evidence; None when there are none.

    Examples
    --------
    >>> from whence.imagery.text.words import Word
    >>> box = ((0, 0), (200, 0), (200, 40), (0, 40))
    >>> evidence = evidence_from_words([Word("www.lund.se", 0.9, box, "Latn", "by eye")])
    >>> evidence.sentence
    'The address «www.lund.se» ends in .se: Sweden.'
    """
    hints = hints_from_words(words)
    if not hints:
        return None
    votes = vote(hints)
    ranked = sorted(hints, key=lambda hint: -hint.trust)
    return Evidence(
        source="text",
        belief=_combine(ranked, votes),
        sentence=" ".join(hint.sentence for hint in ranked[:MOST_SENTENCES]),
        details={
            "words": [_word_json(word) for word in words],
            "hints": [hint.to_json() for hint in ranked],
            "countries": {code: round(share, 4) for code, share in list(votes.shares.items())[:5]},
        },
    )


def hints_from_words(words: Sequence[Word]) -> list[Hint]:
    """Collect the hints of all kinds; those that depend on a country come after those that tell it."""
    lines = text_lines(words)
    if not lines:
        return []
    signposts, targets = distance_hints(words)
    national = [*spoken_hints(lines), *currency_hints(lines), *domain_hints(lines), *nation_hints(lines)]
    likely = vote(national).shares if national else {}
    phones = phone_hints(lines, likely)
    names = name_hints(lines, skip=[target.place for target in targets])
    return [*signposts, *national, *phones, *names]


def _combine(hints: Sequence[Hint], votes: Votes) -> Belief:
    """Multiply the belief of the countries with those of the spots, each discounted for coincidence."""
    belief = _of_countries(votes)
    for hint in hints:
        if hint.spots:
            belief = belief * _of_spots(hint, belief)
    missing = max(0.0, LEAST_BACKGROUND - belief.background)
    return Belief.mixture([belief, Belief.uniform()], [1 - missing, missing]) if missing else belief


def _of_countries(votes: Votes) -> Belief:
    """Belief of what the hints say; that they say nothing is no reason to believe in large countries."""
    spoken = votes.spoken()
    first = dict(sorted(spoken.items(), key=lambda item: -item[1])[:MOST_COUNTRIES])
    said = sum(first.values())
    if said < LEAST_SAID:
        return Belief.uniform()
    return belief_of_countries(first, background=max(1.0 - said, 0.02))


def _of_spots(hint: Hint, sofar: Belief) -> Belief:
    spots = hint.spots
    centers = [(spot.longitude_deg, spot.latitude_deg) for spot in spots]
    spreads_m, shares = [spot.spread_m for spot in spots], [spot.share for spot in spots]
    sure = Belief.patches(centers, spreads_m, shares, background=1e-6)
    agreement = math.exp(min(sofar.log_agreement(sure), 50.0))
    most = 1 + (COINCIDENCE - 1) * min(1.0, 2 * hint.trust) ** 2
    odds = hint.trust / (1 - hint.trust) / max(1.0, agreement / most)
    return Belief.patches(centers, spreads_m, shares, background=1 / (1 + odds))


def _word_json(word: Word) -> dict[str, object]:
    return {
        "text": word.text,
        "confidence": round(word.confidence, 3),
        "box_px": [round(side, 1) for side in word.box_px],
        "script": word.script,
        "reader": word.reader,
    }
