"""The schemes of the data sets of the field; each as published, and none is changed by training."""

from __future__ import annotations

from pathlib import Path

from whence.aerial.scheme import LandClass, Scheme
from whence.errors import InputError

__all__ = ["SCHEMES", "scheme"]

_ISPRS = (
    LandClass("impervious", (255, 255, 255), (0,)),
    LandClass("building", (0, 0, 255), (1,)),
    LandClass("low vegetation", (0, 255, 255), (2,)),
    LandClass("tree", (0, 255, 0), (3,)),
    LandClass("car", (255, 255, 0), (4,)),
    LandClass("clutter", (255, 0, 0), (5,)),
)
_ISPRS_PROTOCOL = (
    "mean over five classes, clutter is not counted; eroded borders (black, 3 px) are left out where the "
    "eroded truth is used; padding is left out"
)
# Colours as the authors of LoveDA and EarthVQA publish them; 0 is no data, so every class is one off its id.
_LOVEDA = (
    LandClass("background", (255, 255, 255), (1,)),
    LandClass("building", (255, 0, 0), (2,)),
    LandClass("road", (255, 255, 0), (3,)),
    LandClass("water", (0, 0, 255), (4,)),
    LandClass("barren", (159, 129, 183), (5,)),
    LandClass("forest", (0, 255, 0), (6,)),
    LandClass("agriculture", (255, 195, 128), (7,)),
)

SCHEMES: dict[str, Scheme] = {
    one.name: one
    for one in (
        Scheme("potsdam", _ISPRS, ((0, 0, 0),), (255,), counted=(0, 1, 2, 3, 4), protocol=_ISPRS_PROTOCOL),
        Scheme("vaihingen", _ISPRS, ((0, 0, 0),), (255,), counted=(0, 1, 2, 3, 4), protocol=_ISPRS_PROTOCOL),
        Scheme(
            "loveda",
            _LOVEDA,
            ((0, 0, 0),),
            (0, 255),
            protocol="mean over all seven classes, background among them; 0 (no data) is left out",
        ),
        Scheme(
            "openearthmap",
            (
                LandClass("bareland", (128, 0, 0), (1,)),
                LandClass("rangeland", (0, 255, 36), (2,)),
                LandClass("developed space", (148, 148, 148), (3,)),
                LandClass("road", (255, 255, 255), (4,)),
                LandClass("tree", (34, 97, 38), (5,)),
                LandClass("water", (0, 69, 255), (6,)),
                LandClass("agriculture", (75, 181, 73), (7,)),
                LandClass("building", (222, 31, 7), (8,)),
            ),
            ((0, 0, 0),),
            (0, 255),
            protocol="mean over all eight classes; 0 (unknown) is left out",
        ),
        Scheme(
            "earthvqa",
            (
                *_LOVEDA,
                LandClass("playground", (165, 0, 165), (8,)),
                LandClass("pond", (0, 185, 246), (9,)),
            ),
            ((0, 0, 0),),
            (0, 255),
            protocol="mean over all nine classes, background among them; 0 (no data) is left out",
        ),
        Scheme(
            "dubai",
            (
                LandClass("building", (60, 16, 152)),
                LandClass("land", (132, 41, 246)),
                LandClass("road", (110, 193, 228)),
                LandClass("vegetation", (254, 221, 58)),
                LandClass("water", (226, 169, 41)),
            ),
            ((155, 155, 155), (0, 0, 0)),
            (255,),
            protocol="mean over five classes; unlabelled ground and black, which no class has, are left out",
        ),
        Scheme(
            "buildings",
            (
                LandClass("other", (0, 0, 0), (0,)),
                LandClass("building", (255, 255, 255), (1, 255)),
            ),
            counted=(1,),
            protocol="buildings alone are counted",
        ),
        Scheme(
            "smallworld",
            (
                LandClass("ground", (176, 152, 116)),
                LandClass("building", (200, 64, 52)),
                LandClass("road", (112, 112, 118)),
                LandClass("tree", (32, 108, 52)),
                LandClass("grass", (146, 190, 92)),
                LandClass("water", (60, 120, 190)),
            ),
            ((0, 0, 0),),
            (255,),
            protocol="mean over all six classes of a town that is drawn by code: no real accuracy",
        ),
    )
}
"""Name -> scheme."""


def scheme(name: str | Path) -> Scheme:
    """Give a scheme by its name, or read it from a file.

    Parameters
    ----------
    name
        One of `SCHEMES`, or the path of a ``.toml`` or ``.json`` file.

    Raises
    ------
    InputError
        For an unknown name.
    NotFoundError
        When there is no such file.

    Examples
    --------
    >>> scheme("dubai").names
    ('building', 'land', 'road', 'vegetation', 'water')
    """
    if str(name) in SCHEMES:
        return SCHEMES[str(name)]
    if Path(name).suffix.lower() in {".toml", ".json"}:
        from whence.aerial.scheme_files import read_scheme

        return read_scheme(name)
    raise InputError(
        f"there is no scheme {str(name)!r}; choose one of {', '.join(SCHEMES)}, or name a .toml or .json file"
    )
