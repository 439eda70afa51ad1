"""Heads under training: the part that needs torch. Nothing here is imported before a head is fitted."""

from __future__ import annotations

__all__: list[str] = []
