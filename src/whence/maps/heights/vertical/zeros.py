"""Old zero points of heights: where they are, which system of the register stands on them, and who used them.

No offsets are typed here: `Zero.offset_m` asks the register of PROJ (that is, the EPSG data set) for the
operation to another system at a place, so that offset, accuracy and validity have one source.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.maps.heights.vertical.transforming import transform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whence.maps.heights.vertical.operation import VerticalOperation
    from whence.typing import ArrayLike

__all__ = ["ZEROS", "Zero"]


@dataclass(frozen=True)
class Zero:
    """A zero point of heights.

    Parameters
    ----------
    name
        Short name.
    point
        What and where it is.
    used
        By whom, and when.
    system
        The system of the register that stands on it (a later one than an old map's, as a rule); None where
        there is none.
    """

    name: str
    point: str
    used: str
    system: str | None

    def offset_m(self, lonlat: ArrayLike, *, target: str = "EPSG:5621") -> tuple[float, VerticalOperation]:
        """Give the height of this zero in another system at a place, and the operation that says so.

        Parameters
        ----------
        lonlat
            (2,) longitude, latitude, degrees.
        target
            The other system; EVRF2007 by default.

        Raises
        ------
        InputError
            When the register has no system on this zero, or no operation between the two; a missing grid is
            named.

        Examples
        --------
        >>> round(ZEROS["kronstadt"].offset_m([24.0, 55.3])[0], 2)
        0.12
        """
        if self.system is None:
            raise InputError(
                f"no register has a height system on the zero of {self.name}; fit the shift instead"
            )
        moved = transform(np.asarray(lonlat, dtype=np.float64), [0.0], source=self.system, target=target)
        return float(moved.heights_m[0]), moved.operation


_TABLE = (
    Zero("kronstadt", "gauge of Kronstadt, Gulf of Finland, mean of 1825 to 1840",
         "Russia from 1871, USSR, eastern Europe (Baltic 1977)", "EPSG:5705"),
    Zero("amsterdam", "Normaal Amsterdams Peil, from the high water of 1684",
         "Netherlands; from 1879 the model of Germany", "EPSG:5709"),
    Zero("normal-null", "point of the Berlin observatory, 37.000 m above the zero of Amsterdam, 1879",
         "Germany 1879 to 1992 (DHHN12)", "EPSG:7699"),
    Zero("normal-null-1985", "as normal-null, network of 1985", "West Germany (DHHN85)", "EPSG:5784"),
    Zero("kronstadt-gdr", "gauge of Kronstadt", "East Germany (SNN76)", "EPSG:5785"),
    Zero("trieste", "Molo Sartorio, Trieste, mean of 1875",
         "Austria-Hungary and its successors; Austria (GHA)", "EPSG:5778"),
    Zero("trieste-yugoslavia", "Molo Sartorio, Trieste, mean of 1875", "Yugoslavia and its successors",
         "EPSG:5195"),
    Zero("marseille-1860", "Lallemand's network; gauge of Marseille from 1897", "France 1884 to 1969",
         "EPSG:5719"),
    Zero("marseille", "gauge of Marseille, mean of 1885 to 1896", "France since 1969 (NGF-IGN69)",
         "EPSG:5720"),
    Zero("alicante", "harbour steps of Alicante, mean of 1870 to 1872", "Spain", "EPSG:5782"),
    Zero("cascais", "gauge of Cascais, mean of 1882 to 1938", "Portugal", "EPSG:5780"),
    Zero("genoa", "gauge of Genoa, 1942", "Italy", "EPSG:5214"),
    Zero("newlyn", "gauge of Newlyn, Cornwall, mean of 1915 to 1921",
         "Great Britain since about 1929 (ODN)", "EPSG:5701"),
    Zero("liverpool", "Victoria Dock, Liverpool, 1844", "Great Britain to about 1929", None),
    Zero("belfast", "gauge of Clarendon Dock, Belfast", "Northern Ireland", "EPSG:5732"),
    Zero("malin-head", "gauge of Malin Head, mean of 1960 to 1969", "Ireland since 1970", "EPSG:5731"),
    Zero("poolbeg", "low water at Poolbeg lighthouse, Dublin, 1837", "Ireland to about 1970", "EPSG:7962"),
    Zero("ostend", "Tweede Algemene Waterpassing, gauge of Ostend", "Belgium", "EPSG:5710"),
    Zero("pierre-du-niton", "rock in the harbour of Geneva, put at 373.6 m in 1902", "Switzerland (LN02)",
         "EPSG:5728"),
    Zero("helsinki-n43", "Helsinki, network of 1935 to 1955", "Finland 1943 to 1960", "EPSG:8675"),
    Zero("helsinki-n60", "Helsinki, mean sea level of 1960", "Finland 1960 to 2007", "EPSG:5717"),
    Zero("stockholm-rh00", "Riddarholmen, Stockholm, mean sea level of 1900", "Sweden 1886 to about 1970",
         "EPSG:5615"),
    Zero("rh70", "from the zero of Amsterdam", "Sweden 1970 to 2005", "EPSG:5718"),
    Zero("nn54", "gauges of Norway, 1954", "Norway 1954 to 2011", "EPSG:5776"),
    Zero("denmark-dnn", "mean of ten harbours, cathedral of Aarhus", "Denmark 1891 to about 2005",
         "EPSG:5733"),
    Zero("constanta", "gauge of Constanța", "Romania", "EPSG:5781"),
    Zero("durres", "gauge of Durrës", "Albania", "EPSG:5777"),
    Zero("piraeus", "gauge of Piraeus", "Greece", "EPSG:5716"),
    Zero("antalya", "gauge of Antalya, mean of 1936 to 1971", "Turkey", "EPSG:5775"),
    Zero("tokyo-bay", "mean of Tokyo Bay, 1873 to 1879", "Japan (JSLD69)", "EPSG:5723"),
    Zero("yellow-sea-1956", "gauge of Qingdao, mean of 1950 to 1956", "China 1956 to 1985", "EPSG:5736"),
    Zero("ngvd29", "26 gauges of the United States and Canada", "United States 1929 to 1988", "EPSG:7968"),
)  # fmt: skip

ZEROS: Mapping[str, Zero] = MappingProxyType({one.name: one for one in _TABLE})
"""Name -> zero."""
