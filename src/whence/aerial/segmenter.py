"""What prediction asks of a model: raw tiles in, probabilities of classes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.typing import Bools, Floats32

__all__ = ["NetworkSegmenter", "Segmenter", "cell_of", "identity_of", "limits_of"]


@runtime_checkable
class Segmenter(Protocol):
    """A model that says for every pixel how probable each class is.

    It may also have ``identity``, a text that changes with its weights and settings (without it an
    interrupted prediction starts over), ``cell_m``, the side of a pixel in metres that it was trained at
    (without it a raster is taken as it is), and a ``card`` whose ``limits`` are told with every prediction.
    """

    @property
    def scheme(self) -> Scheme:
        """Its classes, in the order of the probabilities."""

    @property
    def bands(self) -> int:
        """How many bands it looks at."""

    def probabilities(self, tiles: NDArray[Any], valid: Bools | None) -> Floats32:
        """Tell the probabilities of a batch.

        Parameters
        ----------
        tiles
            (B, rows, cols, bands) values as the raster holds them.
        valid
            (B, rows, cols) where something is there, or None for everywhere.

        Returns
        -------
        Floats32
            (B, classes, rows, cols), each in 0 to 1, together 1 in every pixel.
        """


@runtime_checkable
class NetworkSegmenter(Segmenter, Protocol):
    """A segmenter whose network can be given to another runtime."""

    @property
    def identity(self) -> str:
        """A text that changes with the weights and the settings; fit for a file name."""

    def prepared(self, tiles: NDArray[Any], valid: Bools | None) -> Floats32:
        """Normalised input (B, bands, rows, cols) of a batch; the arguments are those of `probabilities`."""

    def exportable(self) -> Any:
        """Torch module from prepared (B, bands, rows, cols) to probabilities (B, classes, rows, cols).

        In evaluation mode, with everything that happens to the network's input and output (a reduction and
        its way back, the softmax) inside.
        """


def identity_of(segmenter: Segmenter) -> str | None:
    """Identity of a segmenter, or None if it has none."""
    found = getattr(segmenter, "identity", None)
    return None if found is None else str(found)


def cell_of(segmenter: Segmenter) -> float | None:
    """Side in metres of the pixels that a segmenter was trained at, or None if it does not say."""
    found = getattr(segmenter, "cell_m", None)
    return None if found is None else float(found)


def limits_of(segmenter: Segmenter) -> tuple[str, ...]:
    """Give the first and gravest limit that a segmenter's card names, as a sentence; none without a card."""
    limits = getattr(segmenter, "card", {}).get("limits", ())
    name = getattr(segmenter, "name", "the model")
    return tuple(f"{name}: {limit}" for limit in limits[:1])
