"""Commented settings: the fields of a dataclass as TOML, each below what its docstring says about it."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import fields
from typing import Any

from whence.learn.sections import default_of, toml_value

__all__ = ["commented_section", "described"]

_WIDTH = 98


def commented_section(name: str, kind: Any) -> str:
    """Write a table of TOML with every setting of a dataclass at its default, each under what it means.

    Parameters
    ----------
    name
        Of the table.
    kind
        A dataclass whose fields all have defaults.
    """
    about = described(kind)
    lines = [f"[{name}]"]
    for item in fields(kind):
        lines += [f"# {line}" for line in textwrap.wrap(about.get(item.name, ""), _WIDTH)]
        value = default_of(item)
        lines.append(f"# {item.name} =" if value is None else f"{item.name} = {toml_value(value)}")
    return "\n".join(lines) + "\n"


def described(kind: Any) -> dict[str, str]:
    """Give what the docstrings of a dataclass and of its bases say about each field."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found |= _attributes(inspect.cleandoc(base.__doc__ or ""))
    return found


def _attributes(doc: str) -> dict[str, str]:
    """Read the section Attributes of a numpydoc text: names at the margin, descriptions indented."""
    _, _, rest = doc.partition("Attributes\n----------\n")
    rest = re.split(r"\n[A-Z][a-z]+\n-{3,}\n", rest)[0]
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", rest):
        names, _, text = block.partition("\n")
        for name in names.split(","):
            found[name.strip()] = " ".join(text.replace("`", "").split())
    return found
