"""Opening pictures of every kind; oracles: known colours, Pillow's own rotation, closed forms."""

from __future__ import annotations

import math
import os
import struct
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from whence.errors import InputError, NotAnImageError, NotFoundError
from whence.imagery.photo import Photo, open_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def saved(image: PIL.Image.Image, kind: str, **keywords: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **keywords)
    return file.getvalue()


def corners(size=(64, 48)) -> PIL.Image.Image:
    """Red, green / blue, white quarters: every orientation looks different."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    middle, centre = size[1] // 2, size[0] // 2
    pixels[:middle, :centre], pixels[:middle, centre:] = RED, GREEN
    pixels[middle:, :centre], pixels[middle:, centre:] = BLUE, WHITE
    return PIL.Image.fromarray(pixels)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(kind, orientation):
    exif = PIL.Image.Exif()
    exif[0x112] = orientation
    keywords = (
        {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    )
    content = saved(corners(), kind, exif=exif, **keywords)
    tagged = corners()
    tagged.getexif()[0x112] = orientation
    expected = np.asarray(PIL.ImageOps.exif_transpose(tagged)).astype(int)
    pixels = open_image(content)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).mean() < (2 if kind == "JPEG" else 1e-9)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_in_containers_that_rotate_themselves(kind, orientation):
    PIL.Image.init()
    if kind not in PIL.Image.SAVE:
        pytest.skip(f"this Pillow writes no {kind}")
    exif = PIL.Image.Exif()
    exif[0x112] = orientation
    pixels = open_image(saved(corners(), kind, exif=exif.tobytes(), quality=95)).astype(int)
    tagged = corners()
    tagged.getexif()[0x112] = orientation
    expected = np.asarray(PIL.ImageOps.exif_transpose(tagged)).astype(int)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).mean() < 12


def test_cmyk_with_and_without_adobes_inversion():
    colour = PIL.Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # no cyan, full magenta and yellow: red
    content = saved(colour, "JPEG", quality=100)
    assert np.abs(open_image(content).astype(int) - RED).max() <= 3
    start = content.index(b"\xff\xee")
    length = int.from_bytes(content[start + 2 : start + 4], "big") + 2
    plain = content[:start] + content[start + length :]  # without the mark the values count as they are
    inverted = PIL.Image.new("CMYK", (16, 16), (255, 0, 0, 255))
    assert np.abs(open_image(plain).astype(int) - np.asarray(inverted.convert("RGB"))).max() <= 3
    assert np.abs(open_image(saved(colour, "TIFF")).astype(int) - RED).max() == 0


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(kind):
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16)[None].repeat(8, axis=0)
    pixels = open_image(saved(PIL.Image.fromarray(ramp), kind))
    assert np.abs(pixels[0, :, 0].astype(float) - ramp[0] / 257).max() <= 0.5
    assert np.array_equal(pixels[..., 0], pixels[..., 2])


def test_big_endian_sixteen_bit_tiff():
    ramp = np.linspace(0, 65535, 256).round().astype(">u2")[None].repeat(8, axis=0)
    entries = {
        256: (3, 256), 257: (3, 8), 258: (3, 16), 259: (3, 1), 262: (3, 1), 273: (4, 0), 277: (3, 1),
        278: (3, 8), 279: (4, ramp.nbytes),
    }  # fmt: skip
    entries[273] = (4, 8 + 2 + 12 * len(entries) + 4)
    body = b"".join(
        struct.pack(">HHL", tag, kind, 1)
        + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">L", value))
        for tag, (kind, value) in entries.items()
    )
    content = b"MM" + struct.pack(">HLH", 42, 8, len(entries)) + body + bytes(4) + ramp.tobytes()
    assert np.abs(open_image(content)[0, :, 0].astype(float) - ramp[0] / 257).max() <= 0.5


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0, 100.0, 255.0]], np.float32), [0, 100, 255]),
        (np.array([[-1.0, 0, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0, 32767.5, 65535]], np.float32), [0, 128, 255]),
        (np.array([[np.nan, np.inf, 1.0]], np.float32), [0, 0, 255]),
        (np.array([[0, 1, 1]], np.int32), [0, 1, 1]),
        (np.array([[0, 65535, 257]], np.int32), [0, 255, 1]),
        (np.array([[0, 10**6, 5 * 10**5]], np.int32), [0, 255, 128]),
        (np.zeros((1, 3), np.float32), [0, 0, 0]),
    ],
)
def test_floats_and_wide_integers_use_the_smallest_usual_range(values, expected):
    pixels = open_image(saved(PIL.Image.fromarray(values), "TIFF"))
    assert np.abs(pixels[0, :, 0].astype(int) - expected).max() <= 1


def test_transparency_shows_white_paper():
    half = PIL.Image.new("RGBA", (2, 1))
    half.putdata([(255, 0, 0, 255), (0, 0, 0, 0)])
    for kind in ("PNG", "WEBP"):
        assert open_image(saved(half, kind, lossless=True)).tolist() == [[[255, 0, 0], [255, 255, 255]]]
    grey = PIL.Image.new("LA", (2, 1))
    grey.putdata([(7, 255), (7, 0)])
    assert open_image(saved(grey, "PNG")).tolist() == [[[7, 7, 7], [255, 255, 255]]]


def test_palettes():
    palette = PIL.Image.new("P", (3, 1))
    palette.putpalette([*RED, *GREEN, *BLUE])
    palette.putdata([0, 1, 2])
    assert open_image(saved(palette, "PNG")).tolist() == [[[*RED], [*GREEN], [*BLUE]]]
    one = open_image(saved(palette, "PNG", transparency=1))
    assert one.tolist() == [[[*RED], [*WHITE], [*BLUE]]]
    several = open_image(saved(palette, "PNG", transparency=bytes((255, 0, 0))))
    assert several.tolist() == [[[*RED], [*WHITE], [*WHITE]]]
    assert open_image(saved(palette, "GIF", transparency=2)).tolist() == [[[*RED], [*GREEN], [*WHITE]]]


def test_a_transparent_colour_key_in_rgb_and_grey():
    rgb = PIL.Image.new("RGB", (2, 1), RED)
    rgb.putpixel((1, 0), BLUE)
    assert open_image(saved(rgb, "PNG", transparency=BLUE)).tolist() == [[[*RED], [*WHITE]]]
    grey = PIL.Image.new("L", (2, 1), 9)
    assert open_image(saved(grey, "PNG", transparency=9)).tolist() == [[[*WHITE], [*WHITE]]]


def test_one_bit_and_lab():
    bits = PIL.Image.new("1", (2, 1))
    bits.putpixel((1, 0), 1)
    assert open_image(saved(bits, "PNG")).tolist() == [[[0, 0, 0], [*WHITE]]]
    lab = PIL.Image.new("LAB", (4, 4), (255, 128, 128))  # L* = 100: white
    assert np.abs(open_image(saved(lab, "TIFF")).astype(int) - 255).max() <= 1


@pytest.mark.parametrize(
    ("kind", "keywords"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})]
)
def test_of_several_frames_the_first(kind, keywords):
    frames = [PIL.Image.new("RGB", (8, 6), colour) for colour in (RED, GREEN, BLUE)]
    content = saved(frames[0], kind, save_all=True, append_images=frames[1:], **keywords)
    assert (open_image(content) == RED).all()


def test_multi_picture_objects():
    first, second = PIL.Image.new("RGB", (640, 480), RED), PIL.Image.new("RGB", (640, 480), BLUE)
    content = saved(first, "MPO", save_all=True, append_images=[second])
    assert PIL.Image.open(BytesIO(content)).format == "MPO"
    assert np.abs(open_image(content).astype(int) - RED).max() <= 2
    assert open_image(content, size_hint_px=100).shape == (120, 160, 3)


class TestSizeHint:
    @pytest.mark.parametrize("size", [(4000, 3000), (3001, 4003), (1000, 999), (640, 480), (50, 40)])
    @pytest.mark.parametrize("hint", [1, 64, 224, 480, 1500, 5000])
    def test_the_short_side_keeps_at_least_what_is_needed(self, size, hint):
        content = saved(PIL.Image.new("L", size), "JPEG")
        height, width, _ = open_image(content, size_hint_px=hint).shape
        assert min(height, width) >= min(hint, *size)
        # No needless detail either: halving once more would go below, unless it is an eighth already.
        eighth = (math.ceil(size[0] / 8), math.ceil(size[1] / 8))
        assert min(height, width) // 2 < hint or (width, height) == eighth

    @pytest.mark.parametrize("size", [(1000, 752), (1003, 755), (333, 222)])
    def test_all_formats_give_the_same_size_and_nearly_the_same_pixels(self, size):
        smooth = corners(size).resize(size)
        shapes = set()
        for kind, keywords in (
            ("JPEG", {"quality": 95}),
            ("PNG", {}),
            ("TIFF", {}),
            ("WEBP", {"lossless": True}),
        ):
            pixels = open_image(saved(smooth, kind, **keywords), size_hint_px=100)
            shapes.add(pixels.shape)
            reference = np.asarray(smooth.resize(pixels.shape[1::-1], PIL.Image.Resampling.BOX)).astype(int)
            assert np.abs(pixels - reference).mean() < 4
        assert len(shapes) == 1

    def test_sixteen_bits_and_palettes_too(self):
        wide = PIL.Image.fromarray(np.full((800, 800), 65535, np.uint16))
        assert open_image(saved(wide, "PNG"), size_hint_px=100).tolist() == [[[255] * 3] * 100] * 100
        palette = corners((800, 640)).convert("P")
        assert open_image(saved(palette, "PNG"), size_hint_px=80).shape == (80, 100, 3)

    def test_upside_down_pictures_are_reduced_too(self):
        exif = PIL.Image.Exif()
        exif[0x112] = 6
        assert open_image(saved(corners((800, 600)), "JPEG", exif=exif), size_hint_px=150).shape == (
            200,
            150,
            3,
        )

    def test_nothing_is_not_a_size(self):
        with pytest.raises(InputError, match="size_hint_px"):
            open_image(saved(corners(), "PNG"), size_hint_px=0)


class TestDamage:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "HEIF", "GIF", "BMP", "JPEG2000"])
    def test_cut_off_anywhere(self, kind):
        rng = np.random.default_rng(1)
        noise = PIL.Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))
        content = saved(noise, kind)
        for share in (0.01, 0.1, 0.3, 0.6, 0.9):
            with pytest.raises(NotAnImageError):
                open_image(content[: int(len(content) * share)])

    def test_a_cut_off_jpeg_can_be_had_on_request(self, tmp_path):
        content = saved(corners((640, 480)).resize((640, 480)), "JPEG", quality=95)
        path = tmp_path / "half.jpg"
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(NotAnImageError, match=r"half\.jpg.*truncated"):
            open_image(path)
        pixels = open_image(path, truncated="allow")
        assert pixels.shape == (480, 640, 3)
        assert np.abs(pixels[8, 8].astype(int) - RED).max() < 5
        for source in (tmp_path, tmp_path / "none.jpg"):
            with pytest.raises((NotAnImageError, NotFoundError)):
                open_image(source, truncated="allow")

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "empty"),
            (b"Lorem ipsum dolor sit amet, consectetur", "text file"),
            (b"%PDF-1.7 and so on", "PDF"),
            (bytes(5000), "zero bytes"),
            (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2", "video"),
            (b"PK\x03\x04" + bytes(60), "ZIP"),
            (b"\x89\x50garbage\x00\x01\x02" * 9, "known format"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        ],
    )
    def test_what_is_not_a_picture_is_named(self, tmp_path, content, says):
        path = tmp_path / "photo.jpg"
        path.write_bytes(content)
        with pytest.raises(NotAnImageError, match=says) as caught:
            open_image(path)
        assert str(path) in str(caught.value)

    def test_bombs_are_refused_before_anything_is_allocated(self):
        def chunk(name: bytes, body: bytes) -> bytes:
            return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

        header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        data = zlib.compress(bytes(100_000))
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
        assert len(bomb) < 1000
        tracemalloc.start()
        with pytest.raises(NotAnImageError, match="60000 x 60000"):
            open_image(bomb)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**20

    def test_the_limit_can_be_moved_and_pillows_own_is_left_alone(self):
        content = saved(PIL.Image.new("1", (9_600, 9_400)), "PNG")  # 90 megapixels: Pillow alone would warn
        limit = PIL.Image.MAX_IMAGE_PIXELS
        assert open_image(content, size_hint_px=1000).shape == (1175, 1200, 3)
        assert limit == PIL.Image.MAX_IMAGE_PIXELS
        with pytest.raises(NotAnImageError, match="max_pixels"):
            open_image(content, max_pixels=90_000_000)

    def test_folders_and_pipes(self, tmp_path):
        with pytest.raises(NotAnImageError, match="folder"):
            open_image(tmp_path)
        if hasattr(os, "mkfifo"):
            os.mkfifo(tmp_path / "pipe.jpg")  # reading it would wait for ever
            with pytest.raises(NotAnImageError, match="regular file"):
                open_image(tmp_path / "pipe.jpg")

    def test_missing_and_impossible_names(self, tmp_path):
        for name in ("none.jpg", "no/such/folder.jpg"):
            with pytest.raises(NotFoundError, match="does not exist"):
                open_image(tmp_path / name)
        for name in ("x" * 300 + ".jpg", "zero\0byte.jpg"):
            with pytest.raises(NotAnImageError):
                open_image(tmp_path / name)

    def test_forbidden(self, tmp_path, monkeypatch):
        path = tmp_path / "photo.jpg"
        path.touch()

        def refuse(self: Path, *args: object) -> None:
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "open", refuse)  # the superuser may read whatever the mode says
        with pytest.raises(NotAnImageError, match=r"Permission denied.*permissions"):
            open_image(path)


def test_threads_open_at_once():
    contents = [saved(PIL.Image.new("RGB", (64, 64), (n, n, n)), "PNG") for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        for n, pixels in enumerate(pool.map(open_image, contents)):
            assert (pixels == n).all()


class TestPhoto:
    def test_nothing_is_read_until_asked_for(self, tmp_path):
        photo = Photo(tmp_path / "none.jpg")
        assert photo.name == str(tmp_path / "none.jpg")
        for use in (lambda: photo.metadata, photo.image):
            with pytest.raises(NotFoundError):
                use()

    def test_pictures_are_decoded_once_and_read_only(self, tmp_path):
        path = tmp_path / "photo.png"
        corners().save(path)
        photo = Photo(path)
        assert photo.image() is Photo(path).image()
        assert photo.image(10).shape == (12, 16, 3)
        with pytest.raises(ValueError, match="read-only"):
            photo.image()[0, 0] = 0
        assert photo.metadata is photo.metadata

    def test_a_changed_file_is_read_again(self, tmp_path):
        path = tmp_path / "photo.png"
        corners().save(path)
        before = Photo(path).image()
        PIL.Image.new("RGB", (5, 5)).save(path)
        os.utime(path, ns=(1, 1))
        assert Photo(path).image().shape == (5, 5, 3) != before.shape

    def test_pixels_without_a_file(self):
        pixels = np.zeros((30, 40, 3), np.uint8)
        photo = Photo.of_pixels(pixels, name="frame 7")
        assert photo.image(8) is pixels
        assert photo.metadata.size_px == (40, 30)
        assert photo.name == "frame 7"
        for wrong in (pixels[..., 0], pixels.astype(float), pixels[:0]):
            with pytest.raises(InputError, match="uint8"):
                Photo.of_pixels(wrong)


def test_real_size_photographs_are_several_times_faster_at_an_eighth():
    rng = np.random.default_rng(0)
    noise = PIL.Image.fromarray(rng.integers(0, 256, (375, 500, 3), dtype=np.uint8)).resize((4000, 3000))
    content = saved(noise, "JPEG", quality=85)
    assert open_image(content, size_hint_px=224).shape == (375, 500, 3)
    tracemalloc.start()
    open_image(content, size_hint_px=224)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4000 * 3000 * 3 / 20  # never decoded in full
