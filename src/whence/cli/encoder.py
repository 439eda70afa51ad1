"""whence encoder: which pretrained encoders there are, what one is, how fast each runtime computes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from whence.cli.escaping import visible

if TYPE_CHECKING:
    from whence.learn.encoders.named import NamedModel
    from whence.learn.encoders.protocol import Encoder
    from whence.learn.encoders.runtimes import Speed

__all__ = ["encoder", "tell_terms"]

json_option = click.option("--json", "as_json", is_flag=True, help="JSON to stdout instead of text.")


@click.group()
def encoder() -> None:
    """Show pretrained encoders, and time them."""


@encoder.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the pretrained encoders by name: vector length, input, licence, and whether the weights are here.

    \b
    whence encoder list
    """
    from whence.learn.encoders.named import NAMED

    rows = [_row(model) for model in NAMED.values()]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    click.echo(f"{'name':22} {'dim':>5} {'px':>4}  {'licence':13} {'weights':8} repository")
    for row in rows:
        here = "here" if row["cached"] else "-"
        click.echo(
            f"{row['name']:22} {row['dim']:>5} {row['input_px']:>4}  {row['licence']:13} {here:8} "
            f"{row['repository']}"
        )


@encoder.command()
@click.argument("source", metavar="NAME|FOLDER")
@json_option
def info(source: str, as_json: bool) -> None:
    """Tell what an encoder is: its identity, vectors, preprocessing, licence, and where it came from.

    \b
    whence encoder info clip-vit-b32
    whence encoder info transformers:./dinov2-base
    """
    opened = _opened(source)
    facts = _facts(opened)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    for name, value in facts.items():
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        click.echo(visible(f"{name:14} {shown}"))


@encoder.command("time")
@click.argument("source", metavar="NAME|FOLDER")
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    default=("all",),
    show_default=True,
    help="A runtime (may be repeated), auto, or all that are installed.",
)
@click.option("--batch", default=16, show_default=True, type=click.IntRange(1), help="Pictures at once.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Timings of each.")
@click.option("--threads", type=click.IntRange(1), help="Of ONNX Runtime and OpenVINO; as torch by default.")
@json_option
def time_(
    source: str, runtimes: tuple[str, ...], batch: int, rounds: int, threads: int | None, as_json: bool
) -> None:
    """Time the runtimes of an encoder on this machine, and compare their vectors with those of float32.

    \b
    whence encoder time clip-vit-b32
    whence encoder time clip-vit-b32 --runtime onnx --runtime onnx-int8
    """
    from whence.learn.encoders.runtimes import present, time_runtimes
    from whence.learn.encoders.runtimes.table import runtime_named

    opened = _transformers(source)
    wanted = [runtime.name for runtime in present()] if "all" in runtimes else list(runtimes)
    names = list(dict.fromkeys(runtime_named(name).name for name in wanted))
    rows = time_runtimes(opened, names, batch_size=batch, rounds=rounds, threads=threads)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    click.echo(f"{'runtime':14} {'images/s':>9} {'CPU ms':>8} {'worst cosine':>13} {'relative':>9}")
    for row in rows:
        click.echo(_line(row))


def tell_terms(opened: Encoder) -> None:
    """Say on stderr what an encoder's weights are under, where that is known."""
    origin = getattr(getattr(opened, "base", opened), "origin", None)
    if origin is not None and origin.terms:
        click.echo(visible(origin.terms), err=True)


def _row(model: NamedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "repository": model.repository,
        "revision": model.revision,
        "dim": model.dim,
        "input_px": model.input_px,
        "licence": model.licence,
        "non_commercial": model.non_commercial,
        "cached": _is_here(model),
        "note": model.note,
    }


def _is_here(model: NamedModel) -> bool:
    """Tell whether the hub's cache holds the whole model; it cannot without the hub's library."""
    from whence._optional import available
    from whence.learn.encoders.hub import cached_snapshot

    if not available("huggingface_hub"):
        return False
    return cached_snapshot(model.repository, revision=model.revision) is not None


def _opened(source: str) -> Encoder:
    """Open an encoder; a folder with the files of a model needs no prefix."""
    from pathlib import Path

    from whence.learn.encoders import load_encoder

    bare = Path(source)
    if bare.is_dir() and not (bare / "encoder.json").exists() and (bare / "config.json").exists():
        source = f"transformers:{source}"
    opened = load_encoder(source)
    tell_terms(opened)
    return opened


def _transformers(source: str) -> Any:
    from whence.errors import InputError
    from whence.learn.encoders.runtimes import AcceleratedEncoder
    from whence.learn.encoders.transformers import TransformersEncoder

    opened = _opened(source)
    base = opened.base if isinstance(opened, AcceleratedEncoder) else opened
    if not isinstance(base, TransformersEncoder):
        raise InputError(f"{source} has one runtime only; those of the transformers library have several")
    return base


def _facts(opened: Encoder) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "identity": opened.identity,
        "dim": opened.dim,
        "input px": opened.input_px,
        "licence": getattr(opened, "licence", None) or "unknown",
    }
    base: Any = getattr(opened, "base", opened)
    origin = getattr(base, "origin", None)
    if origin is not None:
        facts |= {"source": origin.source, "note": origin.named.note if origin.named else ""}
        facts |= {"preprocessing": base.settings["preprocessing"]}
    if base is not opened:
        facts |= {"runtime": opened.runtime.name, "fidelity": opened.fidelity.to_json()}  # type: ignore[attr-defined]
    return facts


def _line(row: Speed) -> str:
    if row.fidelity is None:
        return f"{row.runtime:14} {visible(row.problem)}"
    return (
        f"{row.runtime:14} {row.images_per_s:>9.2f} {1000 * row.cpu_s_per_image:>8.1f} "
        f"{row.fidelity.min_cosine:>13.6f} {row.fidelity.relative:>9.2%}"
    )
