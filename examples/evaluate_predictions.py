"""Measure predictions, whence's own or another model's, under the rules of published work.

Rows that were not located count as wrong, not as absent. The rules differ: Astruc et al. count an error
as within 25 km when it is below, others also when it equals the limit.
"""

from __future__ import annotations

from pathlib import Path

from whence.photos.evaluate import evaluate
from whence.photos.results import read_results

Path("predictions.csv").write_text(
    "id,true_lat,true_lon,pred_lat,pred_lon\n"
    "oslo.jpg,59.91,10.75,59.95,10.80\n"
    "lyon.jpg,45.76,4.84,45.50,4.90\n"
    "quito.jpg,-0.18,-78.47,4.60,-74.08\n"
    "perth.jpg,-31.95,115.86,,\n",
    encoding="utf-8",
)
rows = read_results("predictions.csv")

for protocol in ("whence", "osv5m"):
    figures = evaluate(rows, protocol=protocol)
    print(f"{protocol}: {figures.located} of {figures.with_truth} located, score {figures.score.of_all:.1f}")

print()
print(evaluate(rows).summary())
