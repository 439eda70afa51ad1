"""Lines of a drawn sheet against what was drawn."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.spatial import cKDTree

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights.tracing.forks import simplified
from whence.maps.heights.tracing.from_scan import line_work
from whence.maps.heights.tracing.gaps import close_gaps
from whence.maps.heights.tracing.ink_example import ink_at
from whence.maps.heights.tracing.inks import find_inks, ink_of_hex
from whence.maps.heights.tracing.profile import centred, thick_lines
from whence.maps.heights.tracing.strokes import Stroke
from whence.maps.heights.tracing.thinning import chains_of, thinned
from whence.maps.scan.source import as_scan


def test_every_contour_is_one_line_on_the_middle_of_its_ink(sheet, work) -> None:
    """Roads, stream and label gaps do not part them; half a pixel of error is left."""
    assert len(work.lines) == len(sheet.lines)
    truth = np.concatenate(list(sheet.lines.values()))
    traced = np.concatenate(work.lines)
    away, _ = cKDTree(traced).query(truth)
    off_label = np.hypot(*(truth[:, None] - sheet.labels.pixels).transpose(2, 0, 1)).min(axis=1) > 20
    assert np.mean(away[off_label] < 2.5) > 0.97
    dense = np.concatenate([np.stack([line[:-1], line[1:]]).mean(axis=0) for line in sheet.lines.values()])
    back, _ = cKDTree(np.concatenate([truth, dense])).query(traced)
    assert np.sqrt(np.mean(np.square(back))) < 0.8
    assert back.max() < 6.0  # straight across the gap of a number


def test_thick_lines_are_the_index_contours(sheet, work) -> None:
    level = [
        min(sheet.lines, key=lambda one: cKDTree(sheet.lines[one]).query(line)[0].mean())
        for line in work.lines
    ]
    assert [one % 5 == 0 for one in level] == work.is_index.tolist()


@pytest.mark.parametrize("ink", [(176, 104, 52), (150, 90, 70), (205, 120, 40)])
def test_the_brown_ink_is_chosen_and_its_colour_told(ink, draw_sheet) -> None:
    """Against the CIE difference: within 15 of what was printed, blur and tint included."""
    inks = find_inks(as_scan(draw_sheet(ink=ink).image))
    apart = np.linalg.norm(inks.ink.lab - ink_of_hex("#{:02x}{:02x}{:02x}".format(*ink)))
    assert inks.ink.is_brown
    assert apart < 15
    assert inks.notes == ()


def test_a_given_ink_is_taken(sheet) -> None:
    """The stream's blue: what it covers lies along the stream."""
    inks = find_inks(as_scan(sheet.image), ink="#3c78be")
    share, _ = inks.cover(sheet.image)
    rows, columns = np.nonzero(share > 128)
    away = np.abs(rows + 0.5 - (90.5 + 0.375 * columns)) / np.hypot(1, 0.375)
    assert np.median(away) < 1.5
    assert np.mean(away < 5) > 0.95


@pytest.mark.parametrize("text", ["brown", "#12", "#gg0000", ""])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="#rrggbb"):
        ink_of_hex(text)


def test_a_blank_sheet_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="nothing printed"):
        find_inks(as_scan(np.full((200, 200, 3), 240, np.uint8)))


def black_sheet() -> np.ndarray:
    import cv2

    image = np.full((400, 400, 3), 245, np.uint8)
    for row in range(30, 380, 30):
        cv2.line(image, (10, row), (390, row + 5), (20, 20, 20), 2, cv2.LINE_AA)
    return image


def test_a_black_sheet_is_refused_unless_its_ink_is_named() -> None:
    """The refusal names the ink that would be taken, and with it the lines are there."""
    with pytest.raises(InputError, match="black only") as refused:
        find_inks(as_scan(black_sheet()))
    named = re.search(r"#[0-9a-f]{6}", str(refused.value))
    assert named is not None
    work = line_work(as_scan(black_sheet()), ink=named[0])
    assert len(work.lines) == 12
    assert work.inks.ink.is_grey
    assert "by their shape" in work.inks.notes[0]


def test_an_ink_is_taken_from_a_place(sheet) -> None:
    """A pixel beside the middle of a contour gives the brown within 15 (CIE); paper gives none."""
    scan = as_scan(sheet.image)
    place = tuple((sheet.lines[15][60] + [1, 1]).tolist())
    assert np.linalg.norm(ink_of_hex(ink_at(scan, place)) - ink_of_hex("#b06834")) < 15
    between = (sheet.lines[12][60] + sheet.lines[13][60]) / 2
    with pytest.raises(InputError, match="nothing is printed"):
        ink_at(scan, tuple(between.tolist()))
    with pytest.raises(InputError, match="not on the scan"):
        ink_at(scan, (-3.0, 5.0))


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_a_scan_of_one_colour_is_refused(colour: int) -> None:
    with pytest.raises(NotEnoughDataError, match="nothing printed"):
        line_work(as_scan(np.full((300, 300, 3), colour, np.uint8)))


def test_a_scan_without_lines_is_refused() -> None:
    """Brown dots only: an ink, but no line of it."""
    image = np.full((400, 400, 3), 245, np.uint8)
    for row in range(20, 400, 24):
        for column in range(20, 400, 24):
            image[row : row + 4, column : column + 4] = (176, 104, 52)
    with pytest.raises(NotEnoughDataError, match="--ink"):
        line_work(as_scan(image))


def test_a_thinned_cross_is_two_lines_and_a_ring_one() -> None:
    """Through the fork of an X both lines go straight on; a ring ends where it begins."""
    mask = np.zeros((120, 240), bool)
    for k in range(20, 100):
        mask[k - 1 : k + 2, k] = mask[k - 1 : k + 2, 119 - k] = True
    rows, columns = np.ogrid[:120, :240]
    away = np.hypot(rows - 60, columns - 180)
    mask |= (away > 28) & (away < 31)
    links = simplified(chains_of(*thinned(mask)), 3.0)
    lengths = sorted(link.length_px for link in links)
    assert len(links) == 3
    assert lengths[:2] == pytest.approx([80 * np.sqrt(2)] * 2, rel=0.06)
    assert lengths[2] == pytest.approx(2 * np.pi * 29.5, rel=0.1)
    assert sum(link.is_ring for link in links) == 1


def line(*points: tuple[float, float]) -> Stroke:
    corners = np.array(points, dtype=float)
    share = np.linspace(0, 1, 40)
    return Stroke(corners[0] + share[:, None] * (corners[1] - corners[0]))


def test_a_gap_is_closed_only_where_it_is_clear() -> None:
    """Straight ahead yes; between two equal continuations no; across another line no."""
    cover = np.zeros((200, 400), bool)
    ahead = [line((10, 50), (100, 50)), line((112, 50), (200, 50))]
    assert len(close_gaps(ahead, cover, stroke_px=3.0)) == 1
    forked = [line((10, 50), (100, 50)), line((112, 46), (200, 30)), line((112, 54), (200, 70))]
    assert len(close_gaps(forked, cover, stroke_px=3.0)) == 3
    barred = [*ahead, line((106, 10), (106, 90))]
    assert len(close_gaps(barred, cover, stroke_px=3.0)) == 3
    aside = [line((10, 50), (100, 50)), line((112, 62), (112, 150))]
    assert len(close_gaps(aside, cover, stroke_px=3.0)) == 2


def test_a_covered_gap_may_be_longer() -> None:
    """A house of 40 px between two ends: joined where it covers the way, left open over bare paper."""
    cover = np.zeros((200, 400), bool)
    ends = [line((10, 50), (100, 50)), line((140, 50), (200, 50))]
    assert len(close_gaps(ends, cover, stroke_px=3.0)) == 2
    cover[40:60, 102:138] = True
    joined = close_gaps(ends, cover, stroke_px=3.0)
    assert len(joined) == 1
    assert joined[0].length_px == pytest.approx(190)


def test_a_line_is_brought_onto_its_ink_and_measured() -> None:
    """A bar of 4 px at row 30.25, thinned a pixel off: back within a twentieth, its width exact."""
    share = np.zeros((60, 200), np.uint8)
    share[29:32] = 255
    share[28], share[32] = 191, 64  # from 28.25 to 32.25
    points, width = centred(np.stack([np.arange(10, 190.0), np.full(180, 31.5)], axis=1), share, 6.0)
    assert points[5:-5, 1] == pytest.approx(30.25, abs=0.05)
    assert width == pytest.approx(4.0, abs=0.1)


def test_alike_widths_are_no_index_contours() -> None:
    rng = np.random.default_rng(0)
    widths = rng.normal(3.0, 0.15, 40)
    assert not thick_lines(widths, np.full(40, 100.0)).any()
    widths[::5] += 2.0
    assert np.flatnonzero(thick_lines(widths, np.full(40, 100.0))).tolist() == list(range(0, 40, 5))
    widths[3] = np.nan
    assert not thick_lines(widths, np.full(40, 100.0))[3]
