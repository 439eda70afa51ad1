"""Units in which old maps give heights, in metres, with where and when they were used and who says so.

Values that a law or a register fixed carry all its digits; the others are as good as their source gives them,
about one part in ten thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UNITS", "Unit", "consistent_units", "unit"]

_PARIS_LINES_A_METRE = 443.296
"""The metre of the law of 10 December 1799, in lines (1/864) of the toise of Peru."""

_LAW_1799 = "law of 19 Frimaire VIII: 1 m = 443.296 lines"
_SECONDARY = "as commonly quoted; no law or register looked up"


@dataclass(frozen=True)
class Unit:
    """A unit of length.

    Parameters
    ----------
    name
        As ``--unit`` takes it.
    metres
        Its length.
    used
        Where and when.
    source
        Who says so.
    aliases
        Other names.
    """

    name: str
    metres: float
    used: str
    source: str
    aliases: tuple[str, ...] = ()


def _lines(count: float) -> float:
    """Metres of so many Paris lines."""
    return count / _PARIS_LINES_A_METRE


_TABLE = (
    Unit("metre", 1.0, "everywhere", "EPSG:9001", ("m", "meter", "metres")),
    Unit("german-legal-metre", 1.0000135965, "Germany, 1872 to 1893; Namibia", "EPSG:9031"),
    Unit("foot", 0.3048, "international foot, since 1959", "EPSG:9002", ("ft", "feet", "international-foot")),
    Unit("us-survey-foot", 1200 / 3937, "United States, 1893 to 2022", "EPSG:9003", ("ftus", "us-foot")),
    Unit("clarke-foot", 0.3047972654, "British Empire, Clarke 1865", "EPSG:9005", ("cape-foot",)),
    Unit("british-foot-1865", 0.9144025 / 3, "Clarke's estimate of 1865", "EPSG:9070"),
    Unit("indian-foot", 0.30479841, "Survey of India, 1937", "EPSG:9081"),
    Unit("gold-coast-foot", 0.304799710181509, "Ghana", "EPSG:9094"),
    Unit("yard", 0.9144, "British Empire, United States", "EPSG:9096", ("yd",)),
    Unit("fathom", 1.8288, "British and American charts", "EPSG:9014", ("fathoms", "fm")),
    Unit("sazhen", 2.1336, "Russian Empire, 1835 to 1924: 7 English feet", "ukase of 11 October 1835",
         ("sazhens", "sagene", "sajen", "syli-russian", "сажень")),
    Unit("half-sazhen", 1.0668, "Russian Empire: contours every half sazhen", "ukase of 11 October 1835"),
    Unit("arshin", 0.7112, "Russian Empire: a third of a sazhen", "ukase of 11 October 1835", ("аршин",)),
    Unit("paris-foot", _lines(144), "France to 1799; science in Europe to about 1850", _LAW_1799,
         ("pied", "pied-du-roi", "parisian-foot")),
    Unit("toise", _lines(864), "France to 1799 (toise of Peru): 6 Paris feet", _LAW_1799, ("toises",)),
    Unit("prussian-foot", _lines(139.13), "Prussia 1816 to 1871", "Prussian law of 16 May 1816: 139.13 lines",
         ("rhineland-foot", "rheinfuss", "rhenish-foot")),
    Unit("prussian-decimal-foot", _lines(139.13) * 1.2, "Prussian surveys: a tenth of a rod",
         "Prussian law of 16 May 1816: 139.13 lines"),
    Unit("prussian-rod", _lines(139.13) * 12, "Prussia 1816 to 1871: 12 feet",
         "Prussian law of 16 May 1816: 139.13 lines", ("ruthe", "rute")),
    Unit("danish-foot", 0.3138535, "Denmark 1835 to 1907", "sizes.com, fod: compared with the metre",
         ("fod", "danish-fod")),
    Unit("norwegian-foot", 0.31374, "Norway 1824 to 1882", "Store norske leksikon, fot", ("norwegian-fot",)),
    Unit("swedish-foot", 0.296906, "Sweden 1855 to 1889; Finland to 1887", "sizes.com, fot",
         ("fot", "swedish-fot", "finnish-foot", "jalka")),
    Unit("swedish-fathom", 3 * 2 * 0.296906, "Sweden and Finland: 6 feet", "sizes.com, fot", ("famn",
         "syli")),
    Unit("vienna-klafter", 1.89648384, "Austria to 1875", "Austrian law of 23 July 1871",
         ("klafter", "wiener-klafter", "viennese-klafter")),
    Unit("vienna-foot", 1.89648384 / 6, "Austria to 1875", "Austrian law of 23 July 1871", ("wiener-fuss",)),
    Unit("bavarian-foot", _lines(129.38), "Bavaria 1809 to 1871", _SECONDARY + ": 129.38 Paris lines"),
    Unit("saxon-foot", 0.28319, "Saxony to 1871", _SECONDARY),
    Unit("hanoverian-foot", 0.29209, "Hanover 1836 to 1871", _SECONDARY, ("hannover-foot",)),
    Unit("wurttemberg-foot", _lines(127), "Württemberg 1806 to 1871", _SECONDARY + ": 127 Paris lines"),
    Unit("baden-foot", 0.3, "Baden 1810 to 1871; Switzerland 1835 to 1876", "defined as 3 decimetres",
         ("swiss-foot", "schweizerfuss")),
    Unit("hessian-foot", 0.25, "Hesse-Darmstadt 1817 to 1871", "defined as a quarter of a metre"),
    Unit("swiss-klafter", 1.8, "Switzerland 1835 to 1876", "defined as 6 Swiss feet"),
    Unit("rijnland-foot", 0.3139465, "Netherlands to 1820", _SECONDARY, ("rijnlandse-voet",)),
    Unit("amsterdam-foot", 0.283133, "Amsterdam to 1820", _SECONDARY, ("amsterdamse-voet",)),
    Unit("castilian-vara", 0.835905, "Spain 1801 to 1880, Latin America", "Spanish order of 9 December 1852",
         ("vara", "vara-de-burgos", "spanish-vara")),
    Unit("castilian-foot", 0.278635, "Spain 1801 to 1880", "Spanish order of 9 December 1852: vara / 3",
         ("pie", "pie-de-burgos", "spanish-foot")),
    Unit("portuguese-vara", 1.1, "Portugal to 1868", _SECONDARY, ("vara-portuguesa",)),
    Unit("portuguese-foot", 0.33, "Portugal to 1868", _SECONDARY, ("pe",)),
    Unit("braca", 2.2, "Portugal, Brazil to 1868", _SECONDARY, ("braça",)),
    Unit("venetian-foot", 0.347735, "Venice", _SECONDARY, ("piede-veneto",)),
    Unit("tuscan-braccio", 0.583626, "Tuscany 1782 to 1861", _SECONDARY, ("braccio",)),
    Unit("shaku", 10 / 33, "Japan, 1891 to 1958", "Japanese law of 1891", ("japanese-foot",)),
    Unit("ken", 20 / 11, "Japan, 1891 to 1958: 6 shaku", "Japanese law of 1891"),
    Unit("chi", 1 / 3, "China, since 1930", "Chinese law of 16 February 1929", ("chinese-foot",)),
)  # fmt: skip

UNITS: Mapping[str, Unit] = MappingProxyType({one.name: one for one in _TABLE})
"""Name -> unit."""


def unit(name: str) -> Unit:
    """Find a unit by its name or another name of it.

    Raises
    ------
    InputError
        When it is not known, with what may have been meant.

    Examples
    --------
    >>> unit("Klafter").metres
    1.89648384
    """
    wanted = _plain(name)
    spellings = {_plain(text): one for one in _TABLE for text in (one.name, *one.aliases)}
    if wanted in spellings:
        return spellings[wanted]
    near = get_close_matches(wanted, spellings, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise InputError(f"the unit {name!r} is not known; {hint}whence map heights datum --units lists them")


def consistent_units(alpha: float, error: float, *, within: float = 2.0) -> tuple[tuple[Unit, float], ...]:
    """List the units that a slope does not contradict, nearest first.

    Parameters
    ----------
    alpha
        Metres in one unit of the map, as fitted.
    error
        Its standard error.
    within
        Largest z = (unit − α) / error in size.

    Returns
    -------
    tuple
        Units with their z.

    Examples
    --------
    >>> [one.name for one, _ in consistent_units(2.131, 0.004)]
    ['sazhen']
    """
    scored = ((one, (one.metres - alpha) / error if error > 0 else 0.0) for one in _TABLE)
    near = (pair for pair in scored if abs(pair[0].metres - alpha) <= within * error)
    return tuple(sorted(near, key=lambda pair: abs(pair[1])))


def _plain(name: str) -> str:
    return name.strip().casefold().replace("_", "-").replace(" ", "-").replace("ß", "ss")
