"""Is this a whole picture? Told from the bytes of a JPEG without decoding it."""

from __future__ import annotations

from whence.errors import NotAnImageError
from whence.imagery.photo import open_image

__all__ = ["jpeg_fault", "picture_fault"]

_START, _END = b"\xff\xd8", b"\xff\xd9"
_START_OF_SCAN = 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # ITU-T T.81, table B.1
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length


def picture_fault(data: bytes, *, decode: bool = False) -> str:
    """Tell why bytes are no whole picture; empty when they are one.

    A JPEG is judged by its structure; one that looks wrong, and every other format, is decoded to be sure.

    Parameters
    ----------
    data
        Content of a picture file.
    decode
        Decode in any case, which finds damage in the middle of a scan.

    Examples
    --------
    >>> picture_fault(b"")
    'empty'
    >>> picture_fault(b"\\xff\\xd8\\xff")
    'broken: the JPEG is cut off in its header'
    """
    if not data:
        return "empty"
    fault = jpeg_fault(data) if data.startswith(_START) else "no JPEG"
    if not fault and not decode:
        return ""
    try:
        open_image(data)
    except NotAnImageError as error:
        return f"broken: {fault if fault not in ('', 'no JPEG') else error}"
    return ""


def jpeg_fault(data: bytes) -> str:
    """Walk the segments of a JPEG up to its scan, and look for the end behind it (ITU-T T.81, B.1.1).

    Returns
    -------
    What is wrong with the structure; empty when nothing is.
    """
    if not data.startswith(_START):
        return "no JPEG"
    at, frame = 2, False
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return f"the JPEG has no marker where one should be, at byte {at}"
        marker = data[at + 1]
        if marker == 0xFF or marker in _ALONE:  # fill bytes, and markers without a length
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _START_OF_SCAN:
            return _scan_fault(data, at + 2 + length, frame=frame)
        if marker in _FRAMES:
            frame = True
        at += 2 + length
    return "the JPEG is cut off in its header"


def _scan_fault(data: bytes, at: int, *, frame: bool) -> str:
    if not frame:
        return "the JPEG has a scan but no frame"
    return "" if data.rfind(_END, at) > 0 else "the JPEG is cut off: its end is missing"
