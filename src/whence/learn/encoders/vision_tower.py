"""The vision half of a model of the transformers library: loaded whole or not at all, and its vector."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence._optional import require
from whence.errors import FormatError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.typing import Json

__all__ = ["load_processor", "load_tower", "pooled", "quiet"]


def load_tower(library: Any, folder: Path) -> Any:
    """Load the part of a model that sees, in evaluation mode and float32.

    Of CLIP only the vision tower and its projection are built, so the text tower costs no memory.

    Parameters
    ----------
    library
        The transformers module.
    folder
        ``config.json`` and weights in safetensors.

    Raises
    ------
    NotFoundError
        When a file is missing.
    FormatError
        When the weights are not in safetensors or do not fill the model: a model with parameters left at
        random would give vectors that mean nothing.
    """
    safetensors = require("safetensors", extra="learn")
    try:
        with quiet(library):
            config = library.AutoConfig.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            kind, config = _tower_of(library, config)
            model, report = kind.from_pretrained(
                folder,
                config=config,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
    except (OSError, RuntimeError, ValueError, safetensors.SafetensorError) as error:
        raise _explained(folder, error) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise FormatError(
            f"{folder} lacks {len(missing)} of the model's parameters (such as {missing[0]}), which would be "
            "random; take a checkpoint of the model itself"
        )
    return model.float().eval()


def _tower_of(library: Any, config: Any) -> tuple[Any, Any]:
    """Class and configuration of the part that sees."""
    if config.model_type != "clip":
        return library.AutoModel, config
    vision = config.vision_config
    # Published configurations leave the tower's own copy of this number at its default.
    vision.projection_dim = config.projection_dim
    return library.CLIPVisionModelWithProjection, vision


def pooled(model: Any, pixels: Any) -> Any:
    """Vectors of a batch, not yet of unit length.

    CLIP: the projected embedding. DINOv2 and ViT: the normalised class token. ResNet, EfficientNet and
    ConvNeXt: the pooled map. SigLIP: the pooled image feature. Without any of these the mean token.

    Parameters
    ----------
    model
        What `load_tower` gave.
    pixels
        Tensor (n, 3, h, w).

    Returns
    -------
    Tensor (n, d).
    """
    if hasattr(model, "get_image_features"):
        features = model.get_image_features(pixel_values=pixels)
        # Version 5 of the library returns the whole output, version 4 the tensor.
        return getattr(features, "pooler_output", features).flatten(1)
    output = model(pixel_values=pixels)
    if model.config.model_type == "efficientnet" and model.config.pooling_type == "mean":
        # Its own pooling, a window larger than the map, is the same in torch but in no other runtime.
        return output.last_hidden_state.mean(dim=(2, 3))
    for name in ("image_embeds", "pooler_output"):
        found = getattr(output, name, None)
        if found is not None:
            return found.flatten(1)
    return output.last_hidden_state.mean(dim=1)


def load_processor(library: Any, folder: Path) -> Any:
    """Load a model's own preprocessing, in the form that needs Pillow only: torchvision may be absent.

    Raises
    ------
    NotFoundError
        When ``preprocessor_config.json`` is missing.
    FormatError
        When it is not JSON, or names a preprocessing that is not known.
    """
    path = folder / "preprocessor_config.json"
    try:
        settings: Json = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise _lacking(folder, path.name) from error
    except ValueError as error:
        raise FormatError(f"{path} is not JSON ({error}); copy it from where the model came from") from error
    # Feature extractors are what image processors were called before 2023.
    kind = str(settings.get("image_processor_type") or settings.get("feature_extractor_type") or "")
    stem = kind.replace("FeatureExtractor", "ImageProcessor").removesuffix("Fast").removesuffix("Pil")
    for candidate in (f"{stem}Pil", stem):
        if stem and hasattr(library, candidate):
            return getattr(library, candidate).from_pretrained(folder, local_files_only=True)
    raise FormatError(
        f"the model {folder} names no known image preprocessing ({kind!r}); choose another model"
    )


@contextlib.contextmanager
def quiet(library: Any) -> Iterator[None]:
    """Keep the library's progress bars and reports off stderr; errors are raised all the same."""
    log = library.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def _lacking(folder: Path, file: str) -> NotFoundError:
    return NotFoundError(f"{folder} lacks {file}; copy it from where the model came from")


def _explained(folder: Path, error: Exception) -> FormatError | NotFoundError:
    """Say why the library could not open a model, and what to do."""
    if not (folder / "config.json").is_file():
        return _lacking(folder, "config.json")
    if not list(folder.glob("model*.safetensors")):
        return FormatError(
            f"{folder} holds no weights in safetensors, and pickled ones are never read; convert them first"
        )
    first = str(error).strip().partition("\n")[0]
    return FormatError(f"{folder} holds no whole model that the transformers library can build: {first}")
