"""Build an index of known photographs and ask it about another one.

The photographs are drawn: a walk through a little town that does not exist. That shows the calls, not how
good the answers are on real photographs.
"""

from __future__ import annotations

from pathlib import Path

from whence.earth import geodesic_distance_m
from whence.imagery import read_table
from whence.photos.index import Exclude, PlaceIndex
from whence.smallworld import Town, write_photographs

table = write_photographs(Town.build(seed=0), Path("walk"), count=12)
index = PlaceIndex.build(table, "town.index")
print(f"{len(index)} photographs, made with {index.header.encoder.split('-')[0]}")

# Ask about one of them, as if it were not in the index itself.
asked = read_table(table).rows[3]
found = index.query([asked.path], k=3, exclude=Exclude(names=frozenset({asked.name})))[0]
for name, likeness in zip(found.names, found.similarity, strict=True):
    print(f"  {name}: likeness {likeness:.2f}")

belief = index.belief(found)
best = belief.best()
assert asked.position is not None
print(f"best point {geodesic_distance_m(best, asked.position):.0f} m from the truth")
print(f"promised: within {belief.radius_m(0.8):.0f} m in 80 % of such answers")
