"""The configuration of a training: a TOML file, or a mapping of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from whence.errors import InputError
from whence.learn.sections import built, read_tables, toml_text
from whence.photos.heads import recipe_class
from whence.photos.training.settings import CalibrationSettings, ModelSettings, TrainingSettings

if TYPE_CHECKING:
    from whence.typing import Json, PathLike

__all__ = ["SECTIONS", "TrainConfig"]

SECTIONS = ("data", "head", "training", "calibration", "model")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that a training is asked for.

    Attributes
    ----------
    features
        Folder of the feature store.
    split
        A file of ``whence split``, or the settings of one to make: ``by``, ``seed``, and those of that split.
    kind
        Name of the head, a key of `whence.photos.heads.RECIPES`.
    head
        Its recipe.
    training, calibration, model
        The other sections.

    Examples
    --------
    >>> config = TrainConfig.of({"data": {"features": "city"}, "head": {"kind": "constant"}})
    >>> config.kind, config.training.patience, config.split
    ('constant', 5, {'by': 'grid', 'seed': 0})
    """

    features: Path
    split: Path | Mapping[str, Any]
    kind: str
    head: Any
    training: TrainingSettings = field(default_factory=TrainingSettings)
    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    model: ModelSettings = field(default_factory=ModelSettings)

    @classmethod
    def read(cls, path: PathLike, *, overrides: Mapping[str, Any] | None = None) -> Self:
        """Read a TOML file; paths in it start from its folder.

        Parameters
        ----------
        path
            The file.
        overrides
            Dotted name -> value, such as ``{"training.batch": 512}``, in the place of what the file says.

        Raises
        ------
        NotFoundError
            When there is no such file.
        InputError
            When it is no TOML, lacks something, or has a stray key.
        """
        file = Path(path)
        values = read_tables(file, overrides, example="whence train --example cells")
        try:
            return cls.of(values, base=file.parent)
        except InputError as error:
            raise InputError(f"{file}: {error}") from error

    @classmethod
    def of(cls, values: Mapping[str, Any], *, base: PathLike = ".") -> Self:
        """Make it of nested mappings, as TOML gives them.

        Parameters
        ----------
        values
            Section -> settings; see `SECTIONS`.
        base
            Where relative paths start.
        """
        stray = [name for name in values if name not in SECTIONS]
        if stray:
            raise InputError(f"there is no section [{stray[0]}]; there are: {', '.join(SECTIONS)}")
        data = _table(values, "data")
        head = dict(_table(values, "head"))
        kind = str(head.pop("kind", ""))
        return cls(
            features=_features(data, Path(base)),
            split=_split(data, Path(base)),
            kind=kind,
            head=built(recipe_class(kind), head, "head"),
            training=built(TrainingSettings, _table(values, "training"), "training"),
            calibration=built(CalibrationSettings, _table(values, "calibration"), "calibration"),
            model=built(ModelSettings, _table(values, "model"), "model"),
        )

    def to_json(self) -> Json:
        """Give it with all defaults filled in, as `of` takes it; paths are absolute."""
        split = str(self.split.resolve()) if isinstance(self.split, Path) else dict(self.split)
        return {
            "data": {"features": str(self.features.resolve()), "split": split},
            "head": {"kind": self.kind, **asdict(self.head)},
            "training": asdict(self.training),
            "calibration": asdict(self.calibration),
            "model": asdict(self.model),
        }

    def to_toml(self) -> str:
        """Give it with all defaults filled in, as `read` takes it."""
        return toml_text(self.to_json())


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, Mapping):
        raise InputError(f"[{name}] must be a table of settings, not {table!r}")
    return table


def _features(data: Mapping[str, Any], base: Path) -> Path:
    stray = [name for name in data if name not in ("features", "split")]
    if stray:
        raise InputError(f"[data] has no setting {stray[0]!r}; it has: features, split")
    if not isinstance(data.get("features"), str):
        raise InputError('[data] needs the folder of a feature store: features = "city.features"')
    return base / str(data["features"])


def _split(data: Mapping[str, Any], base: Path) -> Path | dict[str, Any]:
    split = data.get("split", {})
    if isinstance(split, str):
        return base / split
    if not isinstance(split, Mapping):
        raise InputError('data.split is a file, or a table such as [data.split] with by = "grid"')
    return {"by": "grid", "seed": 0, **split}
