"""What the photograph looks like: its nearest neighbours in an index of known places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence.errors import InputError
from whence.photos.evidence.evidence import Evidence
from whence.photos.index.neighbours import Exclude

if TYPE_CHECKING:
    from whence.imagery.photo import Photo
    from whence.photos.evidence.sources import Source, SourceSettings
    from whence.photos.index.neighbours import Neighbours

__all__ = ["NO_INDEX", "index_source"]

SHOWN = 5
NO_INDEX = (
    "no index of known photographs was given; make one of your own with: "
    "whence index build PHOTOS --table TABLE --out DIR"
)


def index_source(settings: SourceSettings) -> Source:
    """Make the source that asks a place index.

    Raises
    ------
    InputError
        When the settings have no index.
    """
    index = settings.index
    if index is None:
        raise InputError(NO_INDEX)

    def look_up(photo: Photo) -> Evidence | None:
        pixels = photo.image(index.input_px)
        exclude = Exclude(names=index.names_of(photo.path)) if settings.leave_one_out else None
        neighbours = index.query([pixels], exclude=exclude)[0]
        if not len(neighbours):
            return None
        return Evidence(
            source="index",
            belief=index.belief(neighbours),
            sentence=_sentence(neighbours, len(index)),
            details={"neighbours": _details(neighbours)},
        )

    return look_up


def _sentence(neighbours: Neighbours, size: int) -> str:
    alike = f"{neighbours.names[0]} (likeness {neighbours.similarity[0]:.2f})"
    return f"Of {size} known photographs it looks most like {alike}."


def _details(neighbours: Neighbours) -> list[dict[str, object]]:
    return [
        {
            "name": neighbours.names[i],
            "longitude_deg": float(neighbours.lonlat[i, 0]),
            "latitude_deg": float(neighbours.lonlat[i, 1]),
            "similarity": round(float(neighbours.similarity[i]), 4),
        }
        for i in range(min(SHOWN, len(neighbours)))
    ]
