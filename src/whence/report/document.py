"""A page in one file that runs no script and loads nothing: template and style, sealed by its policy."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

import whence

__all__ = ["render"]


def render(name: str, *, style: str | None = None, **values: Any) -> str:
    """Fill the template ``<name>.html`` and give it the style ``<name>.css``, or that of another page.

    Everything but the style is escaped. The content security policy allows this style by its hash and images
    within the page, and nothing else.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("whence.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = resources.files("whence.report") / "templates" / f"{style or name}.css"
    written = source.read_text(encoding="utf-8")
    hashed = base64.b64encode(hashlib.sha256(written.encode("utf-8")).digest()).decode("ascii")
    return environment.get_template(f"{name}.html").render(
        **values,
        version=whence.__version__,
        policy=(
            f"default-src 'none'; img-src data:; style-src 'sha256-{hashed}'; base-uri 'none'; "
            "form-action 'none'"
        ),
        style=Markup(written),  # noqa: S704 (a file of this package)
    )
