"""An encoder computed by another runtime: same pictures in, nearly the same vectors out, faster."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from whence._lazy import named as imported
from whence._optional import require
from whence.errors import FormatError, InputError
from whence.learn.encoders.named import NAMED
from whence.learn.encoders.normalisation import unit_rows
from whence.learn.encoders.runtimes.export import kept
from whence.learn.encoders.runtimes.fidelity import Fidelity, probe_pictures
from whence.learn.encoders.runtimes.table import RUNTIMES, Runtime, fastest, present, runtime_named
from whence.learn.encoders.storage import read_settings, write_settings
from whence.learn.encoders.transformers import TransformersEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.learn.encoders.runtimes.engines import Engine
    from whence.typing import Floats32, Image, PathLike

__all__ = ["LEAST_COSINE", "AcceleratedEncoder", "accelerated"]

LEAST_COSINE = {"float32": 0.9999, "bf16": 0.998, "int8": 0.99}
"""Numerics -> the worst cosine to float32, over the probe pictures, that is accepted."""

_BATCH = 16
_VERSION = 1


@dataclass(frozen=True, eq=False)
class AcceleratedEncoder:
    """A pretrained encoder, its preprocessing unchanged, its network computed by another runtime.

    Its identity is the encoder's own where the vectors agree to 1e-4 (the float32 runtimes); otherwise
    the numerics are added, ``…+bf16`` or ``…+int8``, so that an index or a store refuses to mix them.

    Attributes
    ----------
    base
        The encoder as torch computes it in float32.
    runtime
        Which runtime computes it here.
    fidelity
        How far the vectors are from those of `base`, measured when the runtime was first used.
    """

    base: TransformersEncoder
    runtime: Runtime
    fidelity: Fidelity
    engine: Engine = field(repr=False)

    @property
    def licence(self) -> str:
        """Licence of the weights, as far as is known."""
        return self.base.licence

    @cached_property
    def identity(self) -> str:
        """The base's, with the numerics where they change the vectors."""
        if self.fidelity.agrees and self.runtime.numerics == "float32":
            return self.base.identity
        suffix = self.runtime.name if self.runtime.numerics == "float32" else self.runtime.numerics
        return f"{self.base.identity}+{suffix}"

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self.base.dim

    @property
    def input_px(self) -> int:
        """Short side that the preprocessing asks for."""
        return self.base.input_px

    def prepare(self, image: Image) -> Floats32:
        """Input (3, h, w) of the network for one picture (h, w, 3) of any size."""
        return self.base.prepare(image)

    def encode_prepared(self, pixels: Floats32) -> Floats32:
        """Vectors (n, dim) of unit length of prepared pictures (n, 3, h, w)."""
        return unit_rows(self.engine(pixels))

    def encode(self, images: Sequence[Image]) -> Floats32:
        """Vectors (n, dim) of unit length for n images (h, w, 3) of any sizes."""
        return _encoded(self, images)

    def save(self, folder: PathLike) -> None:
        """Write ``encoder.json``: the base's, with the runtime where it changes the vectors."""
        settings = self.base.settings
        if self.identity != self.base.identity:
            settings |= {
                "identity": self.identity,
                "runtime": self.runtime.name,
                "numerics": self.runtime.numerics,
                "fidelity": self.fidelity.to_json(),
            }
        write_settings(folder, settings)

    @classmethod
    def load(cls, folder: PathLike) -> Self:
        """Open what `save` wrote, by the same runtime or else another one of the same numerics.

        Raises
        ------
        FormatError
            When the model is another one by now.
        MissingExtraError
            When no runtime of these numerics is installed.
        """
        settings = read_settings(folder)
        runtime = _stand_in(str(settings.get("runtime")), folder)
        opened = TransformersEncoder.open(
            str(settings.get("source")), named=NAMED.get(str(settings.get("name")))
        )
        encoder = cls.of(opened, runtime, force=True)
        if encoder.identity != settings.get("identity"):
            raise FormatError(
                f"the model at {opened.origin.source} gives {encoder.identity}, not the "
                f"{settings.get('identity')} that was used; restore it, or build the index again"
            )
        return encoder

    @classmethod
    def of(
        cls,
        base: TransformersEncoder,
        runtime: Runtime,
        *,
        cache: PathLike | None = None,
        pictures: Sequence[Image] | None = None,
        force: bool = False,
        threads: int | None = None,
    ) -> Self:
        """Compute `base` by a runtime (see `accelerated`)."""
        torch = require("torch", extra="learn")
        cores = torch.get_num_threads() if threads is None else threads
        engine: Engine = imported(runtime.engine)(base, threads=cores, cache=cache)
        fidelity = _fidelity(base, runtime, engine, cache=cache, pictures=pictures)
        least = LEAST_COSINE[runtime.numerics]
        if fidelity.min_cosine < least and not force:
            raise InputError(
                f"{runtime.name} changes the vectors of {base.origin.source} too much: the worst cosine to "
                f"float32 over {fidelity.pictures} pictures is {fidelity.min_cosine:.4f}, and {least} is the "
                "least; use another runtime, or force it"
            )
        return cls(base, runtime, fidelity, engine)


def accelerated(
    encoder: TransformersEncoder | AcceleratedEncoder,
    runtime: str = "auto",
    *,
    cache: PathLike | None = None,
    pictures: Sequence[Image] | None = None,
    force: bool = False,
    threads: int | None = None,
) -> AcceleratedEncoder:
    """Compute a pretrained encoder by a faster runtime.

    The network is exported once, into the cache, under the identity of the encoder. At the first use the
    vectors of a dozen pictures are compared with those of torch in float32.

    Parameters
    ----------
    encoder
        Of the transformers library; `load_encoder` gives it.
    runtime
        A name of `RUNTIMES`, or ``auto``: the fastest that is installed (see `fastest`), never int8, and
        float32 where bf16 changes the vectors too much.
    cache
        Folder for the exported network; the cache folder of whence by default.
    pictures
        Compare on these instead of drawn ones, anew each time; at least two.
    force
        Accept a runtime whose worst cosine is under `LEAST_COSINE`.
    threads
        Of ONNX Runtime and OpenVINO; by default as many as torch uses.

    Raises
    ------
    InputError
        When there is no such runtime, when `encoder` is of another kind, or when the vectors change too much.
    MissingExtraError
        When the runtime is not installed.
    """
    base = encoder.base if isinstance(encoder, AcceleratedEncoder) else encoder
    if not isinstance(base, TransformersEncoder):
        raise InputError(
            f"only encoders of the transformers library have other runtimes, this is {type(base).__name__}"
        )

    def computed_by(chosen: Runtime) -> AcceleratedEncoder:
        return AcceleratedEncoder.of(
            base, chosen, cache=cache, pictures=pictures, force=force, threads=threads
        )

    if runtime != "auto":
        return computed_by(runtime_named(runtime))
    try:
        return computed_by(fastest())
    except InputError:  # this network does not bear bf16
        return computed_by(fastest(bf16=False))


def _encoded(encoder: AcceleratedEncoder, images: Sequence[Image]) -> Floats32:
    if not len(images):
        return np.empty((0, encoder.dim), np.float32)
    batches = (images[i : i + _BATCH] for i in range(0, len(images), _BATCH))
    return np.concatenate(
        [encoder.encode_prepared(np.stack([encoder.prepare(image) for image in batch])) for batch in batches]
    )


def _fidelity(
    base: TransformersEncoder,
    runtime: Runtime,
    engine: Engine,
    *,
    cache: PathLike | None,
    pictures: Sequence[Image] | None,
) -> Fidelity:
    """Measure on given pictures; or on drawn ones, once per encoder and version of the runtime."""

    def measured(shown: Sequence[Image]) -> Fidelity:
        pixels = np.stack([base.prepare(image) for image in shown])
        return Fidelity.measure(unit_rows(engine(pixels)), base.encode_prepared(pixels))

    if pictures is not None:
        if len(pictures) < 2:
            raise InputError(f"{len(pictures)} pictures do not show how far vectors move; give at least two")
        return measured(pictures)

    def build(folder: Path) -> None:
        figures = measured(probe_pictures(base.input_px)).to_json()
        (folder / "fidelity.json").write_text(json.dumps(figures), encoding="utf-8")

    name = f"{base.identity}-{runtime.name}-{_version(runtime)}-fidelity-v{_VERSION}"
    text = (kept(name, build, cache=cache) / "fidelity.json").read_text(encoding="utf-8")
    return Fidelity.from_json(json.loads(text))


def _version(runtime: Runtime) -> str:
    """Version of the library that computes, and the device, as part of a folder's name."""
    from importlib.metadata import version

    torch = require("torch", extra="learn")
    device = "cuda" if runtime.needs == ("torch",) and torch.cuda.is_available() else "cpu"
    return f"{version(runtime.needs[-1])}-{device}".replace("+", "-")


def _stand_in(name: str, folder: PathLike) -> Runtime:
    """Find the runtime of that name, or an installed one of the same numerics."""
    if name not in RUNTIMES:
        raise FormatError(f"{folder} was made by the unknown runtime {name!r}; a newer release may read it")
    wanted = RUNTIMES[name]
    alike = [runtime for runtime in present() if runtime.numerics == wanted.numerics != "float32"]
    return alike[0] if wanted.lacking and alike else runtime_named(name)
