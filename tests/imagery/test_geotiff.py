"""What GDAL refuses becomes a sentence, also where rasterio lets GDAL's own errors through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from whence.errors import InputError
from whence.imagery.geotiff import copy_optimised, gdal_errors, refusals


def test_a_copy_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    source, target = tmp_path / "a.tif", tmp_path / "nowhere" / "b.tif"
    transform = rasterio.transform.from_origin(0.0, 9.0, 1.0, 1.0)
    size = {"height": 4, "width": 4, "count": 1, "dtype": "uint8", "transform": transform}
    with rasterio.open(source, "w", driver="GTiff", **size) as dataset:
        dataset.write(np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(gdal_errors()) as raised:
        copy_optimised(source, target, compression="deflate", smooth=False)
    assert not isinstance(raised.value, rasterio.errors.RasterioError), "the case that this is about"
    with pytest.raises(InputError, match=r"b\.tif cannot be written .* make room"), refusals(target):
        copy_optimised(source, target, compression="deflate", smooth=False)
