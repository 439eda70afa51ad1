"""Removal, checked by searching the bytes for planted secrets and by comparing coded pixels."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.PngImagePlugin
import pytest

from whence.errors import InputError, NotAnImageError, NotFoundError
from whence.imagery.exif import read_metadata, remove_metadata
from whence.imagery.photo import open_image

SECRET = b"SECRET-7c1d"
PROFILE = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture
def picture() -> PIL.Image.Image:
    rng = np.random.default_rng(3)
    return PIL.Image.fromarray(rng.integers(0, 256, (36, 50, 3), dtype=np.uint8))


@pytest.fixture
def block(exif_block, madrid) -> bytes:
    return exif_block({0x10F: (2, SECRET), 0x112: (3, [6])}, {0x9286: (7, SECRET)}, madrid)


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg(tmp_path, picture, block, progressive):
    file = BytesIO()
    picture.save(
        file, "JPEG", exif=block, icc_profile=PROFILE, comment=SECRET, xmp=b"<x>" + SECRET + b"</x>",
        progressive=progressive, restart_marker_rows=1,
    )  # fmt: skip
    content = file.getvalue()
    thumbnail = segment(0xE0, b"JFXX\0\x10" + SECRET)
    extras = b"".join(segment(0xE0 + n, SECRET) for n in (2, 3, 9, 11, 13, 14, 15))
    content = content[:2] + extras + thumbnail + content[2:] + SECRET + content  # a second picture behind
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(content)
    remove_metadata(source, target)
    clean = target.read_bytes()
    assert SECRET not in clean
    assert read_metadata(target).orientation == 6
    assert read_metadata(target).lonlat is None
    assert np.array_equal(open_image(target), open_image(source))
    with PIL.Image.open(target) as image:
        assert image.info["icc_profile"] == PROFILE
        assert dict(image.getexif()) == {0x112: 6}
        assert image.applist is not None
        assert {name for name, _ in image.applist} == {"APP0", "APP1", "APP2"}


def test_jpeg_scans_are_copied_bit_by_bit(tmp_path, picture, block):
    file = BytesIO()
    picture.save(file, "JPEG", exif=block)
    source = tmp_path / "a.jpg"
    source.write_bytes(file.getvalue())
    remove_metadata(source, source)  # in place
    scan = file.getvalue()[file.getvalue().index(b"\xff\xdb") :]
    assert source.read_bytes().endswith(scan)


def test_adobe_colours_survive(tmp_path, picture):
    for mode in ("CMYK", "RGB"):
        source, target = tmp_path / f"{mode}.jpg", tmp_path / f"{mode}-clean.jpg"
        picture.convert(mode).save(source, keep_rgb=True)
        remove_metadata(source, target)
        assert np.array_equal(open_image(target), open_image(source))


def test_png(tmp_path, picture, block):
    info = PIL.PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode())
    info.add_text("Zipped", SECRET.decode() * 50, zip=True)
    info.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    info.add(b"tIME", bytes((7, 232, 2, 29, 23, 59, 59)))
    info.add(b"prVt", SECRET)
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    picture.save(source, pnginfo=info, exif=block, icc_profile=PROFILE)
    source.write_bytes(source.read_bytes() + SECRET)
    remove_metadata(source, target)
    clean = target.read_bytes()
    for secret in (SECRET, b"tIME", b"zTXt", zlib.compress(SECRET)[2:8]):
        assert secret not in clean
    assert np.array_equal(open_image(target), open_image(source))
    with PIL.Image.open(target) as image:
        assert image.info["icc_profile"] == PROFILE
    assert read_metadata(target).orientation == 6


@pytest.mark.parametrize("keywords", [{"lossless": True}, {"quality": 60}, {"quality": 60, "alpha": True}])
def test_webp(tmp_path, picture, block, keywords):
    if keywords.pop("alpha", False):
        picture.putalpha(100)
    source, target = tmp_path / "a.webp", tmp_path / "b.webp"
    picture.save(source, exif=block, xmp=SECRET, **keywords)
    remove_metadata(source, target)
    assert SECRET not in target.read_bytes()
    assert np.array_equal(open_image(target), open_image(source))
    assert read_metadata(target).orientation == 6
    picture.save(source, **keywords)  # a file in the simple layout, without the extended header
    remove_metadata(source, target)
    assert np.array_equal(open_image(target), open_image(source))


def test_animations_stay_whole(tmp_path, picture):
    frames = [picture.rotate(90 * turn) for turn in range(3)]
    for suffix in (".gif", ".webp", ".png"):
        source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        secret = (
            {"comment": SECRET}
            if suffix == ".gif"
            else {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + SECRET}
        )
        frames[0].save(source, save_all=True, append_images=frames[1:], duration=[40, 80, 120], **secret)
        assert SECRET in source.read_bytes()
        remove_metadata(source, target)
        assert SECRET not in target.read_bytes()
        with PIL.Image.open(target) as image:
            assert image.n_frames == 3


@pytest.mark.parametrize("kind", ["TIFF", "HEIF", "AVIF", "BMP", "PPM", "JPEG2000"])
def test_formats_that_are_written_anew(tmp_path, picture, block, kind):
    PIL.Image.init()
    if kind not in PIL.Image.SAVE:
        pytest.skip(f"this Pillow writes no {kind}")
    suffix = {"TIFF": "tif", "HEIF": "heic", "JPEG2000": "jp2"}.get(kind, kind.lower())
    source, target = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    exif = PIL.Image.Exif()
    exif.load(block)
    keywords = {
        "TIFF": {"exif": exif, "tiffinfo": {270: SECRET.decode(), 700: SECRET, 33723: SECRET, 34377: SECRET}},
        "HEIF": {"exif": block, "xmp": SECRET},
        "AVIF": {"exif": block, "xmp": SECRET},
    }.get(kind, {})
    smooth = picture.resize((400, 300), PIL.Image.Resampling.BICUBIC)
    smooth.save(source, kind, **keywords)
    remove_metadata(source, target)
    assert SECRET not in target.read_bytes()
    before, after = open_image(source), open_image(target)
    assert before.shape == after.shape
    tolerance = 4 if kind in ("HEIF", "AVIF") else 0
    assert np.abs(before.astype(int) - after).mean() <= tolerance
    assert read_metadata(target).lonlat is None


def test_a_sixteen_bit_tiff_keeps_its_depth(tmp_path):
    values = np.arange(2000, dtype=np.uint16).reshape(40, 50) * 30
    source, target = tmp_path / "a.tif", tmp_path / "b.tif"
    PIL.Image.fromarray(values).save(source, description="secret")
    remove_metadata(source, target)
    with PIL.Image.open(target) as image:
        assert np.array_equal(np.asarray(image), values)


def test_nothing_is_written_when_it_cannot_be_done(tmp_path, picture):
    good, text, target = tmp_path / "a.jpg", tmp_path / "t.jpg", tmp_path / "out.jpg"
    picture.save(good)
    text.write_text("not a picture at all")
    with pytest.raises(NotAnImageError):
        remove_metadata(text, target)
    with pytest.raises(NotFoundError):
        remove_metadata(tmp_path / "none.jpg", target)
    with pytest.raises(InputError, match="name it alike"):
        remove_metadata(good, tmp_path / "out.png")
    broken = good.read_bytes()
    at = broken.index(b"\xff\xc0")
    text.write_bytes(broken[: at + 2] + b"\xff\xfe" + broken[at + 4 :])
    with pytest.raises(NotAnImageError):
        remove_metadata(text, target)
    assert not target.exists()
