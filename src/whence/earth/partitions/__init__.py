"""Partitions: the Earth divided into numbered cells, as classifiers need it.

Every partition meets `Partition`; `PARTITIONS` names them, `load` reads one back.

>>> sorted(PARTITIONS)
['grid', 'h3', 'quadtree']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._lazy import exports, named
from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from whence.earth.partitions.grid import DegreeGrid
    from whence.earth.partitions.h3_cells import H3Partition
    from whence.earth.partitions.protocol import Partition
    from whence.earth.partitions.quadtree import Quadtree
    from whence.typing import Json

__all__ = ["PARTITIONS", "DegreeGrid", "H3Partition", "Partition", "Quadtree", "kind", "load"]

PARTITIONS = {
    "grid": "whence.earth.partitions.grid:DegreeGrid",
    "h3": "whence.earth.partitions.h3_cells:H3Partition",
    "quadtree": "whence.earth.partitions.quadtree:Quadtree",
}
"""Name of a kind of partition -> where its class is, loaded when asked for."""

_HOMES = {"DegreeGrid": "grid", "H3Partition": "h3_cells", "Partition": "protocol", "Quadtree": "quadtree"}


def kind(name: str) -> Any:
    """Return the class of partition that goes by a name of `PARTITIONS`.

    Raises
    ------
    InputError
        When there is none; the message lists those there are.
    """
    if name not in PARTITIONS:
        raise InputError(f"no partition is called {name!r}; there are {', '.join(sorted(PARTITIONS))}")
    return named(PARTITIONS[name])


def load(content: Json) -> Partition:
    """Read back what a partition's `to_json` gave.

    Raises
    ------
    FormatError
        When it is broken, or of a kind or version that is not known here.
    """
    name = content.get("partition")
    if name not in PARTITIONS:
        raise FormatError(
            f"not a partition written by whence: its kind is {name!r}; "
            f"those known are {', '.join(sorted(PARTITIONS))}"
        )
    partition: Partition = kind(name).from_json(content)
    return partition


__getattr__, __dir__ = exports(__name__, _HOMES)
