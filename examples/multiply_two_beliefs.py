"""Multiply two beliefs: a name that stands for two towns, and a wide idea of the country.

There is a Moscow in Russia and one in Idaho. Each source keeps a thin uniform background: the share of cases
in which it is wrong. So the product still knows about Idaho, and says how little it believes in it.
"""

from __future__ import annotations

from whence import Belief

sign = Belief.patches([[37.62, 55.75], [-116.99, 46.73]], 20_000.0, background=0.1)
country = Belief.at([40.0, 56.0], spread_m=300_000.0, background=0.02)

for name, belief in (("the sign", sign), ("the country", country), ("both", sign * country)):
    print(f"{name}: radius {belief.radius_m(0.8) / 1000:.0f} km, {belief.information_bits():.1f} bits")
    for answer in belief.hypotheses(k=3):
        print(
            f"  {answer.latitude_deg:.1f}, {answer.longitude_deg:.1f} "
            f"probability {answer.probability:.5f}, then within {answer.own_radius_m / 1000:.0f} km"
        )
