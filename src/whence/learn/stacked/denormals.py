"""Numbers too small to be normal, which the processor treats as zero while a stack is trained.

Adam's memory of a unit that has died shrinks by a tenth at every step until rounding holds it a few bits
above zero, for good; on such numbers its step takes three times as long. They change no weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["without_denormals"]

_DENORMAL = 1e-40


@contextmanager
def without_denormals() -> Iterator[None]:
    """Flush denormal numbers to zero in this thread, and put it back as it was afterwards."""
    flushed_before = bool(torch.tensor([_DENORMAL]).mul(1.0).eq(0.0).all())
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed_before)
