"""The configuration of an aerial training: a TOML file, or a mapping of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from whence.aerial.training.settings import (
    AugmentationSettings,
    CropSettings,
    DataSettings,
    LossSettings,
    ModelSettings,
    NetworkSettings,
    TrainingSettings,
)
from whence.errors import InputError
from whence.learn.commented_settings import commented_section
from whence.learn.sections import built, read_tables, toml_text

if TYPE_CHECKING:
    from whence.typing import Json, PathLike

__all__ = ["SECTIONS", "AerialConfig", "example_config"]

SECTIONS: Mapping[str, Any] = {
    "data": DataSettings,
    "crops": CropSettings,
    "augmentation": AugmentationSettings,
    "network": NetworkSettings,
    "loss": LossSettings,
    "training": TrainingSettings,
    "model": ModelSettings,
}
"""Name of a section -> the dataclass of its settings."""


@dataclass(frozen=True, kw_only=True)
class AerialConfig:
    """Everything that a training is asked for.

    Attributes
    ----------
    data, crops, augmentation, network, loss, training, model
        The sections.

    Examples
    --------
    >>> config = AerialConfig.of({"data": {"dataset": "dubai", "root": "dubai", "validation": ["tile_7"]}})
    >>> config.network.name, config.training.steps
    ('residual-unet', 1000)
    """

    data: DataSettings = field(default_factory=DataSettings)
    crops: CropSettings = field(default_factory=CropSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    model: ModelSettings = field(default_factory=ModelSettings)

    @classmethod
    def read(cls, path: PathLike, *, overrides: Mapping[str, Any] | None = None) -> Self:
        """Read a TOML file; paths in it start from its folder.

        Parameters
        ----------
        path
            The file.
        overrides
            Dotted name -> value, such as ``{"training.batch": 4}``, in the place of what the file says.

        Raises
        ------
        NotFoundError
            When there is no such file.
        InputError
            When it is no TOML, or has a stray key or a value of the wrong kind.
        """
        file = Path(path)
        values = read_tables(file, overrides, example="whence aerial train --example")
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
            Section -> settings.
        base
            Where relative paths start.

        Raises
        ------
        InputError
            For a stray section or key, or a value of the wrong kind.
        """
        stray = [name for name in values if name not in SECTIONS]
        if stray:
            raise InputError(f"there is no section [{stray[0]}]; there are: {', '.join(SECTIONS)}")
        made = {name: built(kind, _table(values, name), name) for name, kind in SECTIONS.items()}
        if not made["data"].root:
            raise InputError('[data] needs the folder of the data set: root = "data/dubai"')
        options = {key: _beside(value, Path(base)) for key, value in made["data"].options.items()}
        made["data"] = replace(made["data"], root=str(Path(base) / made["data"].root), options=options)
        found = {name: _beside(getattr(made["network"], name), Path(base)) for name in ("weights", "start")}
        made["network"] = replace(made["network"], **found)
        return cls(**made)

    def to_json(self) -> Json:
        """Give it with all defaults filled in, as `of` takes it; the data's folder is absolute."""
        told = {item.name: asdict(getattr(self, item.name)) for item in fields(self)}
        told["data"]["root"] = str(Path(self.data.root).resolve())
        return told

    def to_toml(self) -> str:
        """Give it with all defaults filled in, as `read` takes it."""
        return toml_text(self.to_json())


def example_config() -> str:
    """Write a configuration with every setting at its default, as TOML with comments.

    Examples
    --------
    >>> print(example_config().splitlines()[0])
    [data]
    """
    return "\n".join(commented_section(name, kind) for name, kind in SECTIONS.items())


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, Mapping):
        raise InputError(f"[{name}] must be a table of settings, not {table!r}")
    return table


def _beside(value: Any, base: Path) -> Any:
    """Give the path of a file or folder beside the configuration; all else, names above all, as it is."""
    if isinstance(value, str) and value and (base / value).exists():
        return str(base / value)
    return value
