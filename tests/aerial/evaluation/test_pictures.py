"""Scores of files: windows against the whole, intervals, and what does not fit together."""

from __future__ import annotations

import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from scipy import ndimage

from whence.aerial.evaluation import pictures
from whence.aerial.evaluation.boundary import count_boundaries
from whence.aerial.evaluation.confusion import Confusion
from whence.aerial.evaluation.erosion import erode_boundaries
from whence.aerial.evaluation.intervals import class_intervals, mean_intervals
from whence.aerial.evaluation.pictures import Rules, Trio, evaluate_pictures, pair_files
from whence.aerial.scheme import LandClass, Scheme
from whence.aerial.scheme_files import write_scheme
from whence.aerial.schemes import SCHEMES
from whence.aerial.written_scheme import written_scheme
from whence.errors import InputError, NotAnImageError

TOWN = Scheme(
    "town",
    (LandClass("ground", (0, 0, 255)), LandClass("roof", (255, 0, 0)), LandClass("tree", (0, 255, 0))),
    ignored_colours=((0, 0, 0),),
    counted=(0, 1),
)
UTM = {"crs": "EPSG:32636", "transform": from_origin(500000.0, 36000.0, 0.5, 0.5)}


def blobs(seed, shape=(130, 150)):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(3, *shape)), (0, 5, 5))
    return noise.argmax(axis=0).astype(np.uint8)


def write(path, values, **settings):
    bands = values[None] if values.ndim == 2 else np.moveaxis(values, -1, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {"driver": "GTiff", **UTM, **settings}
    with rasterio.open(
        path,
        "w",
        width=bands.shape[2],
        height=bands.shape[1],
        count=len(bands),
        dtype=bands.dtype,
        **settings,
    ) as file:
        file.write(bands)
    return path


@pytest.fixture
def pair():
    truth, predicted = blobs(1), blobs(1)
    predicted[:, 4:] = predicted[:, :-4].copy()
    truth[100:, :30] = 255
    predicted[:5] = 255
    return truth, predicted


def test_windows_have_the_scores_of_the_whole(tmp_path, pair, monkeypatch):
    truth, predicted = pair
    monkeypatch.setattr(pictures, "TILE_PX", 16)
    monkeypatch.setattr(pictures, "_WINDOW_PX", 48)
    files = Trio(
        write(tmp_path / "p.tif", predicted, nodata=255), write(tmp_path / "t.tif", TOWN.paint(truth))
    )
    found = evaluate_pictures([files], Rules(TOWN, erode_px=3.0))
    for kind, ids in (("full", truth), ("eroded", erode_boundaries(truth, 3.0))):
        whole = Confusion.of_scheme(TOWN).add(ids, predicted)
        assert (found[kind].confusion.table == whole.table).all()
        edges = count_boundaries(truth, predicted, classes=3).table[0]
        assert (found[kind].boundary.table == edges).all()
    units = len(found["full"].tables) - 2  # tiles that are padding alone are none
    assert found["full"].sample.units == units
    assert found["full"].protocol.drawn == f"95 % by bootstrap over {units} tiles of 16 px of one image"
    assert found["full"].figures()["mean_iou"] == pytest.approx(found["full"].confusion.iou[:2].mean())


def test_the_protocol_is_printed_with_the_figures(tmp_path, pair):
    truth, predicted = pair
    files = Trio(write(tmp_path / "p.tif", predicted), write(tmp_path / "t.tif", TOWN.paint(truth)))
    found = evaluate_pictures([files], Rules(TOWN, erode_px=3.0, augmentation="D4"))
    text = found["eroded"].summary()
    assert "means over ground, roof (tree only in the overall accuracy)" in text
    assert "eroded by a disk of 3 px" in text
    assert "test-time augmentation: D4" in text
    assert "full boundaries" in found["full"].summary()
    unanswered = int((predicted == 255)[truth != 255].sum())
    assert f"{unanswered} pixels have no prediction" in found["full"].summary()
    assert "one picture: no intervals" in text
    assert found["full"].intervals() == {}


def test_folders_are_paired_by_name_and_pooled(tmp_path):
    for number in range(3):
        truth, predicted = blobs(number), blobs(number)
        predicted[number * 20 : number * 20 + 9] = 2
        write(tmp_path / "p" / f"top_{number}.tif", predicted)
        write(tmp_path / "t" / f"top_{number}_label.tif", TOWN.paint(truth))
        write(tmp_path / "t" / f"top_{number}_label_noBoundary.tif", TOWN.paint(erode_boundaries(truth)))
    trios = pair_files(tmp_path / "p", tmp_path / "t")
    assert [trio.truth.name for trio in trios] == [f"top_{number}_label.tif" for number in range(3)]
    found = evaluate_pictures(trios, Rules(TOWN))
    computed = evaluate_pictures([Trio(one.predicted, one.truth) for one in trios], Rules(TOWN, erode_px=3.0))
    assert (found["eroded"].tables == computed["eroded"].tables).all()
    assert "from masks" in found["eroded"].protocol.line
    assert found["full"].sample.units == 3
    low, high = found["full"].intervals()["mean_iou"]
    assert low < found["full"].figures()["mean_iou"] < high
    assert "95 % by bootstrap over 3 images" in found["full"].summary()


def test_without_a_scheme_both_hold_ids(tmp_path, pair):
    truth, predicted = pair
    files = Trio(write(tmp_path / "p.tif", predicted), write(tmp_path / "t.tif", truth, nodata=255))
    found = evaluate_pictures([files], Rules())["full"]
    assert found.names == ("class 0", "class 1", "class 2")
    assert found.confusion.pixels == (truth != 255).sum()


def tagged(path, values, meant, **settings):
    """Write a raster as a prediction is, with its scheme in the metadata."""
    write(path, values, **settings)
    with rasterio.open(path, "r+") as file:
        file.update_tags(SCHEME=meant if isinstance(meant, str) else json.dumps(meant.to_json()))
    return path


LOVEDA = SCHEMES["loveda"]


def test_a_prediction_says_what_its_classes_are(tmp_path, pair):
    """By its metadata alone the figures are those of the named scheme; the mask has published values."""
    truth, predicted = pair
    published = np.where(truth == 255, 0, truth + 1).astype(np.uint8)
    mask = write(tmp_path / "t.tif", published)
    carrying = tagged(tmp_path / "p.tif", predicted, LOVEDA, nodata=255)
    named = evaluate_pictures([Trio(write(tmp_path / "q.tif", predicted), mask)], Rules(LOVEDA))["full"]
    found = evaluate_pictures([Trio(carrying, mask)], Rules())["full"]
    assert (found.names, found.counted) == (LOVEDA.names, LOVEDA.counted)
    assert (found.tables == named.tables).all()
    assert found.confusion.pixels == (truth != 255).sum()
    assert "classes as the prediction carries them (loveda)" in found.summary()
    assert "carries" not in named.summary()
    own = tagged(tmp_path / "ids.tif", truth, LOVEDA)  # ids, since it is no published mask
    again = evaluate_pictures([Trio(carrying, own)], Rules())["full"]
    assert (again.tables == named.tables).all()


def test_colours_and_counted_classes_come_from_the_prediction(tmp_path, pair):
    truth, predicted = pair
    files = Trio(tagged(tmp_path / "p.tif", predicted, TOWN), write(tmp_path / "t.tif", TOWN.paint(truth)))
    found = evaluate_pictures([files], Rules())["full"]
    assert (found.names, found.counted) == (TOWN.names, (0, 1))
    assert found.confusion.pixels == (truth != 255).sum()


def test_a_named_scheme_must_not_contradict_the_prediction(tmp_path, pair):
    truth, predicted = pair
    carrying = tagged(tmp_path / "p.tif", predicted, TOWN)
    mask = write(tmp_path / "t.tif", truth)
    with pytest.raises(
        InputError, match=r"p\.tif holds .*roof.*\(scheme town\).* not .*water.*\(scheme loveda"
    ):
        evaluate_pictures([Trio(carrying, mask)], Rules(LOVEDA))
    other = replace(TOWN, name="village", counted=(0, 1, 2), ignored_raw=(255,))
    found = evaluate_pictures([Trio(carrying, mask)], Rules(other))["full"]
    assert found.counted == (0, 1, 2)
    with pytest.raises(InputError, match=r"m\.tif holds .*water"):
        evaluate_pictures([Trio(carrying, tagged(tmp_path / "m.tif", truth, LOVEDA))], Rules())


def test_predictions_with_different_schemes_are_refused(tmp_path, pair):
    truth, predicted = pair
    mask = write(tmp_path / "t.tif", truth)
    one, other = tagged(tmp_path / "p.tif", predicted, TOWN), tagged(tmp_path / "q.tif", predicted, LOVEDA)
    none = write(tmp_path / "n.tif", predicted)
    for second, words in ((other, "scheme town.*scheme loveda"), (none, "scheme town.*no scheme")):
        with pytest.raises(InputError, match=words):
            evaluate_pictures([Trio(one, mask), Trio(second, mask)], Rules())


@pytest.mark.parametrize("named", [None, LOVEDA])
@pytest.mark.parametrize("carries", [True, False])
def test_what_lies_beside_masks_says_what_they_hold(tmp_path, pair, named, carries):
    """Tiles of LoveDA hold ids, one less than what is published; their scheme says so."""
    truth, predicted = pair
    own = predicted.copy()
    answer = tagged(tmp_path / "p.tif", own, LOVEDA) if carries else write(tmp_path / "p.tif", own)
    mask = write(tmp_path / "masks" / "t.tif", truth)
    write_scheme(mask.with_name("scheme.json"), LOVEDA.of_ids())
    by_ids = evaluate_pictures([Trio(answer, mask)], Rules(LOVEDA, truth_ids=True))["full"]
    found = evaluate_pictures([Trio(answer, mask)], Rules(named))["full"]
    assert found.names == LOVEDA.names
    assert (found.tables == by_ids.tables).all()
    assert found.confusion.pixels == (truth != 255).sum()
    alone = named is None and not carries
    assert ("classes as told beside the masks (loveda)" in found.summary()) == alone
    assert found.protocol.to_json()["beside"] == ("loveda" if alone else None)


def test_what_lies_beside_masks_must_fit(tmp_path, pair):
    answer = tagged(tmp_path / "p.tif", pair[1], TOWN)
    mask, other = write(tmp_path / "masks/t.tif", pair[0]), write(tmp_path / "more/t.tif", pair[0])
    write_scheme(mask.with_name("scheme.json"), LOVEDA.of_ids())
    with pytest.raises(InputError, match=r"masks/scheme\.json says .*water.*, not ground, roof, tree"):
        evaluate_pictures([Trio(answer, mask)], Rules())
    evaluate_pictures([Trio(answer, mask)], Rules(TOWN, truth_ids=True))
    write_scheme(other.with_name("scheme.json"), TOWN.of_ids())
    bare = write(tmp_path / "q.tif", pair[1])
    with pytest.raises(InputError, match="score them apart"):
        evaluate_pictures([Trio(bare, mask), Trio(bare, other, name="u")], Rules())
    mask.with_name("scheme.json").write_text("{")
    with pytest.raises(InputError, match=r"masks/scheme\.json: "):
        evaluate_pictures([Trio(bare, mask)], Rules())


@pytest.mark.parametrize("text", ["LCZ42", '"urban"', '{"level": 2}'])
def test_what_other_programs_write_under_that_name_is_no_scheme(tmp_path, pair, text):
    truth, predicted = pair
    found = evaluate_pictures(
        [Trio(tagged(tmp_path / "p.tif", predicted, text), write(tmp_path / "t.tif", truth, nodata=255))],
        Rules(),
    )["full"]
    assert found.names == ("class 0", "class 1", "class 2")


def test_a_damaged_scheme_is_told(tmp_path, pair):
    damaged = tagged(tmp_path / "p.tif", pair[1], '{"classes": [{"name": "roof"}]}')
    with pytest.raises(InputError, match=r"metadata of .*p\.tif is damaged: .*roof.*no colour"):
        evaluate_pictures([Trio(damaged, write(tmp_path / "t.tif", pair[0]))], Rules())


def test_intervals_are_those_of_drawing_pictures(tmp_path):
    """Against a plain bootstrap; 300 pictures of binomial accuracy, whose spread is known."""
    rng = np.random.default_rng(3)
    right = rng.binomial(50, 0.8, 300)
    tables = np.zeros((300, 2, 3), np.int64)
    tables[:, 0, 0], tables[:, 0, 1] = right, 50 - right
    low, high = mean_intervals(tables, (0, 1))["overall_accuracy"]
    sigma = np.sqrt(0.8 * 0.2 / (300 * 50))
    assert high - low == pytest.approx(2 * 1.96 * sigma, rel=0.15)
    assert np.isnan(class_intervals(tables)["recall"][1]).all()
    with pytest.raises(InputError, match="no interval"):
        mean_intervals(tables[:1], (0, 1))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"crs": "EPSG:32637"}, "two coordinate systems"),
        ({"transform": from_origin(500010.0, 36000.0, 0.5, 0.5)}, "20.00 px apart"),
        ({"transform": from_origin(500000.0, 36000.0, 0.6, 0.5)}, "px apart"),
    ],
)
def test_another_grid_is_refused(tmp_path, settings, words):
    ours = write(tmp_path / "p.tif", blobs(1))
    theirs = write(tmp_path / "t.tif", blobs(1), **settings)
    with pytest.raises(InputError, match=words):
        evaluate_pictures([Trio(ours, theirs)], Rules())


def test_another_size_colour_or_id_is_refused(tmp_path):
    ours = write(tmp_path / "p.tif", blobs(1))
    with pytest.raises(InputError, match="150 × 130 and 140 × 120 pixels"):
        evaluate_pictures([Trio(ours, write(tmp_path / "t.tif", blobs(1, (120, 140))))], Rules())
    with pytest.raises(InputError, match="3 bands"):
        evaluate_pictures([Trio(ours, write(tmp_path / "c.tif", TOWN.paint(blobs(1))))], Rules())
    halves = write(tmp_path / "h.tif", np.full((130, 150), 0.5, np.float32))
    with pytest.raises(InputError, match=r"h\.tif holds float32 values from 0\.5 to 0\.5"):
        evaluate_pictures([Trio(halves, ours)], Rules())
    wrong = write(tmp_path / "w.tif", np.full((130, 150), 7, np.uint8))
    with pytest.raises(InputError, match=r"prediction has ids .* 7"):
        evaluate_pictures([Trio(wrong, write(tmp_path / "m.tif", TOWN.paint(blobs(1))))], Rules(TOWN))
    strange = write(tmp_path / "strange.tif", np.full((130, 150, 3), 9, np.uint8))
    with pytest.raises(InputError, match=r"strange\.tif: .*#090909"):
        evaluate_pictures([Trio(ours, strange)], Rules(TOWN))
    cut = tmp_path / "cut.tif"
    cut.write_bytes(ours.read_bytes()[:9000])
    with pytest.raises(NotAnImageError, match=r"cut\.tif"):
        evaluate_pictures([Trio(cut, ours)], Rules())


def test_files_without_a_partner_are_told(tmp_path):
    write(tmp_path / "p" / "a.tif", blobs(1))
    write(tmp_path / "t" / "a_label.tif", blobs(1))
    write(tmp_path / "t" / "b_label.tif", blobs(1))
    with pytest.raises(InputError, match="no prediction of b"):
        pair_files(tmp_path / "p", tmp_path / "t")
    with pytest.raises(InputError, match="two folders"):
        pair_files(tmp_path / "p", tmp_path / "t" / "a_label.tif")
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no masks"):
        pair_files(tmp_path / "p", tmp_path / "none")
    write(tmp_path / "p" / "a_mask.tif", blobs(1))
    with pytest.raises(InputError, match="both a picture 'a'"):
        pair_files(tmp_path / "p", tmp_path / "t")


def many(tmp_path, names, *, wrong=lambda number: 9):
    """Pictures of one class and a half; of each the given rows are predicted wrongly."""
    for number, name in enumerate(names):
        truth = blobs(number, (40, 50))
        predicted = truth.copy()
        predicted[: wrong(number)] = (truth[: wrong(number)] + 1) % 3
        write(tmp_path / "p" / f"{name}.tif", predicted)
        write(tmp_path / "t" / f"{name}.tif", truth, nodata=255)
    return pair_files(tmp_path / "p", tmp_path / "t")


def test_images_of_one_place_are_drawn_together(tmp_path):
    """Copies of a picture say nothing new: the interval is that of the places, each counted once."""
    names = [f"region{place}_{part}" for place in range(6) for part in range(4)]
    trios = many(tmp_path, names, wrong=lambda number: 4 + 4 * (number // 4))
    found = evaluate_pictures(trios, Rules(group=r"region\d+"))["full"]
    assert found.protocol.line.endswith("95 % by bootstrap over 6 places")
    assert found.to_json()["units"] == 6
    pooled = found.tables.reshape(6, 4, *found.tables.shape[1:]).sum(axis=1)
    assert (found.sample.pooled(found.tables) == pooled).all()
    expected = mean_intervals(pooled, (0, 1, 2))["mean_iou"]
    assert found.intervals()["mean_iou"] == pytest.approx(tuple(expected))
    apart = evaluate_pictures(trios, Rules())["full"]
    assert apart.protocol.line.endswith("over 24 images")
    width, narrow = (np.diff(one.intervals()["mean_iou"])[0] for one in (found, apart))
    assert width > 1.4 * narrow


@pytest.mark.parametrize(
    ("group", "told"),
    [
        (r"^(.)", "over 9 images of one place"),
        (r"_(\d)", "over 9 images of 3 places, too few to be drawn"),
        (r".+", "over 9 images"),
    ],
)
def test_few_places_are_not_drawn(tmp_path, group, told):
    trios = many(tmp_path, [f"a{part}_{part % 3}" for part in range(9)])
    found = evaluate_pictures(trios, Rules(group=group))["full"]
    assert found.protocol.drawn == f"95 % by bootstrap {told}"
    assert found.sample.units == 9


def test_places_come_from_the_data_set(tmp_path):
    """Dubai's parts lie in folders of their tile; tiles that were cut know their scene."""
    parts = [f"Tile {tile}/masks/image_part_00{part}" for tile in range(1, 6) for part in range(2)]
    (tmp_path / "tile 9").mkdir()
    trios = many(tmp_path / "tile 9", parts)
    dubai = SCHEMES["dubai"]
    found = evaluate_pictures(trios, Rules(dubai))["full"]
    assert found.protocol.drawn.endswith("over 5 places")
    assert evaluate_pictures(trios, Rules(TOWN))["full"].protocol.drawn.endswith("over 10 images")
    names = [f"scene{number}_{part}" for number in range(5) for part in range(2)]
    cut = many(tmp_path / "cut", names)
    tiles = [{"name": name, "group": name.split("_")[0]} for name in names]
    (tmp_path / "cut" / "t" / "tiles.json").write_text(json.dumps({"tiles": tiles}))
    assert evaluate_pictures(cut, Rules())["full"].protocol.drawn.endswith("over 5 places")


def test_a_place_without_any_class_is_not_drawn(tmp_path):
    names = [f"r{place}_{part}" for place in range(6) for part in range(2)]
    trios = many(tmp_path, names)
    for part in range(2):
        write(tmp_path / "t" / f"r5_{part}.tif", np.full((40, 50), 255, np.uint8))
    found = evaluate_pictures(trios, Rules(group=r"r\d"))["full"]
    assert found.protocol.drawn.endswith("over 5 places")
    assert found.sample.members[-2:].tolist() == [-1, -1]


@pytest.mark.parametrize(("group", "words"), [("x", "not found by 'x'"), ("(", "no regular expression")])
def test_a_name_without_a_place_is_told(tmp_path, group, words):
    with pytest.raises(InputError, match=words):
        evaluate_pictures(many(tmp_path, ["a", "b"]), Rules(group=group))


def test_schemes_are_read_from_many_threads(tmp_path, pair):
    """Rasters without a place make rasterio warn; the filter against that is one for all threads."""
    bare = {"crs": None, "transform": rasterio.Affine.identity()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        path = tagged(tmp_path / "p.tif", pair[1], TOWN, **bare)
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(written_scheme, [path] * 200))
    assert found == [TOWN] * 200
    assert list(warnings.filters) == before
