"""A model: a head, its calibration, and where both come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import FormatError, InputError
from whence.imagery.atomic import atomic_path
from whence.photos.calibration.calibration import Calibration
from whence.photos.heads import head_class
from whence.photos.model.folder import ENCODER, keep_encoder, read_parts, write_parts
from whence.photos.model.record import Record

if TYPE_CHECKING:
    from whence.earth.belief import Belief
    from whence.learn.encoders.protocol import Encoder
    from whence.photos.heads.mixtures import Mixtures
    from whence.photos.heads.protocol import Head
    from whence.typing import ArrayLike, Floats, Floats32, Json, PathLike

__all__ = ["Model"]

_NEARLY = 0.02  # float16 rounds, and quantised vectors are a little off


@dataclass(frozen=True, eq=False)
class Model:
    """What locates photographs by their vectors.

    Attributes
    ----------
    head
        Says where a photograph may have been taken.
    calibration
        Makes that honest.
    record
        Where both come from.
    folder
        Where it was read from; None for one that was not.
    encoder_source
        An encoder to use in place of the folder's own, or the folder of one.

    Examples
    --------
    >>> import tempfile
    >>> from whence.photos.heads.constant import ConstantHead
    >>> made = Model(ConstantHead(2, np.array([13.2, 55.7]), 1e4), Calibration(), Record(name="always Lund"))
    >>> made.save(tempfile.mkdtemp() + "/lund.model").points([[0.6, 0.8]]).tolist()
    [[13.2, 55.7]]
    """

    head: Head
    calibration: Calibration = field(default_factory=Calibration)
    record: Record = field(default_factory=Record)
    folder: Path | None = None
    encoder_source: Encoder | Path | None = None

    @classmethod
    def open(cls, folder: PathLike) -> Model:
        """Read a model; its encoder is loaded when first used.

        Raises
        ------
        NotFoundError
            When there is none.
        FormatError
            When it is foreign, of another version, incomplete or damaged.
        MissingExtraError
            Without safetensors.
        """
        place = Path(folder)
        header, arrays = read_parts(place)
        try:
            head = head_class(header["kind"]).from_parts(header["head"], arrays)
        except (FormatError, InputError, KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{place}: {error}") from error
        if head.dim != header["dim"]:
            raise FormatError(f"{place}: the head takes {head.dim} numbers, the header says {header['dim']}")
        known = {item.name for item in fields(Record)}
        record = Record(**{name: value for name, value in header.items() if name in known})
        return cls(head, Calibration.from_json(header["calibration"]), record, place)

    def save(self, folder: PathLike, *, encoder: Encoder | PathLike | None = None) -> Model:
        """Write the model, in the place of an older one; whole or not at all.

        Parameters
        ----------
        folder
            Where.
        encoder
            The encoder, or its folder, to be kept with it: without it a model needs one to be named.

        Returns
        -------
        Model
            The one that lies there.

        Raises
        ------
        InputError
            When the encoder is another one than the model's.
        """
        settings, arrays = self.head.to_parts()
        header = {
            **self.record.to_json(),
            "kind": self.head.kind,
            "dim": self.head.dim,
            "head": settings,
            "calibration": self.calibration.to_json(),
        }
        given = Path(encoder) if isinstance(encoder, str) else encoder or self._own_encoder
        with atomic_path(folder, folder=True) as beside:
            write_parts(beside, header, arrays)
            keep_encoder(beside, given, self.record.encoder)
        return Model.open(folder)

    # ---- what it says

    def mixtures(self, features: ArrayLike) -> Mixtures:
        """Calibrated mixtures of n vectors (n, dim)."""
        return self.calibration.apply(self._said(features))

    def beliefs(self, features: ArrayLike) -> Iterator[Belief]:
        """Give the belief about each of n vectors (n, dim)."""
        return self.calibration.beliefs(self._said(features))

    def points(self, features: ArrayLike) -> Floats:
        """Best positions (n, 2), longitude, latitude, degrees, of n vectors (n, dim)."""
        return self.calibration.points(self._said(features))

    def _said(self, features: ArrayLike) -> Mixtures:
        vectors: Floats32 = np.asarray(features, np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.head.dim:
            raise InputError(
                f"the model {self.record.name} takes vectors (n, {self.head.dim}) of "
                f"{self.record.encoder or 'its encoder'}, not {vectors.shape}"
            )
        lengths = np.linalg.norm(vectors, axis=1)
        if not (np.abs(lengths - 1.0) < _NEARLY).all():
            raise InputError(
                f"the model {self.record.name} takes vectors of length 1, as encoders give them; divide each "
                "by its length"
            )
        return self.head.mixtures(vectors)

    # ---- what it is

    @property
    def sentence(self) -> str:
        """What it is, for people."""
        return self.record.sentence(self.head.kind)

    @cached_property
    def identity(self) -> str:
        """Sixteen hexadecimal digits that change with all that its answers depend on."""
        settings, arrays = self.head.to_parts()
        told: Json = {
            "kind": self.head.kind,
            "head": settings,
            "calibration": self.calibration.to_json(),
            "encoder": self.record.encoder,
        }
        digest = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8)
        for name in sorted(arrays):
            array = np.ascontiguousarray(arrays[name])
            digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
            digest.update(array.data)
        return digest.hexdigest()

    @cached_property
    def encoder(self) -> Encoder:
        """What turns pictures into the vectors that the model takes, loaded when first used.

        Raises
        ------
        InputError
            When there is none, or another one.
        MissingExtraError
            When its optional dependencies are absent.
        """
        from whence.learn.encoders import load_encoder

        source = self._own_encoder
        if source is None:
            raise InputError(
                f"the model {self.record.name} has no encoder in its folder; it takes vectors of "
                f"{self.record.encoder or 'an unknown encoder'}: save that encoder as {ENCODER}/ in it"
            )
        loaded = load_encoder(source) if isinstance(source, Path) else source
        if loaded.identity != self.record.encoder:
            raise InputError(
                f"the model {self.record.name} takes vectors of {self.record.encoder!r}, but its encoder is "
                f"{loaded.identity!r}; copy the whole folder of the model again"
            )
        return loaded

    @property
    def _own_encoder(self) -> Any:
        if self.encoder_source is not None:
            return self.encoder_source
        inside = None if self.folder is None else self.folder / ENCODER
        return inside if inside is not None and inside.is_dir() else None
