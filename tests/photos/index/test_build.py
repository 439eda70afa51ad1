"""Building, opening, resuming, adding and merging an index."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from whence.errors import FormatError, InputError, NotEnoughDataError, NotFoundError
from whence.imagery.table import read_table
from whence.photos.index import IndexPhoto, PlaceIndex
from whence.photos.index.leave_one_out import recall_at_1, rows_left_out


class CountingEncoder:
    """Any encoder, with the images counted and an interruption after some of them."""

    def __init__(self, inner, *, stop_after=None):
        self.inner, self.stop_after, self.seen = inner, stop_after, 0
        self.identity, self.dim, self.input_px = inner.identity, inner.dim, inner.input_px
        self.save = inner.save

    def encode(self, images):
        if self.stop_after is not None and self.seen + len(images) > self.stop_after:
            raise KeyboardInterrupt
        self.seen += len(images)
        return self.inner.encode(images)


def test_every_photo_finds_itself_first(street, encoder, tmp_path):
    index = PlaceIndex.build(street, tmp_path / "i", encoder=encoder)
    found = index.query([photo.path for photo in street], k=3)
    assert [neighbours.names[0] for neighbours in found] == [photo.name for photo in street]
    for photo, neighbours in zip(street, found, strict=True):
        assert neighbours.lonlat[0].tolist() == [photo.longitude_deg, photo.latitude_deg]
        assert neighbours.similarity[0] > 0.999
        assert (np.diff(neighbours.similarity) <= 0).all()


def test_a_table_gives_positions_and_what_is_unusable_is_listed(table, street, encoder, tmp_path):
    index = PlaceIndex.build(table, tmp_path / "i", encoder=encoder)
    assert index.records.names == tuple(photo.name for photo in street[:-1])
    assert set(index.records.sequence_ids) == {"walk"}
    assert [skipped.name for skipped in index.skipped] == [street[-1].name, "absent.png"]
    assert index.header.skipped == 2
    assert "no position" in index.skipped[0].reason


def test_unreadable_photos_are_listed_not_dropped(street, encoder, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not an image")
    photos = [*street[:3], IndexPhoto("broken.png", broken, 13.0, 55.0), *street[3:6]]
    index = PlaceIndex.build(photos, tmp_path / "i", encoder=encoder)
    assert len(index) == 6
    assert [skipped.name for skipped in index.skipped] == ["broken.png"]
    assert index.skipped[0].reason.startswith("unreadable")


def test_an_interrupted_build_goes_on_and_gives_the_same_index(street, encoder, tmp_path):
    whole = PlaceIndex.build(street, tmp_path / "whole", encoder=encoder, shard_size=8)
    stopped = CountingEncoder(encoder, stop_after=20)
    with pytest.raises(KeyboardInterrupt):
        PlaceIndex.build(street, tmp_path / "i", encoder=stopped, shard_size=8)
    with pytest.raises(FormatError, match="run the same build again"):
        PlaceIndex.open(tmp_path / "i")
    resumed = CountingEncoder(encoder)
    index = PlaceIndex.build(street, tmp_path / "i", encoder=resumed, shard_size=8)
    assert resumed.seen == len(street) - 16  # two whole shards were kept, the third was lost
    assert np.array_equal(index.vectors.codes, whole.vectors.codes)
    assert index.records.names == whole.records.names
    assert not (tmp_path / "i" / "building").exists()


def test_a_changed_photo_is_encoded_again_after_an_interruption(street, encoder, tmp_path):
    copies = []
    for photo in street[:12]:
        path = tmp_path / photo.name
        path.write_bytes(photo.path.read_bytes())
        copies.append(replace(photo, path=path))
    with pytest.raises(KeyboardInterrupt):
        PlaceIndex.build(copies, tmp_path / "i", encoder=CountingEncoder(encoder, stop_after=8), shard_size=8)
    copies[0].path.write_bytes(street[20].path.read_bytes())
    index = PlaceIndex.build(copies, tmp_path / "i", encoder=encoder, shard_size=8)
    assert index.query([street[20].path])[0].names[0] == copies[0].name


def test_the_result_does_not_depend_on_batches_or_shards(street, encoder, tmp_path):
    one = PlaceIndex.build(street, tmp_path / "a", encoder=encoder, shard_size=512)
    other = PlaceIndex.build(street, tmp_path / "b", encoder=encoder, shard_size=7)
    assert np.array_equal(one.vectors.codes, other.vectors.codes)
    assert np.array_equal(one.vectors.scales, other.vectors.scales)


def test_progress_counts_up_to_all_photos(street, encoder, tmp_path):
    calls = []
    PlaceIndex.build(
        street,
        tmp_path / "i",
        encoder=encoder,
        shard_size=16,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(0, 40), (16, 40), (32, 40), (40, 40)]


def test_added_photos_are_found_and_known_names_are_reported(street, encoder, tmp_path):
    index = PlaceIndex.build(street[:30], tmp_path / "i", encoder=encoder)
    grown, report = index.add(street[25:])
    assert (report.added, len(grown)) == (10, 40)
    assert [skipped.name for skipped in report.skipped] == [photo.name for photo in street[25:30]]
    assert [n.names[0] for n in grown.query([p.path for p in street], k=1)] == [p.name for p in street]
    assert len(index.query([street[0].path])[0]) == 20  # whoever had the old index open still has it


def test_another_encoder_is_refused(street, encoder, tmp_path):
    PlaceIndex.build(street[:4], tmp_path / "i", encoder=encoder)
    with pytest.raises(InputError, match="made with the encoder"):
        PlaceIndex.open(tmp_path / "i", encoder=replace(encoder, name="thumbnails-7"))


def test_merging_equals_building_together(street, encoder, tmp_path):
    PlaceIndex.build(street[:25], tmp_path / "a", encoder=encoder)
    PlaceIndex.build(street[20:], tmp_path / "b", encoder=encoder)
    together = PlaceIndex.build(street, tmp_path / "c", encoder=encoder)
    merged, twice = PlaceIndex.merge(tmp_path / "a", tmp_path / "b", tmp_path / "m")
    assert [photo.name for photo in twice] == [photo.name for photo in street[20:25]]
    assert merged.records.names == together.records.names
    assert np.array_equal(merged.vectors.codes, together.vectors.codes)


def test_merging_refuses_other_encoders_and_ambiguous_names(street, encoder, tmp_path):
    PlaceIndex.build(street[:5], tmp_path / "a", encoder=encoder)
    PlaceIndex.build(street[5:9], tmp_path / "b", encoder=replace(encoder, name="thumbnails-7"))
    PlaceIndex.build([replace(street[9], name=street[0].name)], tmp_path / "c", encoder=encoder)
    with pytest.raises(InputError, match="cannot be compared"):
        PlaceIndex.merge(tmp_path / "a", tmp_path / "b", tmp_path / "m")
    with pytest.raises(InputError, match="two different photos"):
        PlaceIndex.merge(tmp_path / "a", tmp_path / "c", tmp_path / "m")


def test_a_finished_index_and_a_foreign_folder_are_left_alone(street, encoder, tmp_path):
    PlaceIndex.build(street[:4], tmp_path / "i", encoder=encoder)
    with pytest.raises(InputError, match="finished index"):
        PlaceIndex.build(street, tmp_path / "i", encoder=encoder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="something else"):
        PlaceIndex.build(street, tmp_path / "other", encoder=encoder)
    assert (tmp_path / "other" / "thesis.txt").read_text() == "precious"


def test_nothing_usable_says_why(encoder, tmp_path):
    with pytest.raises(NotEnoughDataError, match="no photos were given"):
        PlaceIndex.build([], tmp_path / "a", encoder=encoder)
    with pytest.raises(NotEnoughDataError, match="no position"):
        PlaceIndex.build([IndexPhoto("a", tmp_path / "a.jpg")], tmp_path / "b", encoder=encoder)


def test_two_photos_of_one_name_are_refused(street, encoder, tmp_path):
    with pytest.raises(InputError, match="names in an index must differ"):
        PlaceIndex.build([street[0], street[0]], tmp_path / "i", encoder=encoder)


def test_folders_that_are_no_index_are_named(street, encoder, tmp_path):
    with pytest.raises(NotFoundError, match="whence index build"):
        PlaceIndex.open(tmp_path)
    PlaceIndex.build(street[:4], tmp_path / "i", encoder=encoder)
    head = json.loads((tmp_path / "i" / "index.json").read_text())
    (tmp_path / "i" / "index.json").write_text(json.dumps({**head, "version": 99}))
    with pytest.raises(FormatError, match="version 99"):
        PlaceIndex.open(tmp_path / "i")
    (tmp_path / "i" / "index.json").write_text(json.dumps({**head, "count": 5}))
    with pytest.raises(FormatError, match="damaged"):
        PlaceIndex.open(tmp_path / "i")
    (tmp_path / "i" / "index.json").write_text("{")
    with pytest.raises(FormatError, match="cannot be read"):
        PlaceIndex.open(tmp_path / "i")


def test_stray_settings_are_errors(street, encoder, tmp_path):
    with pytest.raises(InputError, match="no build setting is called shards"):
        PlaceIndex.build(street, tmp_path / "i", encoder=encoder, shards=3)


def test_positions_keep_every_bit(street, encoder, tmp_path):
    index = PlaceIndex.build(street, tmp_path / "i", encoder=encoder)
    assert index.records.lonlat.dtype == np.float64
    assert index.records.lonlat.tolist() == [[p.longitude_deg, p.latitude_deg] for p in street]


def test_local_features_certify_the_photo_itself(tmp_path, encoder):
    import PIL.Image

    rng = np.random.default_rng(3)
    photos = []
    for number in range(4):
        cells = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        path = tmp_path / f"{number}.png"
        PIL.Image.fromarray(np.kron(cells, np.ones((16, 16, 1), np.uint8))).save(path)
        photos.append(IndexPhoto(path.name, path, 13.0 + 0.001 * number, 55.0))
    index = PlaceIndex.build(photos[:3], tmp_path / "i", encoder=encoder, rerank=True)
    index, _ = index.add(photos[3:])
    for photo in photos:
        found = index.query([photo.path])[0]
        assert found.names[0] == photo.name
        assert found.inliers[0] > 100
        assert found.inliers[1:].max() < 30
        assert (np.diff(found.score) <= 0).all()


def test_reranking_without_local_features_tells_the_way_out(street, encoder, tmp_path):
    index = PlaceIndex.build(street[:4], tmp_path / "i", encoder=encoder)
    with pytest.raises(InputError, match="--rerank"):
        index.query([street[0].path], rerank=True)


@pytest.mark.slow
def test_worker_processes_give_the_same_vectors(street, tmp_path):
    here = PlaceIndex.build(street, tmp_path / "a", encoder="thumbnail", rerank=True)
    there = PlaceIndex.build(street, tmp_path / "b", encoder="thumbnail", rerank=True, workers=2)
    assert there.header.encoder == here.header.encoder
    assert np.array_equal(there.vectors.codes, here.vectors.codes)
    assert np.array_equal(there.local.descriptors, here.local.descriptors)


@pytest.mark.slow
@pytest.mark.shared_data
def test_a_walk_in_lund_is_located_by_its_own_photos(shared_data, tmp_path):
    walk = shared_data / "photos" / "lund"
    table = read_table(walk / "manifest.csv", folder=walk)
    index = PlaceIndex.build([row for row in table if "lund" in row.name], tmp_path / "i")
    rows = list(rows_left_out(index, radius_m=0.5))
    errors_m = [row.result.error_m for row in rows]
    assert len(rows) == 29
    assert recall_at_1(rows, within_m=25.0) >= 0.95  # measured: 1.0
    assert np.median(errors_m) < 10.0  # measured: 6.3 m, at a photo every 5 m
    assert all(row.result.radius_m >= row.result.error_m for row in rows)  # wide: 29 photos prove nothing
    loaded = PlaceIndex.open(tmp_path / "i")
    assert loaded.encoder.identity == index.header.encoder
