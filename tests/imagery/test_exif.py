"""EXIF as read: blocks written byte by byte in the test, closed forms, Pillow's own reader as oracle."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.PngImagePlugin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.errors import InputError, NotAnImageError, NotFoundError
from whence.imagery.exif import Metadata, read_metadata, write_metadata
from whence.imagery.stamping import exif_block as stamped_block

METRES_PER_DEGREE = 111_195.08  # of a great circle on the mean sphere


def test_degrees_minutes_seconds_in_both_byte_orders(jpeg_with, madrid):
    for order in "<>":
        metadata = read_metadata(jpeg_with(gps=madrid, order=order))
        assert metadata.latitude_deg == pytest.approx(40 + 26 / 60 + 49.08 / 3600, abs=1e-12)
        assert metadata.longitude_deg == pytest.approx(-(3 + 43 / 60 + 29.11 / 3600), abs=1e-12)
        assert metadata.lonlat.tolist() == [metadata.longitude_deg, metadata.latitude_deg]
        assert metadata.problems == ()


@pytest.mark.parametrize(
    ("latitude", "expected_deg", "step_deg"),
    [
        ((5, [(40, 1), (26, 1), (4908, 100)]), 40 + 26 / 60 + 49.08 / 3600, 0.01 / 3600),
        ((5, [(40, 1), (26818, 1000), (0, 1)]), 40 + 26.818 / 60, 0.001 / 60),
        ((5, [(40, 1), (26, 1), (0, 1)]), 40 + 26 / 60, 1 / 60),
        ((5, [(40447, 1000)]), 40.447, 0.001),
        ((5, [(40447, 1000), (0, 1), (0, 1)]), 40.447, 0.001),
        ((10, [(40447, 1000), (0, 1), (0, 1)]), 40.447, 0.001),
        ((12, [40.447]), 40.447, 0.001),
        ((2, "40.447"), 40.447, 0.001),
        ((2, "40 deg 26' 49.08\""), 40 + 26 / 60 + 49.08 / 3600, 0.01 / 3600),
        ((5, [(40, 1), (26, 1), (60, 1)]), 40 + 27 / 60, 1 / 3600),
    ],
    ids=["dms", "decimal minutes", "whole minutes", "decimal degrees", "degrees and zeros", "signed",
         "double", "text", "text dms", "sixty seconds"],
)  # fmt: skip
def test_ways_to_write_a_coordinate(jpeg_with, madrid, latitude, expected_deg, step_deg):
    longitude = (5, [(3, 1), (0, 1), (0, 1)])  # rounded to degrees, so the finer step is the latitude's
    metadata = read_metadata(jpeg_with(gps=madrid | {2: latitude, 4: longitude}))
    assert metadata.latitude_deg == pytest.approx(expected_deg, abs=1e-9)
    assert metadata.resolution_m == pytest.approx(step_deg * METRES_PER_DEGREE, rel=1e-6)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({2: (5, [(40, 0), (26, 1), (4908, 100)])}, "zero denominator"),
        ({2: (5, [(0, 0), (0, 0), (0, 0)])}, "zero denominator"),
        ({4: (5, [(3, 1), (43, 1), (0, 0)])}, "zero denominator"),
        ({2: (5, [(200, 1), (0, 1), (0, 1)])}, "latitude 200 lies beyond the pole"),
        ({4: (5, [(181, 1), (0, 1), (0, 1)])}, "longitude -181 lies beyond 180"),
        ({2: (12, [math.nan])}, "not a number"),
        ({2: (12, [math.inf])}, "not a number"),
        ({2: (5, [(0, 1)] * 3), 4: (5, [(0, 1)] * 3)}, "0, 0"),
        ({2: (2, "40,26")}, "'40,26': a decimal comma, or degrees and minutes"),
        ({2: (2, "40,4469")}, "4469 minutes or seconds"),
        ({1: None, 2: (2, "40.4469 X")}, "latitude reference 'X' is no hemisphere"),
        ({1: None}, "latitude reference is missing"),
        ({3: (2, "")}, "longitude reference is missing"),
        ({1: (2, "E")}, "'E' is no hemisphere"),
        ({2: None}, "latitude is missing"),
        ({4: None}, "longitude is missing"),
        ({2: (5, [(40, 1), (75, 1), (0, 1)])}, "75 minutes or seconds"),
        ({2: (5, [(40, 1), (26, 1), (4908, 1)])}, "4908 minutes or seconds"),
        ({2: (5, [(40, 1)] * 4)}, "4 numbers"),
        ({2: (2, "north of here")}, "0 numbers"),
        ({2: (10, [(-40, 1), (26, 1), (0, 1)])}, "negative but its reference is N"),
        ({9: (2, "V")}, "GPSStatus V"),
    ],
)
def test_an_impossible_position_is_told_and_not_believed(jpeg_with, madrid, changed, sentence):
    tags = {tag: entry for tag, entry in (madrid | changed).items() if entry is not None}
    metadata = read_metadata(jpeg_with(gps=tags))
    assert metadata.longitude_deg is metadata.latitude_deg is metadata.lonlat is None
    assert metadata.resolution_m is metadata.position_error_m is None
    assert any(sentence in problem for problem in metadata.problems), metadata.problems


@pytest.mark.parametrize("reference", [(2, "n"), (2, "North"), (7, b"N"), (1, b"N\0"), (2, " N ")])
def test_sloppy_hemisphere_letters_are_understood(jpeg_with, madrid, reference):
    metadata = read_metadata(jpeg_with(gps=madrid | {1: reference}))
    assert metadata.latitude_deg > 40
    assert not metadata.problems


@pytest.mark.parametrize("form", ["33.865 S", "33 51 54.0S", "33° 51' 54\" s"])
def test_text_may_hold_its_own_hemisphere(jpeg_with, madrid, form):
    stated = {tag: entry for tag, entry in madrid.items() if tag != 1} | {2: (2, form)}
    metadata = read_metadata(jpeg_with(gps=stated))
    assert metadata.latitude_deg == pytest.approx(-33.865, abs=1e-12)


def test_a_minus_sign_stands_in_for_a_missing_hemisphere_and_is_told(jpeg_with, madrid):
    tags = madrid | {4: (10, [(-3, 1), (43, 1), (2911, 100)])}
    del tags[3]
    metadata = read_metadata(jpeg_with(gps=tags))
    assert metadata.longitude_deg == pytest.approx(-(3 + 43 / 60 + 29.11 / 3600))
    assert any("reference is missing" in problem for problem in metadata.problems)


def test_south_and_minus_is_south(jpeg_with, madrid):
    metadata = read_metadata(jpeg_with(gps=madrid | {1: (2, "S"), 2: (10, [(-40, 1), (26, 1), (0, 1)])}))
    assert metadata.latitude_deg == pytest.approx(-40 - 26 / 60)


@pytest.mark.parametrize(
    ("added", "error_m"),
    [
        ({31: (5, [(65, 10)])}, 6.5),
        ({11: (5, [(3, 1)])}, 15.0),
        ({31: (5, [(65, 10)]), 11: (5, [(3, 1)])}, 6.5),
        ({11: (5, [(0, 1)])}, None),
        ({31: (5, [(1, 0)])}, None),
        ({18: (2, "WGS-84")}, None),
        ({18: (2, "TOKYO")}, 500.0),
        ({18: (2, "TOKYO"), 31: (5, [(900, 1)])}, 900.0),
    ],
)
def test_stated_error_of_the_position(jpeg_with, madrid, added, error_m):
    assert read_metadata(jpeg_with(gps=madrid | added)).position_error_m == error_m


def test_altitude_and_direction(jpeg_with, madrid):
    tags = madrid | {5: (1, b"\1"), 6: (5, [(4305, 10)]), 16: (2, "M"), 17: (5, [(29139, 100)])}
    metadata = read_metadata(jpeg_with(gps=tags))
    assert metadata.altitude_m == -430.5  # the shore of the Dead Sea
    assert metadata.direction_deg == pytest.approx(291.39)
    assert metadata.direction_is_magnetic
    wrong = read_metadata(jpeg_with(gps=madrid | {6: (5, [(1, 0)]), 17: (5, [(4000, 10)])}))
    assert wrong.altitude_m is wrong.direction_deg is None
    assert len(wrong.problems) == 2
    assert wrong.latitude_deg is not None  # the position itself is not to blame


def test_one_damaged_entry_costs_only_itself(exif_block, jpeg_with, madrid):
    good = exif_block({0x10F: (2, "A camera of some make")}, None, madrid)
    at = good.index(b"\x0f\x01\x02\x00") + 8  # where the make's offset stands
    broken = good[:at] + b"\xff\xff\xff\x7f" + good[at + 4 :]
    file = BytesIO()
    PIL.Image.new("L", (8, 8)).save(file, "JPEG", exif=broken)
    metadata = read_metadata(file.getvalue())
    assert metadata.latitude_deg == pytest.approx(40.44697, abs=1e-5)
    assert metadata.camera_make == ""
    assert any("0x010f" in problem for problem in metadata.problems)


def test_no_cut_of_the_block_crashes(exif_block, madrid):
    block = exif_block({0x10F: (2, "Some make")}, {0x9003: (2, "2008:10:22 16:28:39")}, madrid)
    for length in range(6, len(block)):
        file = BytesIO()
        PIL.Image.new("L", (8, 8)).save(file, "PNG", exif=block[:length])
        metadata = read_metadata(file.getvalue())
        assert metadata.latitude_deg is None or metadata.latitude_deg == pytest.approx(40.44697, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(position=st.integers(6, 250), value=st.integers(0, 255))
def test_no_changed_byte_crashes(position, value):
    block = bytearray(stamped_block(Metadata(longitude_deg=-3.7, latitude_deg=40.4, camera_make="Make")))
    block[position % len(block)] = value
    file = BytesIO()
    PIL.Image.new("L", (8, 8)).save(file, "PNG", exif=bytes(block))
    metadata = read_metadata(file.getvalue())
    assert metadata.latitude_deg is None or abs(metadata.latitude_deg) <= 90


def test_directories_that_point_at_themselves_end(exif_block):
    block = bytearray(exif_block({0x8769: (4, [8]), 0x8825: (4, [8])}))
    file = BytesIO()
    PIL.Image.new("L", (8, 8)).save(file, "PNG", exif=bytes(block))
    assert read_metadata(file.getvalue()).lonlat is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "JPEG2000", "GIF", "BMP"])
def test_every_format_gives_what_it_can_carry(exif_block, madrid, kind):
    if kind == "AVIF" and kind not in PIL.Image.SAVE:
        pytest.skip("this Pillow writes no AVIF")
    block = exif_block({0x10F: (2, "Some make")}, {0x9003: (2, "2008:10:22 16:28:39")}, madrid)
    file = BytesIO()
    exif = PIL.Image.Exif()
    exif.load(block)
    keywords = {} if kind in ("JPEG2000", "GIF", "BMP") else {"exif": exif if kind == "TIFF" else block}
    PIL.Image.new("RGB", (64, 48)).save(file, kind, **keywords)
    metadata = read_metadata(file.getvalue())
    assert metadata.size_px == (64, 48)
    if not keywords:
        assert metadata == Metadata(size_px=(64, 48))
        return
    assert metadata.latitude_deg == pytest.approx(40 + 26 / 60 + 49.08 / 3600, abs=1e-9)
    assert metadata.camera_make == "Some make"
    assert metadata.captured_at == datetime(2008, 10, 22, 16, 28, 39)


def test_png_exif_behind_the_pixels_is_found_without_decoding(exif_block, madrid):
    file = BytesIO()
    PIL.Image.new("L", (8, 8)).save(file, "PNG", exif=exif_block(gps=madrid))
    content = file.getvalue()
    start = content.index(b"eXIf") - 4
    length = int.from_bytes(content[start : start + 4], "big") + 12
    chunk, rest = content[start : start + length], content[:start] + content[start + length :]
    end = rest.index(b"IEND") - 4
    moved = rest[:end] + chunk + rest[end:]
    assert read_metadata(moved).latitude_deg == pytest.approx(40.44697, abs=1e-5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_of_the_upright_picture(jpeg_with, orientation):
    metadata = read_metadata(jpeg_with({0x112: (3, [orientation])}, size=(40, 30)))
    assert metadata.orientation == orientation
    assert metadata.size_px == ((40, 30) if orientation < 5 else (30, 40))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_unknown_orientation_means_upright(jpeg_with, orientation):
    assert read_metadata(jpeg_with({0x112: (3, [orientation])})).orientation == 1


class TestTime:
    def test_stated_offset_makes_the_time_aware(self, jpeg_with):
        tags = {0x9003: (2, "2008:10:22 16:28:39"), 0x9291: (2, "25"), 0x9011: (2, "+02:00")}
        metadata = read_metadata(jpeg_with(None, tags))
        expected = datetime(2008, 10, 22, 16, 28, 39, 250_000, timezone(timedelta(hours=2)))
        assert metadata.captured_at == expected
        assert metadata.captured_at.utcoffset() == timedelta(hours=2)
        assert (metadata.utc_offset_minutes, metadata.utc_offset_is_stated) == (120, True)

    def test_the_time_of_capture_goes_before_those_of_scanning_and_change(self, jpeg_with):
        times = {0x9003: (2, "2001:01:01 01:01:01"), 0x9004: (2, "2002:02:02 02:02:02")}
        main = {0x132: (2, "2003:03:03 03:03:03")}
        assert read_metadata(jpeg_with(main, times)).captured_at_tag == "DateTimeOriginal"
        del times[0x9003]
        assert read_metadata(jpeg_with(main, times)).captured_at.year == 2002
        assert read_metadata(jpeg_with(main)).captured_at_tag == "DateTime"

    @pytest.mark.parametrize("blank", ["0000:00:00 00:00:00", "    :  :     :  :  ", "", "0000-00-00"])
    def test_blank_means_unknown_and_is_no_problem(self, jpeg_with, blank):
        metadata = read_metadata(jpeg_with(None, {0x9003: (2, blank)}))
        assert metadata.captured_at is None
        assert metadata.problems == ()

    @pytest.mark.parametrize(
        "wrong", ["yesterday", "2008:13:01 00:00:00", "2008:02:30 00:00:00", "2008:01:01 99:00:00"]
    )
    def test_nonsense_is_told(self, jpeg_with, wrong):
        metadata = read_metadata(jpeg_with(None, {0x9003: (2, wrong)}))
        assert metadata.captured_at is None
        assert any(wrong in problem for problem in metadata.problems)

    @pytest.mark.parametrize(
        ("local", "minutes"),
        [("16:28:39", 120), ("20:13:30", 345), ("02:29:07", -720), ("10:58:00", -210)],
        ids=["two hours", "Nepal", "far west", "Newfoundland"],
    )
    def test_offset_from_gps_time(self, jpeg_with, madrid, local, minutes):
        tags = madrid | {7: (5, [(14, 1), (27, 1), (724, 100)]), 29: (2, "2008:10:22")}
        metadata = read_metadata(jpeg_with(None, {0x9003: (2, f"2008:10:22 {local}")}, tags))
        assert metadata.gps_at == datetime(2008, 10, 22, 14, 27, 7, 240_000, UTC)
        assert metadata.captured_at.tzinfo is None
        assert (metadata.utc_offset_minutes, metadata.utc_offset_is_stated) == (minutes, False)
        assert not metadata.problems

    def test_a_clock_that_is_off_gives_no_offset(self, jpeg_with, madrid):
        tags = madrid | {7: (5, [(14, 1), (27, 1), (7, 1)]), 29: (2, "2008:10:22")}
        for local in ("2008:10:22 16:36:00", "2011:01:01 00:00:00"):  # 8.9 minutes beside the hour; years
            metadata = read_metadata(jpeg_with(None, {0x9003: (2, local)}, tags))
            assert metadata.utc_offset_minutes is None
            assert any("GPS time" in problem for problem in metadata.problems)

    def test_stated_and_inferred_offsets_that_differ_are_told(self, jpeg_with, madrid):
        tags = madrid | {7: (5, [(14, 1), (27, 1), (7, 1)]), 29: (2, "2008:10:22")}
        times = {0x9003: (2, "2008:10:22 16:27:10"), 0x9011: (2, "+01:00")}
        metadata = read_metadata(jpeg_with(None, times, tags))
        assert metadata.utc_offset_minutes == 60
        assert any("+120" in problem for problem in metadata.problems)

    @pytest.mark.parametrize("offset", ["+25:00", "-13:00", "CEST", "+02:00:00"])
    def test_offsets_that_no_place_uses_are_told(self, jpeg_with, offset):
        tags = {0x9003: (2, "2008:10:22 16:28:39"), 0x9011: (2, offset)}
        metadata = read_metadata(jpeg_with(None, tags))
        assert metadata.utc_offset_minutes is None
        assert any(offset in problem for problem in metadata.problems)

    @pytest.mark.parametrize("clock", [[(25, 1), (0, 1), (0, 1)], [(1, 0), (0, 1), (0, 1)], [(1, 1)]])
    def test_impossible_gps_time_is_told(self, jpeg_with, madrid, clock):
        metadata = read_metadata(jpeg_with(gps=madrid | {7: (5, clock), 29: (2, "2008:10:22")}))
        assert metadata.gps_at is None
        assert any("GPS time" in problem for problem in metadata.problems)


def test_camera(jpeg_with):
    main = {
        0x10F: (2, "NIKON CORPORATION  "),
        0x110: (2, "Modèle é"),
    }
    metadata = read_metadata(jpeg_with(main, {0xA431: (2, "007"), 0xA405: (3, [28])}))
    assert metadata.camera_make == "NIKON CORPORATION"
    assert metadata.camera_model == "Modèle é"  # UTF-8, as telephones write it
    assert (metadata.camera_serial, metadata.focal_35mm) == ("007", 28)


finite = {"allow_nan": False, "allow_infinity": False}
metadata_values = st.builds(
    Metadata,
    longitude_deg=st.floats(-180, 180, **finite),
    latitude_deg=st.floats(0.001, 90, **finite) | st.floats(-90, -0.001, **finite),
    altitude_m=st.none() | st.floats(-400, 9000, **finite),
    direction_deg=st.none() | st.floats(0, 359.9, **finite),
    direction_is_magnetic=st.booleans(),
    captured_at=st.none()
    | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))
    | st.datetimes(
        datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone(timedelta(hours=5.75)))
    ),
    camera_model=st.sampled_from(["", "X", "Kamera für alles"]),
    orientation=st.integers(1, 8),
)


@settings(max_examples=80, deadline=None)
@given(stated=metadata_values)
def test_written_metadata_are_read_back_by_us_and_by_pillow(stated):
    file = BytesIO()
    PIL.Image.new("L", (8, 8)).save(file, "PNG", exif=stamped_block(stated))
    read = read_metadata(file.getvalue())
    assert read.longitude_deg == pytest.approx(
        stated.longitude_deg, abs=1.5e-10
    )  # half a millionth of a second
    assert read.latitude_deg == pytest.approx(stated.latitude_deg, abs=1.5e-10)
    assert read.captured_at == stated.captured_at
    assert (read.camera_model, read.orientation) == (stated.camera_model, stated.orientation)
    for ours, theirs in ((read.altitude_m, stated.altitude_m), (read.direction_deg, stated.direction_deg)):
        assert (ours is None) == (theirs is None)
        assert ours is None or ours == pytest.approx(theirs, abs=0.001)
    assert read.problems == ()
    gps = PIL.Image.open(file).getexif().get_ifd(0x8825)
    by_pillow = sum(float(part) / 60**place for place, part in enumerate(gps[2]))
    assert by_pillow == pytest.approx(abs(read.latitude_deg), abs=1e-12)


def test_writing_keeps_the_pixels_and_the_profile(tmp_path):
    path = tmp_path / "photo.jpg"
    profile = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).save(path, icc_profile=profile, comment="made by code")
    before = np.asarray(PIL.Image.open(path))
    gps_at = datetime(2024, 2, 29, 23, 59, 59, 500_000, UTC)
    write_metadata(
        path, Metadata(longitude_deg=179.9999999, latitude_deg=-90, gps_at=gps_at, position_error_m=4.5)
    )
    with PIL.Image.open(path) as image:
        assert np.array_equal(np.asarray(image), before)
        assert image.info["icc_profile"] == profile
    read = read_metadata(path)
    assert (read.gps_at, read.position_error_m, read.latitude_deg) == (gps_at, 4.5, -90)


@pytest.mark.parametrize(("longitude", "latitude"), [(0, 0), (181, 5), (5, 91), (math.nan, 5)])
def test_impossible_positions_are_not_written(tmp_path, longitude, latitude):
    path = tmp_path / "photo.jpg"
    PIL.Image.new("L", (8, 8)).save(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="not written"):
        write_metadata(path, Metadata(longitude_deg=longitude, latitude_deg=latitude))
    assert path.read_bytes() == before


def test_what_is_no_picture_is_an_error(tmp_path):
    with pytest.raises(NotFoundError, match="does not exist"):
        read_metadata(tmp_path / "none.jpg")
    text = tmp_path / "text.jpg"
    text.write_text("Lorem ipsum dolor sit amet")
    with pytest.raises(NotAnImageError, match="text file"):
        read_metadata(text)


class TestXmp:
    PACKET = (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {}/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )

    def packet(self, **properties: str) -> bytes:
        written = " ".join(f'{name.replace("__", ":")}="{value}"' for name, value in properties.items())
        return self.PACKET.format(written).encode()

    @pytest.mark.parametrize(
        ("latitude", "expected_deg"),
        [
            ("43,28.04N", 43 + 28.04 / 60), ("43,28,2.4S", -(43 + 28 / 60 + 2.4 / 3600)),
            ("43.5n", 43.5), ("-43.25", -43.25),
        ],
    )  # fmt: skip
    def test_position(self, jpeg_with, latitude, expected_deg):
        packet = self.packet(exif__GPSLatitude=latitude, exif__GPSLongitude="11,53.1076E", tiff__Model="M")
        metadata = read_metadata(jpeg_with(xmp=packet))
        assert metadata.latitude_deg == pytest.approx(expected_deg, abs=1e-12)
        assert metadata.longitude_deg == pytest.approx(11 + 53.1076 / 60, abs=1e-12)
        assert metadata.camera_model == "M"

    def test_properties_as_elements(self, jpeg_with):
        elements = "<exif:GPSLatitude>1,30N</exif:GPSLatitude><exif:GPSLongitude>2,30W</exif:GPSLongitude>"
        packet = self.PACKET.replace("{}/>", f">{elements}</rdf:Description>").encode()
        assert read_metadata(jpeg_with(xmp=packet)).lonlat.tolist() == [-2.5, 1.5]

    @pytest.mark.parametrize(
        "latitude", ["43,28.04", "43,28.04E", "200N", "43,99N", "1.2.3N", "somewhere", "-43N"]
    )
    def test_an_impossible_position_is_told(self, jpeg_with, latitude):
        packet = self.packet(exif__GPSLatitude=latitude, exif__GPSLongitude="11,53.1076E")
        metadata = read_metadata(jpeg_with(xmp=packet))
        assert metadata.lonlat is None
        assert any("XMP" in problem for problem in metadata.problems)

    def test_exif_goes_first_and_a_contradiction_is_told(self, jpeg_with, madrid):
        packet = self.packet(exif__GPSLatitude="43,28.04N", exif__GPSLongitude="11,53.1076E")
        metadata = read_metadata(jpeg_with(gps=madrid, xmp=packet))
        assert metadata.latitude_deg == pytest.approx(40.44697, abs=1e-5)
        assert any("EXIF was taken" in problem for problem in metadata.problems)

    def test_xmp_fills_what_exif_cannot_tell(self, jpeg_with, madrid):
        del madrid[1]
        packet = self.packet(
            exif__GPSLatitude="40,26.818N", exif__GPSLongitude="3,43.485W", exif__GPSAltitude="6670/10"
        )
        metadata = read_metadata(jpeg_with(gps=madrid, xmp=packet))
        assert metadata.latitude_deg == pytest.approx(40 + 26.818 / 60)
        assert metadata.altitude_m == 667

    def test_offsets(self, jpeg_with):
        of_camera = read_metadata(
            jpeg_with(xmp=self.packet(exif__DateTimeOriginal="2010-04-13T09:37:22+02:00"))
        )
        assert of_camera.utc_offset_minutes == 120
        in_utc = read_metadata(jpeg_with(xmp=self.packet(exif__DateTimeOriginal="2010-04-13T09:37:22Z")))
        assert in_utc.captured_at == datetime(2010, 4, 13, 9, 37, 22, tzinfo=UTC)
        assert in_utc.utc_offset_minutes is None  # UTC is a way of writing, not where the clock was set
        of_computer = read_metadata(jpeg_with(xmp=self.packet(xmp__CreateDate="2010-04-13T09:37:22+02:00")))
        assert of_computer.captured_at is not None
        assert of_computer.utc_offset_minutes is None

    @pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "HEIF"])
    def test_other_formats(self, kind):
        packet = self.packet(exif__GPSLatitude="43,30N", exif__GPSLongitude="11,30E")
        file = BytesIO()
        keywords = {"xmp": packet}
        if kind == "PNG":
            info = PIL.PngImagePlugin.PngInfo()
            info.add_itxt("XML:com.adobe.xmp", packet.decode())
            keywords = {"pnginfo": info}
        elif kind == "TIFF":
            keywords = {"tiffinfo": {700: packet}}
        PIL.Image.new("RGB", (64, 64)).save(file, kind, **keywords)
        assert read_metadata(file.getvalue()).lonlat.tolist() == [11.5, 43.5]

    @pytest.mark.parametrize(
        "packet",
        [
            b"<not closed",
            b"\xff\xfe\x00 nonsense",
            b'<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>',
            b"<x/>" + b" " * 10,
        ],
    )
    def test_a_broken_packet_is_told_and_does_not_hide_exif(self, jpeg_with, madrid, packet):
        metadata = read_metadata(jpeg_with(gps=madrid, xmp=packet))
        assert metadata.latitude_deg is not None
        assert bool(metadata.problems) == (not packet.startswith(b"<x/>"))


def test_positions_within_a_hundred_metres_do_not_contradict_across_the_date_line(jpeg_with):
    east = {1: (2, "S"), 2: (5, [(16, 1), (0, 1), (0, 1)]), 3: (2, "E"), 4: (12, [179.9999])}
    packet = TestXmp().packet(exif__GPSLatitude="16,0S", exif__GPSLongitude="179,59.9999W")
    assert read_metadata(jpeg_with(gps=east, xmp=packet)).problems == ()


def test_hemispheres(jpeg_with, madrid):
    for (north, sign_lat), (east, sign_lon) in itertools.product(
        [("N", 1), ("S", -1)], [("E", 1), ("W", -1)]
    ):
        metadata = read_metadata(jpeg_with(gps=madrid | {1: (2, north), 3: (2, east)}))
        assert math.copysign(1, metadata.latitude_deg) == sign_lat
        assert math.copysign(1, metadata.longitude_deg) == sign_lon
