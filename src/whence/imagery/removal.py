"""Copies of pictures that tell nothing but the picture."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as PillowImage

from whence.errors import InputError, NotAnImageError
from whence.imagery.atomic import atomic_path
from whence.imagery.opening import opened
from whence.imagery.payloads import ORIENTATION, orientation_of, payloads_of
from whence.imagery.pixels import UPRIGHT
from whence.imagery.surgery import SURGEONS

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

    from whence.typing import PathLike

__all__ = ["orientation_block", "remove_metadata"]

# Formats without surgery are written anew: losslessly where they can, else at this quality.
_QUALITY = 95
_WRITING: dict[str, dict[str, object]] = {
    "TIFF": {"compression": "tiff_deflate"},
    "HEIF": {"quality": _QUALITY},
    "AVIF": {"quality": _QUALITY},
    "JPEG2000": {"irreversible": False},
    "GIF": {},
    "BMP": {},
    "PPM": {},
}
_KEPT_INFO = ("icc_profile", "transparency", "background", "duration", "loop")
_ENCODER_COMMENT = b"Created by OpenJPEG"  # it signs every file that it writes
# Tags that a TIFF needs for its pixels and their colours; ImageWidth to ReferenceBlackWhite, and the profile.
_TIFF_PIXEL_TAGS = frozenset(
    (
        254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 282, 283, 284, 296, 317, 318, 319, 320,
        322, 323, 324, 325, 338, 339, 529, 530, 531, 532, 34675,
    )
)  # fmt: skip


def remove_metadata(source: PathLike, target: PathLike) -> None:
    """Write a copy without position, time, camera, comments, captions, thumbnails and hidden extras.

    JPEG, PNG and WebP keep their coded pixels bit by bit; TIFF, GIF, BMP and PPM their decoded ones; HEIC
    and AVIF are encoded again at quality 95. The colour profile stays. The orientation stays: as the one
    tag of a small EXIF block in JPEG, PNG and WebP, in the pixels of the others. Of several pictures in
    one file only the first stays (animations stay whole). What the picture shows stays, of course.

    Parameters
    ----------
    source
        A picture file.
    target
        Where to write, in the same format; may be `source` itself.

    Raises
    ------
    NotFoundError, NotAnImageError
        When `source` is not there or is no picture.
    InputError
        When `target` is named as another format, cannot be written, or, against all care, something was
        left; nothing is written then.

    Examples
    --------
    >>> remove_metadata("photo.jpg", "photo-clean.jpg")        # doctest: +SKIP
    """
    with opened(source) as image:
        kind = str(image.format)
        orientation = orientation_of(image, payloads_of(image))
        content = Path(source).read_bytes() if kind in SURGEONS else _written_anew(image, kind, orientation)
    _check_ending(target, kind)
    exif = orientation_block(orientation) if kind in SURGEONS and orientation != 1 else b""
    try:
        clean = SURGEONS[kind](content, exif) if kind in SURGEONS else content
    except ValueError as error:
        raise NotAnImageError(f"{source} is a damaged picture ({error}); its metadata stay") from error
    left = _leftovers(clean, kind, exif)
    if left:
        raise InputError(f"{source}: {', '.join(left)} could not be removed; nothing was written")
    with atomic_path(target) as beside:
        beside.write_bytes(clean)


def orientation_block(orientation: int) -> bytes:
    """Make an EXIF block that states the orientation and nothing else."""
    exif = PillowImage.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


def _check_ending(target: PathLike, kind: str) -> None:
    PillowImage.init()
    named = PillowImage.EXTENSION.get(Path(target).suffix.lower())
    same = {"MPO": "JPEG"}.get(kind, kind)
    if named is not None and {"MPO": "JPEG"}.get(named, named) != same:
        raise InputError(f"{target} is named like {named}, but the picture is {same}; name it alike")


def _written_anew(image: ImageFile, kind: str, orientation: int) -> bytes:
    if kind not in _WRITING:
        raise InputError(f"metadata cannot be taken out of {kind} files; save the picture as PNG first")
    if kind == "GIF":
        return _gif(image)
    image.load()
    clean = _bare(image)
    if orientation in UPRIGHT:
        clean = clean.transpose(UPRIGHT[orientation])
    out = BytesIO()
    clean.save(out, kind, **_WRITING[kind])
    return out.getvalue()


def _bare(image: PillowImage.Image) -> PillowImage.Image:
    """Copy the pixels, the palette and the profile of a frame."""
    bare = PillowImage.Image.copy(image)
    bare.info = {key: image.info[key] for key in _KEPT_INFO if key in image.info}
    return bare


def _gif(image: ImageFile) -> bytes:
    frames = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        frames.append(_bare(image))
    out = BytesIO()
    first, others = frames[0], frames[1:]
    durations = [frame.info.get("duration", 0) for frame in frames]
    if others:
        first.save(out, "GIF", save_all=True, append_images=others, duration=durations, comment=b"")
    else:
        first.save(out, "GIF", comment=b"")
    return out.getvalue()


def _leftovers(content: bytes, kind: str, exif: bytes) -> list[str]:
    """Name what a file still tells, by operating again and by reading it as anyone would."""
    left = []
    if kind in SURGEONS and SURGEONS[kind](content, exif) != content:
        left.append("a block of unknown content")
    with opened(content) as image:
        payloads = payloads_of(image)
        info = {"photoshop", "mp", "xmp", "XML:com.adobe.xmp"} & set(image.info)
        if image.info.get("comment") and not bytes(image.info["comment"]).startswith(_ENCODER_COMMENT):
            info.add("comment")
        tags = set(getattr(image, "tag_v2", ())) - _TIFF_PIXEL_TAGS if kind == "TIFF" else set()
    left += sorted(info)
    if payloads.exif.removeprefix(b"Exif\0\0") != exif.removeprefix(b"Exif\0\0"):
        left.append("EXIF")
    return left + [f"tag {tag}" for tag in sorted(tags)]
