"""CPU seconds per picture of a frozen CLIP ViT-B/32 in each runtime, as a ratio to torch in float32.

The network has the published size and random weights: speed does not depend on them; cosines do, and those
of random weights say nothing about real ones.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks.timing import interleaved, ratio, significant

BATCH = 8
ROUNDS = 7


def measure() -> dict[str, object]:
    """Time every runtime that is installed, one thread, in turns."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import numpy as np
    import torch

    from whence.learn.encoders.runtimes import accelerated, present
    from whence.learn.encoders.runtimes.fidelity import probe_pictures
    from whence.learn.encoders.transformers import TransformersEncoder

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        write_random_clip(Path(name) / "clip-vit-b32")
        encoder = TransformersEncoder.open(Path(name) / "clip-vit-b32")
        pictures = probe_pictures(256, count=BATCH)
        pixels = np.stack([encoder.prepare(picture) for picture in pictures])
        runtimes = {
            runtime.name: accelerated(
                encoder, runtime.name, cache=Path(name) / "cache", threads=1, pictures=pictures, force=True
            )
            for runtime in present()
        }
        actions = {
            name: lambda made=made: made.encode_prepared(pixels)  # type: ignore[misc]
            for name, made in runtimes.items()
        }
        actions["prepare"] = lambda: [encoder.prepare(picture) for picture in pictures]  # type: ignore[assignment]
        timings = interleaved(actions, rounds=ROUNDS, items=BATCH)
    return {
        "model": "CLIP ViT-B/32, random weights",
        "batch": BATCH,
        "rounds": ROUNDS,
        "times_faster_than_torch": {
            name: significant(1 / ratio(timings, name, of="torch"), 3) for name in runtimes
        },
        "cpu_ms_per_picture": {
            name: timing.per_item_ms()["cpu_ms_median"] for name, timing in timings.items()
        },
        "worst_cosine": {name: significant(made.fidelity.min_cosine, 6) for name, made in runtimes.items()},
        "relative": {name: significant(made.fidelity.relative, 3) for name, made in runtimes.items()},
    }


def write_random_clip(folder: Path) -> None:
    """Write CLIP ViT-B/32 in the published layout with random weights; the text tower is a stub."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.CLIPConfig(
        text_config={"num_hidden_layers": 1, "hidden_size": 64, "intermediate_size": 64, "vocab_size": 100}
        | {"bos_token_id": 1, "eos_token_id": 2},
        vision_config={"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}
        | {"num_attention_heads": 12, "image_size": 224, "patch_size": 32},
        projection_dim=512,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    transformers.CLIPImageProcessorPil().save_pretrained(folder)
