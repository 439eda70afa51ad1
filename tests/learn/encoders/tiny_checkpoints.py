"""Tiny random checkpoints in the file layout in which the real ones are published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

TOWER = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}


def crop(size_px: int, crop_px: int, mean: Any = CLIP_MEAN, std: Any = CLIP_STD) -> dict[str, Any]:
    return {
        "size": {"shortest_edge": size_px},
        "crop_size": {"height": crop_px, "width": crop_px},
        "image_mean": mean,
        "image_std": std,
    }


def write(model: Any, processor: str, settings: dict[str, Any], folder: Path) -> Any:
    """Save a model and its preprocessing as `save_pretrained` of the authors did."""
    import transformers

    from whence.learn.encoders.vision_tower import quiet

    with quiet(transformers):
        model.eval().save_pretrained(folder)
    kind = getattr(transformers, f"{processor}Pil", None) or getattr(transformers, processor)
    kind(**settings).save_pretrained(folder)
    return model


def clip(folder: Path, *, hidden_act: str = "quick_gelu", projection_dim: int = 24) -> Any:
    """CLIP; as in published ones, the tower's own copy of projection_dim is left at its default (512)."""
    import transformers

    config = transformers.CLIPConfig(
        text_config=TOWER
        | {"vocab_size": 600, "max_position_embeddings": 16, "bos_token_id": 598, "eos_token_id": 599}
        | {"hidden_act": hidden_act},
        vision_config=TOWER | {"image_size": 32, "patch_size": 8, "hidden_act": hidden_act},
        projection_dim=projection_dim,
    )
    write_tokenizer(folder)
    return write(transformers.CLIPModel(config), "CLIPImageProcessor", crop(32, 32), folder)


def write_tokenizer(folder: Path) -> None:
    """CLIP's tokenizer over bytes without merges: 256 bytes, the same ending a word, start, end."""
    import transformers

    letters = list(byte_letters().values())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    tokens += [f"<unused{i}>" for i in range(598 - len(tokens))] + ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    transformers.CLIPTokenizerFast.from_pretrained(folder).save_pretrained(folder)


def byte_letters() -> dict[int, str]:
    """The printable letter that stands for each byte in a byte-level vocabulary (Radford et al. 2019)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(others)}


def laion_clip(folder: Path) -> Any:
    """As published by LAION: GELU instead of its quick approximation."""
    return clip(folder, hidden_act="gelu")


def dinov2(folder: Path) -> Any:
    """As published, trained at another size: position embeddings are interpolated to that of the input."""
    import transformers

    config = transformers.Dinov2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=70, patch_size=14
    )
    settings = crop(32, 28, IMAGENET_MEAN, IMAGENET_STD)
    return write(transformers.Dinov2Model(config), "BitImageProcessor", settings, folder)


def dinov2_registers(folder: Path) -> Any:
    import transformers

    config = transformers.Dinov2WithRegistersConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=70,
        patch_size=14,
        num_register_tokens=4,
    )
    settings = crop(32, 28, IMAGENET_MEAN, IMAGENET_STD)
    return write(transformers.Dinov2WithRegistersModel(config), "BitImageProcessor", settings, folder)


def resnet(folder: Path) -> Any:
    """As published: a classifier's checkpoint, with the head that is not wanted."""
    import transformers

    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[16, 32], depths=[1, 1], num_labels=5, layer_type="bottleneck"
    )
    settings = {
        "size": {"shortest_edge": 32},
        "crop_pct": 0.875,
        "image_mean": IMAGENET_MEAN,
        "image_std": IMAGENET_STD,
    }
    model = transformers.ResNetForImageClassification(config)
    return write(model, "ConvNextImageProcessor", settings, folder)


def efficientnet(folder: Path) -> Any:
    """As published: a classifier's checkpoint, with the head that is not wanted."""
    import transformers

    config = transformers.EfficientNetConfig(
        image_size=32,
        initializer_range=0.3,
        width_coefficient=0.25,
        depth_coefficient=0.25,
        hidden_dim=320,  # 1280 times the width coefficient
        num_labels=5,
        in_channels=[32, 16],
        out_channels=[16, 24],
        kernel_sizes=[3, 3],
        strides=[1, 2],
        num_block_repeats=[1, 1],
        expand_ratios=[1, 6],
    )
    settings = {
        "size": {"height": 32, "width": 32},
        "image_mean": IMAGENET_MEAN,
        "image_std": (0.47853944, 0.4732864, 0.47434163),
    }
    model = transformers.EfficientNetForImageClassification(config)
    return write(model, "EfficientNetImageProcessor", settings, folder)


WRITERS = {
    "clip": clip,
    "laion-clip": laion_clip,
    "dinov2": dinov2,
    "dinov2-registers": dinov2_registers,
    "resnet": resnet,
    "efficientnet": efficientnet,
}
