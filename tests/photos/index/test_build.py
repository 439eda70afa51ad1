"""Building, opening, resuming, adding and merging an index."""

from __future__ import annotations

import numpy as np

from whence.photos.index import PlaceIndex


def test_every_photo_finds_itself_first(street, encoder, tmp_path):
    index = PlaceIndex.build(street, tmp_path / "i", encoder=encoder)
    found = index.query([photo.path for photo in street], k=3)
    assert [neighbours.names[0] for neighbours in found] == [photo.name for photo in street]
    for photo, neighbours in zip(street, found, strict=True):
        assert neighbours.lonlat[0].tolist() == [photo.longitude_deg, photo.latitude_deg]
        assert neighbours.similarity[0] > 0.999
        assert (np.diff(neighbours.similarity) <= 0).all()
