"""Interruptions: what is finished is used, by the same prediction alone, and nothing half looks whole."""

from __future__ import annotations

import os
import socket

import numpy as np
import pytest
from pixel_models import Around, picture, read, write

from whence.aerial import predict
from whence.errors import InputError

OPTIONS = {"tile": 64, "overlap": 20, "batch": 2, "probability_type": "float32"}


class Stopping(Around):
    """Is interrupted after some tiles."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def probabilities(self, tiles, valid):
        if self.tiles >= self.after:
            raise KeyboardInterrupt
        return super().probabilities(tiles, valid)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "a.tif", picture(300, 150), nodata=3)
    return tmp_path


def interrupted(folder, *, after: int = 14, **more) -> Stopping:
    model = Stopping(after)
    with pytest.raises(KeyboardInterrupt):
        predict(folder / "a.tif", model, folder / "c.tif", probabilities=folder / "p.tif", **OPTIONS, **more)
    return model


@pytest.mark.parametrize(
    ("more", "after"),
    [({}, 3), ({}, 14), ({"overlap": 40}, 30), ({"resolution_m": 0.8}, 6), ({"resolution_m": 0.3}, 37)],
)
def test_going_on_gives_what_one_run_gives(folder, more, after):
    options = OPTIONS | more
    predict(folder / "a.tif", Around(), folder / "once.tif", probabilities=folder / "once_p.tif", **options)
    model = Stopping(after)
    with pytest.raises(KeyboardInterrupt):
        predict(folder / "a.tif", model, folder / "c.tif", probabilities=folder / "p.tif", **options)
    assert not (folder / "c.tif").exists()
    assert not (folder / "p.tif").exists()
    again = Around()
    found = predict(folder / "a.tif", again, folder / "c.tif", probabilities=folder / "p.tif", **options)
    np.testing.assert_array_equal(read(folder / "p.tif"), read(folder / "once_p.tif"))
    np.testing.assert_array_equal(read(folder / "c.tif"), read(folder / "once.tif"))
    assert (found.tiles[2] > 0) == (after > 3)
    assert again.tiles + found.tiles[2] == found.tiles[0]
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith("once")) == [
        "a.tif", "c.tif", "c.tif.aux.xml", "p.tif",
    ]  # fmt: skip


def test_an_earlier_result_stands_until_the_new_one_is_whole(folder):
    (folder / "c.tif").write_text("an earlier result")
    interrupted(folder)
    assert (folder / "c.tif").read_text() == "an earlier result"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tile": 96}, "tile was 64, now 96"),
        ({"augment": "d4"}, "augment"),
        ({"nodata": 9}, "nodata"),
        ({"bands": (3, 2, 1)}, "bands"),
        ({"probability_type": "uint8"}, "layers"),
        ({"window": (0, 0, 100, 100)}, "window"),
    ],
)
def test_other_settings_refuse_to_go_on(folder, change, named):
    interrupted(folder)
    with pytest.raises(InputError, match=named):
        predict(
            folder / "a.tif", Around(), folder / "c.tif", probabilities=folder / "p.tif", **OPTIONS | change
        )


def test_another_model_or_image_refuses_to_go_on(folder):
    interrupted(folder)
    other = Around()
    other.identity = "trained anew"
    options = {"probabilities": folder / "p.tif", **OPTIONS}
    with pytest.raises(InputError, match="model was around, now trained anew"):
        predict(folder / "a.tif", other, folder / "c.tif", **options)
    write(folder / "a.tif", picture(300, 150, seed=8), nodata=3)
    with pytest.raises(InputError, match="changed was"):
        predict(folder / "a.tif", Around(), folder / "c.tif", **options)
    found = predict(folder / "a.tif", Around(), folder / "c.tif", restart=True, **options)
    assert found.tiles[2] == 0


def test_threads_and_batches_may_change_on_the_way(folder):
    interrupted(folder)
    options = OPTIONS | {"batch": 3, "workers": 0}
    found = predict(folder / "a.tif", Around(), folder / "c.tif", probabilities=folder / "p.tif", **options)
    assert found.tiles[2] > 0


def test_a_model_without_identity_starts_over(folder):
    model = Stopping(14)
    model.identity = None
    options = {"probabilities": folder / "p.tif", **OPTIONS}
    with pytest.raises(KeyboardInterrupt):
        predict(folder / "a.tif", model, folder / "c.tif", **options)
    again = Around()
    again.identity = None
    found = predict(folder / "a.tif", again, folder / "c.tif", **options)
    assert found.tiles[2] == 0


def test_a_damaged_account_is_refused_and_restart_helps(folder):
    interrupted(folder)
    (folder / ".c.tif.partial" / "progress.json").write_text('{"version": 1')
    options = {"probabilities": folder / "p.tif", **OPTIONS}
    with pytest.raises(InputError, match="--restart"):
        predict(folder / "a.tif", Around(), folder / "c.tif", **options)
    predict(folder / "a.tif", Around(), folder / "c.tif", restart=True, **options)
    assert not (folder / ".c.tif.partial").exists()


def test_progress_counts_every_tile_once(folder):
    interrupted(folder)
    told = []
    found = predict(folder / "a.tif", Around(), folder / "c.tif", probabilities=folder / "p.tif",
                    progress=lambda done, total: told.append((done, total)), **OPTIONS)  # fmt: skip
    assert [done for done, _ in told] == list(range(found.tiles[2] + 1, found.tiles[0] + 1))
    assert {total for _, total in told} == {found.tiles[0]}


class Asking(Around):
    """Has the same prediction asked for while it is under way."""

    def __init__(self, folder) -> None:
        super().__init__()
        self.folder, self.told = folder, []

    def probabilities(self, tiles, valid):
        with pytest.raises(InputError) as refusal:
            predict(self.folder / "a.tif", Around(), self.folder / "c.tif", restart=True, **OPTIONS)
        self.told.append(str(refusal.value))
        return super().probabilities(tiles, valid)


def test_one_file_is_made_once_at_a_time(folder):
    model = Asking(folder)
    predict(folder / "a.tif", model, folder / "c.tif", **OPTIONS)
    whom = f"process {os.getpid()} on {socket.gethostname()}"
    told = f"{folder / 'c.tif'} is being made by {whom}; wait until it has ended, or choose another name"
    assert set(model.told) == {told}
    predict(folder / "a.tif", Around(), folder / "once.tif", **OPTIONS)
    np.testing.assert_array_equal(read(folder / "c.tif"), read(folder / "once.tif"))
    assert not list(folder.glob(".*")), "neither locks nor blocks are left"
