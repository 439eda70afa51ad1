"""Parts of the evaluation: answers as columns, resampling, reliability, places, groups, comparison.

`whence.photos.evaluate.evaluate` puts them together for one table, `comparison.evaluate_many` for several.
"""

__all__: list[str] = []
