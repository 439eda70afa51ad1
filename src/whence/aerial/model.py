"""A trained network as a folder: what it sees, what it tells apart, how it was made, and its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.aerial.model_folder import read_folder, write_folder
from whence.aerial.models import network as network_named
from whence.aerial.normalisation import Normalisation
from whence.aerial.scheme import Scheme
from whence.errors import FormatError, InputError, NotFoundError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from whence.aerial.models import Network
    from whence.typing import Bools, Floats32, Json, PathLike

__all__ = ["STARTERS", "AerialModel", "load_model"]

_SHIPPED = Path(__file__).parent / "starter"

STARTERS: Mapping[str, Path] = {
    "starter": _SHIPPED / "land-cover",
    "starter-buildings": _SHIPPED / "buildings",
}
"""Name of a model that comes with the package -> its folder."""


@dataclass(frozen=True, eq=False)
class AerialModel:
    """A network with all that is needed to use it; a `whence.aerial.segmenter.NetworkSegmenter`.

    Attributes
    ----------
    scheme
        The classes it tells apart.
    network
        A `whence.aerial.models.Network` in evaluation mode.
    normalisation
        What happens to the values first; it decides how many bands are seen.
    reduction
        Every image is reduced this many times (means of squares) before the network, and the answer is
        enlarged again: 2 = the network sees half the resolution.
    scales
        Magnifications of the reduced image that the network sees one after the other; the mean of its log
        probabilities counts. Three scales cost about three times as much as one.
    offsets
        One per class, or none: added to the logarithms of the probabilities, which then sum to 1 again. A
        network that learnt with balanced classes answers as if all were equally frequent; offsets of
        τ ln π, with π their frequencies, say how frequent they are (Menon et al. 2021, "Long-tail learning
        via logit adjustment").
    cell_m
        Side of a pixel, before the reduction, that it was trained at; None when that is not known.
    name
        What it is called.
    card
        Where it comes from: data and licence, split, protocol, scores, limits.
    precision
        Of the products: float32 or bf16.
    """

    scheme: Scheme
    network: Network
    normalisation: Normalisation
    reduction: int = 1
    scales: tuple[float, ...] = (1.0,)
    offsets: tuple[float, ...] = ()
    cell_m: float | None = None
    name: str = "aerial model"
    card: Json = field(default_factory=dict)
    precision: str = "float32"

    def __post_init__(self) -> None:
        wanted = int(self.network.settings()["classes"])
        if wanted != len(self.scheme.classes):
            raise InputError(
                f"the network tells {wanted} classes apart, the scheme {self.scheme.name} has "
                f"{len(self.scheme.classes)}"
            )
        seen = int(self.network.settings().get("bands", 3))
        if seen != self.normalisation.bands:
            raise InputError(
                f"the network sees {seen} bands, the normalisation is for {self.normalisation.bands}"
            )
        if self.offsets and len(self.offsets) != wanted:
            raise InputError(f"there are {len(self.offsets)} offsets for {wanted} classes; give one for each")
        if self.reduction < 1:
            raise InputError(f"the reduction is {self.reduction}; it must be at least 1")
        self.network.eval()

    # ---- what it says

    @property
    def bands(self) -> int:
        """How many bands it looks at."""
        return self.normalisation.bands

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.network.parameters()).device

    def prepared(self, tiles: NDArray[Any], valid: Bools | None = None) -> Floats32:
        """Normalise tiles (B, rows, cols, bands) as the raster holds them -> (B, bands, rows, cols)."""
        values = self.normalisation(tiles, valid)
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2))

    def exportable(self) -> torch.nn.Module:
        """Torch module from prepared (B, bands, rows, cols) to probabilities (B, classes, rows, cols)."""
        from whence.aerial.reduced import Reduced

        return Reduced(self.network, self.reduction, self.scales, self.offsets).eval()

    def probabilities(self, tiles: NDArray[Any], valid: Bools | None = None) -> Floats32:
        """Tell the probabilities of a batch.

        Parameters
        ----------
        tiles
            (B, rows, cols, bands) values as the raster holds them, of any size.
        valid
            (B, rows, cols) where something is there, or None for everywhere.

        Returns
        -------
        (B, classes, rows, cols), together 1 in every pixel.

        Raises
        ------
        InputError
            When there are other bands than the model sees.
        """
        torch = require("torch", extra="aerial")
        from whence.learn.precision import products_in

        images = torch.from_numpy(self.prepared(tiles, valid)).to(self.device)
        with torch.inference_mode(), products_in(self.precision, self.device):
            found: Floats32 = self._module(images).float().cpu().numpy()
        return found

    @cached_property
    def _module(self) -> torch.nn.Module:
        return self.exportable()

    # ---- what it is

    @cached_property
    def identity(self) -> str:
        """Sixteen hexadecimal digits that change with everything that its answers depend on."""
        told = {key: value for key, value in self.header().items() if key not in ("card", "name")}
        digest = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8)
        digest.update(self.precision.encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            array = tensor.detach().cpu().numpy()
            digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def header(self) -> Json:
        """Give what ``model.json`` says."""
        return {
            "name": self.name,
            "scheme": self.scheme.to_json(),
            "network": self.network.settings(),
            "normalisation": self.normalisation.to_json(),
            "reduction": self.reduction,
            "scales": [*self.scales],
            "offsets": [*self.offsets],
            "cell_m": self.cell_m,
            "card": self.card,
        }

    # ---- keeping it

    def write(self, folder: PathLike, *, half: bool = False) -> Path:
        """Write the folder, in the place of an older one; whole or not at all.

        Parameters
        ----------
        folder
            Where.
        half
            Keep the weights in 16 bits: half the size; answers differ in the third digit.
        """
        return write_folder(folder, self.header(), self.network.state_dict(), half=half)

    @classmethod
    def open(cls, folder: PathLike, *, device: str = "cpu", precision: str = "float32") -> AerialModel:
        """Read a folder.

        Raises
        ------
        NotFoundError
            When there is none.
        FormatError
            When it is foreign, of another version, incomplete or damaged.
        InputError
            When there is no such device.
        MissingExtraError
            Without torch or safetensors.
        """
        from whence.learn.precision import device_named

        header, weights = read_folder(folder)
        where = device_named(device)
        try:
            network = network_named(**header["network"])
            network.load_state_dict(weights)
            model = cls(
                Scheme.of_json(header["scheme"]),
                network.to(where),
                Normalisation.of_json(header["normalisation"]),
                reduction=int(header["reduction"]),
                scales=tuple(header["scales"]),
                offsets=tuple(map(float, header.get("offsets", ()))),
                cell_m=header["cell_m"],
                name=str(header["name"]),
                card=dict(header["card"]),
            )
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise FormatError(f"{folder} is no usable model ({_first_line(error)}); copy it again") from error
        return replace(model, precision=precision)


def load_model(source: PathLike, *, device: str = "auto", precision: str = "float32") -> AerialModel:
    """Open a model by its name or its folder.

    Parameters
    ----------
    source
        A name of `STARTERS`, such as ``starter``, or a folder.
    device
        auto, cpu, cuda, cuda:1, mps.
    precision
        float32, or bf16: faster where the processor has it, and a little less exact.

    Raises
    ------
    NotFoundError
        When there is no such folder.
    FormatError
        When the folder is damaged.
    """
    folder = Path(source)
    if not folder.exists() and str(source) in STARTERS:
        folder = STARTERS[str(source)]
        if not folder.is_dir():
            raise NotFoundError(
                f"the model {source} does not come with this release; train one with `whence aerial train`, "
                f"by the recipe in {folder.parent}, and give its folder"
            )
    if not folder.is_dir():
        raise NotFoundError(f"there is no model {source}; give a folder, or one of: {', '.join(STARTERS)}")
    return AerialModel.open(folder, device=device, precision=precision)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
