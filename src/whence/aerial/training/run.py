"""A run: one training as a folder, which goes on where it was interrupted.

::

    run/
      config.toml               what was asked for, all defaults filled in
      checkpoint.safetensors    the training under way; gone when the run is complete
      history.csv               the looks at the validation scenes
      model/                    the model, as `whence aerial predict --model` takes it
      samples.png               image, truth and prediction of some scenes
      evaluation.json           the figures and their protocol; written last
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence._optional import require
from whence.aerial.training.data import TrainingData
from whence.aerial.training.history import Look, read_looks, write_looks
from whence.learn.parallel import processes
from whence.learn.run_folder import RunFolder
from whence.learn.sections import flattened

if TYPE_CHECKING:
    from whence.aerial.model import AerialModel
    from whence.aerial.models import Network
    from whence.aerial.training.config import AerialConfig
    from whence.aerial.training.loop import Watch
    from whence.learn.parallel import Parallel
    from whence.typing import Json, PathLike

__all__ = ["AerialRun", "train"]

HISTORY, MODEL, CHECKPOINT = "history.csv", "model", "checkpoint.safetensors"
SAMPLES, CURVES = "samples.png", "curves.png"
_FREE = frozenset({"training.device", "training.checkpoint_every_s", "training.workers"})


@dataclass(frozen=True)
class AerialRun:
    """A training that is complete.

    Attributes
    ----------
    folder
        Where it is.
    evaluation
        What ``evaluation.json`` says: ``figures`` on the validation scenes, ``protocol``, ``sentences``.
    """

    folder: Path
    evaluation: Mapping[str, Any] = field(repr=False)

    @classmethod
    def open(cls, folder: PathLike) -> AerialRun:
        """Open a complete run.

        Raises
        ------
        NotFoundError
            When there is none, or it is not complete.
        FormatError
            When its figures cannot be read.
        """
        return cls(Path(folder), _home(folder).evaluation())

    @property
    def model(self) -> AerialModel:
        """The model, read anew."""
        from whence.aerial.model import load_model

        return load_model(self.folder / MODEL)

    @property
    def history(self) -> list[Look]:
        """The looks."""
        return read_looks(self.folder / HISTORY)

    def sentences(self) -> list[str]:
        """Tell how good the model is, and how much that is worth."""
        return list(self.evaluation["sentences"])


def train(
    config: AerialConfig,
    out: PathLike,
    *,
    restart: bool = False,
    watch: Watch | None = None,
    parallel: Parallel | None = None,
) -> AerialRun:
    """Train a network as a configuration says, and write a model with its figures.

    An interrupted run goes on when it is asked for again, to the same result.

    Parameters
    ----------
    config
        What is asked for.
    out
        The folder of the run; made if it is not there.
    restart
        Do not go on from an interrupted run, nor return a complete one.
    watch
        Who is told.
    parallel
        The processes beside this one; those of ``accelerate launch`` when not given.

    Returns
    -------
    AerialRun
        The complete run.

    Raises
    ------
    InputError
        When the folder holds a run of another configuration, or something else.
    DivergedError
        When the loss is not finite.
    MissingExtraError
        Without torch.
    """
    require("torch", extra="aerial")
    from whence.aerial.training.loop import Watch

    home, together = _home(out), parallel or processes()
    told = watch or Watch()
    if together.rank == 0:
        home.claim(config.to_toml(), restart=restart)
    together.wait()
    if home.complete:
        told.say(f"{home.path} is complete already; --restart trains anew")
        return AerialRun.open(home.path)
    _Making(home.path, config, told, together).make()
    together.wait()
    return AerialRun.open(home.path)


class _Making:
    """One run under way."""

    def __init__(self, folder: Path, config: AerialConfig, watch: Watch, parallel: Parallel) -> None:
        self.folder, self.config, self.watch, self.parallel = folder, config, watch, parallel
        watch.say("reading the scenes")
        self.data = TrainingData.of(config)
        for sentence in self.data.sentences():
            watch.say(sentence)

    def make(self) -> None:
        """Train, measure and write; the figures come last, and make the run complete."""
        network = self.network()
        looks = self.fit(network)
        if self.parallel.rank > 0:
            return
        model = self.model(network)
        evaluation = self.figures(model, looks)
        model = replace(model, card=self.card(evaluation))
        model.write(self.folder / MODEL, half=self.config.model.half)
        self.samples(model)
        write_looks(self.folder / HISTORY, looks)
        _home(self.folder).finish(evaluation)

    def network(self) -> Network:
        """Build the network; its first weights are decided by the seed."""
        import torch

        from whence.aerial.models import network
        from whence.aerial.training.starting import start_from

        asked = self.config.network
        options = dict(asked.options)
        if asked.pretrained:
            options["pretrained"] = True
        if asked.weights:
            options["weights"] = asked.weights
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.training.seed)
            made = network(
                asked.name,
                classes=len(self.data.scheme.classes),
                bands=self.data.normalisation.bands,
                backbone=asked.backbone or None,
                **options,
            )
        if asked.start:
            self.watch.say(start_from(made, asked.start))
        self.teach_colours(made)
        return made

    def teach_colours(self, network: Network) -> None:
        """Teach the classifiers of colours, where there are some; the seed decides, so not kept."""
        from whence.aerial.models.residual_unet import ResidualUNet

        if not isinstance(network, ResidualUNet) or network.colours is None:
            return
        from whence.aerial.training.colours import fit_colours

        self.watch.say("teaching the classifiers of colours")
        scenes, seed = self.data.scenes, self.config.training.seed
        weights = self.data.class_weights(scenes.shares)
        fit_colours(network.colours, scenes, self.data.patch_normalisation, class_weights=weights, seed=seed)

    def fit(self, network: Network) -> list[Look]:
        """Run the loop."""
        from whence.aerial.training.loop import train_network

        settings = replace(self.config.training, steps=self.data.steps())
        return train_network(
            network,
            self.data.batches((self.parallel.rank, self.parallel.world)),
            settings,
            loss=self.data.loss(),
            validation=self.data.validation(),
            checkpoint=self.folder / CHECKPOINT,
            facts=self.facts(),
            watch=self.watch,
            parallel=self.parallel,
        )

    def facts(self) -> Json:
        """Give what the weights depend on besides the settings of the loop."""
        told = json.loads(json.dumps(self.config.to_json()))
        told.pop("training")
        told["data"].pop("root")
        told["crops"].pop("memory_mb")
        return {**flattened(told), "data.digest": self.data.digest}

    def model(self, network: Network) -> AerialModel:
        """Put together what predicts."""
        from whence.aerial.model import AerialModel

        asked = self.config.model
        return AerialModel(
            self.data.scheme,
            network.to("cpu"),
            self.data.normalisation,
            reduction=asked.reduction,
            scales=tuple(map(float, asked.scales)),
            offsets=self.data.offsets,
            cell_m=asked.cell_m or None,
            name=asked.name or self.folder.resolve().name,
        )

    def figures(self, model: AerialModel, looks: list[Look]) -> Json:
        """Measure the model on the validation scenes."""
        judged = self.data.validation()
        protocol = self.data.protocol()
        if judged is None:
            told = [f"{model.name}: trained to the end, no scene was held back, so nothing is measured"]
            return {"figures": None, "protocol": protocol, "sentences": told, "looks": len(looks)}
        self.watch.say("measuring")
        score = judged.score(model.network)
        counts = score.confusion
        told = [
            f"{model.name} on the validation scenes, which chose among {len(looks)} looks at it:",
            f"mean IoU {counts.mean('iou'):.3f}, overall accuracy {counts.overall_accuracy:.3f}",
            ", ".join(f"{n} {_told(v)}" for n, v in zip(counts.names, counts.iou, strict=True)),
            f"protocol: {protocol}",
        ]
        return {
            "figures": {**counts.to_json(), "loss": score.loss},
            "protocol": protocol,
            "sentences": told,
            "looks": len(looks),
        }

    def card(self, evaluation: Json) -> Json:
        """Give what the model tells about itself."""
        config = json.loads(json.dumps(self.config.to_json()))
        config["data"].pop("root")
        config["data"]["options"] = {name: _named(v) for name, v in config["data"]["options"].items()}
        return {
            "licence": self.config.model.licence,
            "data": {
                "name": self.config.data.name or self.config.data.dataset,
                "licence": self.config.data.licence,
                "digest": self.data.digest,
                "train": list(self.data.train.groups),
                "validation": list(self.data.held.groups) if self.data.held else [],
            },
            "scores": evaluation["figures"],
            "protocol": evaluation["protocol"],
            "training": config,
        }

    def samples(self, model: AerialModel) -> None:
        """Write sample pictures."""
        from whence.aerial.training.pictures import write_samples

        write_samples(self.folder / SAMPLES, model, self.data.held or self.data.train)


def _home(folder: PathLike) -> RunFolder:
    """Give the folder of a run; of its settings three may change when it goes on."""
    parts = (HISTORY, MODEL, SAMPLES, CURVES)
    return RunFolder(Path(folder), "whence aerial train", CHECKPOINT, parts, free=_FREE)


def _named(value: Any) -> Any:
    """Give the name of a file instead of where it lies; a model goes to others, a folder does not."""
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _told(value: float) -> str:
    return "does not occur" if math.isnan(value) else f"{value:.3f}"
