"""Photographs in files become a store, with positions from the table or from EXIF."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fake_osv5m import plain_picture

from whence.errors import FormatError, InputError
from whence.imagery.exif import Metadata as Exif
from whence.imagery.photo import Photo
from whence.imagery.stamping import write_metadata
from whence.imagery.store import ImageStore, StoreWriter
from whence.photos.datasets.folder import FolderSettings, import_folder
from whence.photos.locate import gather

LUND = (13.195, 55.698)


def photograph(path: Path, row: int, lonlat: tuple[float, float] | None = None) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(plain_picture(row))
    if lonlat is not None:
        write_metadata(path, Exif(longitude_deg=lonlat[0], latitude_deg=lonlat[1], camera_make="Maker"))
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five files: two of the table, one with EXIF only, one cut off, one without any position."""
    root = tmp_path / "photos"
    photograph(root / "a.jpg", 1, lonlat=LUND)
    photograph(root / "sub/b.jpg", 2)
    photograph(root / "sub/c.jpg", 3, lonlat=LUND)
    (root / "d.jpg").write_bytes(photograph(root / "d.jpg", 4, lonlat=LUND)[:-200])
    photograph(root / "e.jpg", 5)
    (root / "t.csv").write_text(
        "img_path,lat,lon,camera_id,floor\n"
        "a.jpg,1,2,cam1,3\nsub/b.jpg,3,4,cam2,\nsub/c.jpg,,,,5\ngone.jpg,5,6,,\n"
    )
    return root


def test_a_table_gives_ids_positions_and_columns(folder, tmp_path):
    store = import_folder(gather([], table=folder / "t.csv"), tmp_path / "s")
    assert store.ids == ["a.jpg", "sub/b.jpg", "sub/c.jpg"]
    assert all(store.read(name) == (folder / name).read_bytes() for name in store.ids)
    np.testing.assert_array_equal(store.metadata.lonlat[:2], [[2, 1], [4, 3]])
    np.testing.assert_allclose(store.metadata.lonlat[2], LUND, atol=1e-6)  # the row has none, EXIF has
    assert store.metadata.column("camera_id").tolist() == ["cam1", "cam2", "Maker"]
    assert [item.reason for item in store.excluded] == ["file missing: gone.jpg"]


def test_exif_gives_positions_where_there_is_no_table(folder, tmp_path):
    store = import_folder(gather([folder]), tmp_path / "s", settings=FolderSettings(root=folder))
    assert store.ids == ["a.jpg", "sub/c.jpg"]
    np.testing.assert_allclose(store.metadata.lonlat, [LUND, LUND], atol=1e-6)
    assert Counter(item.kind for item in store.excluded) == {
        "broken": 1,
        "no position in the table or in the EXIF data": 2,
    }


def test_an_interrupted_import_goes_on_where_it_stopped(folder, tmp_path, monkeypatch):
    photos = gather([], table=folder / "t.csv")
    original = StoreWriter.add

    def interrupted(self: StoreWriter, name: str, data: bytes) -> bool:
        if name == "sub/c.jpg":
            self.commit()
            raise KeyboardInterrupt
        return original(self, name, data)

    monkeypatch.setattr(StoreWriter, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        import_folder(photos, tmp_path / "s", settings=FolderSettings(command="the command"))
    monkeypatch.undo()
    with pytest.raises(FormatError, match="go on with: the command"):
        ImageStore.open(tmp_path / "s")
    (folder / "a.jpg").unlink()  # came in before the interruption and is not read again
    assert len(import_folder(photos, tmp_path / "s")) == 3


def test_what_has_no_file_or_no_name_of_its_own_is_refused(folder, tmp_path):
    pixels = Photo.of_pixels(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(InputError, match="without a file"):
        import_folder([pixels], tmp_path / "s")
    located = Photo(folder / "a.jpg")
    with pytest.raises(InputError, match="1 ids stand on more than one row"):
        import_folder([located, located], tmp_path / "s")
