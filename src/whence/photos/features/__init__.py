"""Feature stores: photographs encoded once, their vectors beside what is known of them.

::

    city.features/
      features.json      format, encoder, dim, count, digest, seed of the order, `complete`
      features.npy       (n, dim) float16 unit vectors, memory-mapped
      metadata.parquet   n rows in the same order
      encoder/           the encoder; absent when the vectors came from outside
      excluded.csv       id and reason of every photograph that was offered but is not in it
      building/          shards of an embedding under way

Rows lie in a random order, so that any run of rows is a random sample: reading a store from its beginning to
its end is as good as shuffling it, and much faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.features.embedding import embed
    from whence.photos.features.pictures import Pictures, pictures_of
    from whence.photos.features.store import FeatureStore

__all__ = ["FeatureStore", "Pictures", "embed", "pictures_of"]

_HOMES = {
    "FeatureStore": "store",
    "Pictures": "pictures",
    "embed": "embedding",
    "pictures_of": "pictures",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
