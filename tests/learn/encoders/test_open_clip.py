"""Models in the files of OpenCLIP; the oracle is the transformers model whose weights they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whence.errors import FormatError
from whence.learn.encoders import load_encoder
from whence.learn.encoders.clip_text import CLIPTextTower
from whence.learn.encoders.hub import snapshot

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

Checkpoints = dict[str, tuple[Path, Any]]
TEXTS = ["a street in Peru", "снег"]


def open_clip_state(model: Any) -> dict[str, Any]:
    """Weights as OpenCLIP's modules name and shape them: module by module, from its own source of names."""
    state = model.state_dict()
    made = {
        "visual.class_embedding": state["vision_model.embeddings.class_embedding"],
        "visual.positional_embedding": state["vision_model.embeddings.position_embedding.weight"],
        "visual.conv1.weight": state["vision_model.embeddings.patch_embedding.weight"],
        "visual.proj": state["visual_projection.weight"].T,
        "positional_embedding": state["text_model.embeddings.position_embedding.weight"],
        "token_embedding.weight": state["text_model.embeddings.token_embedding.weight"],
        "text_projection": state["text_projection.weight"].T,
        "logit_scale": state["logit_scale"],
        "attn_mask": torch.zeros(4, 4),
    }
    norms = {"visual.ln_pre": "vision_model.pre_layrnorm", "visual.ln_post": "vision_model.post_layernorm"}
    norms |= {"ln_final": "text_model.final_layer_norm"}
    for tower, prefix in (("vision", "visual.transformer"), ("text", "transformer")):
        for number in range(2):
            theirs, ours = f"{tower}_model.encoder.layers.{number}", f"{prefix}.resblocks.{number}"
            norms |= {f"{ours}.ln_1": f"{theirs}.layer_norm1", f"{ours}.ln_2": f"{theirs}.layer_norm2"}
            norms |= {f"{ours}.mlp.c_fc": f"{theirs}.mlp.fc1", f"{ours}.mlp.c_proj": f"{theirs}.mlp.fc2"}
            norms |= {f"{ours}.attn.out_proj": f"{theirs}.self_attn.out_proj"}
            for kind in ("weight", "bias"):
                parts = [state[f"{theirs}.self_attn.{name}_proj.{kind}"] for name in "qkv"]
                made[f"{ours}.attn.in_proj_{kind}"] = torch.cat(parts)
    for ours, theirs in norms.items():
        made |= {f"{ours}.{kind}": state[f"{theirs}.{kind}"] for kind in ("weight", "bias")}
    return {name: values.contiguous().clone() for name, values in made.items()}


def write_open_clip(source: Path, model: Any, folder: Path, *, quick: bool) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    save_file(open_clip_state(model), folder / "open_clip_model.safetensors")
    vision = {"image_size": 32, "layers": 2, "width": 32, "patch_size": 8, "head_width": 16, "mlp_ratio": 1.5}
    text = {"context_length": 16, "vocab_size": 600, "width": 32, "heads": 2, "layers": 2}
    # Text towers of OpenCLIP are four times as wide inside; the tiny one is not, so it is said here.
    settings = {
        "embed_dim": 24,
        "vision_cfg": vision,
        "text_cfg": text | {"mlp_ratio": 1.5},
        "quick_gelu": quick,
    }
    content = {"model_cfg": settings, "preprocess_cfg": {"mean": [0.48145466, 0.4578275, 0.40821073]}}
    (folder / "open_clip_config.json").write_text(json.dumps(content), "utf-8")
    for name in ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, folder / name)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(("family", "quick"), [("clip", True), ("laion-clip", False)])
def test_both_towers_give_the_vectors_of_the_same_model(
    family: str, quick: bool, checkpoints: Checkpoints, images: list[np.ndarray], tmp_path: Path
) -> None:
    folder, model = checkpoints[family]
    place = tmp_path / "open"
    write_open_clip(folder, model, place, quick=quick)
    true, found = load_encoder(f"transformers:{folder}"), load_encoder(f"transformers:{place}")
    np.testing.assert_allclose(found.encode(images), true.encode(images), atol=1e-6)
    theirs, ours = CLIPTextTower.open(folder), CLIPTextTower.open(place)
    np.testing.assert_allclose(ours.encode(TEXTS), theirs.encode(TEXTS), atol=1e-6)
    assert ours.logit_scale == pytest.approx(theirs.logit_scale)


def test_a_saved_one_remembers_where_it_was_not_the_cache(checkpoints: Checkpoints, tmp_path: Path) -> None:
    place = tmp_path / "open"
    write_open_clip(*checkpoints["clip"], place, quick=True)
    encoder = load_encoder(f"transformers:{place}")
    encoder.save(tmp_path / "saved")
    assert encoder.origin.source == str(place)
    shutil.rmtree(tmp_path / "cache")
    assert load_encoder(tmp_path / "saved").identity == encoder.identity


def test_it_is_found_in_the_hubs_cache(
    checkpoints: Checkpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "hub/models--nobody--tiny"
    write_open_clip(*checkpoints["clip"], repository / "snapshots" / commit, quick=True)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(commit, "utf-8")
    assert snapshot("nobody/tiny").commit == commit
    assert load_encoder("transformers:nobody/tiny").dim == 24


def test_what_is_no_plain_clip_is_refused(checkpoints: Checkpoints, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    place = tmp_path / "open"
    write_open_clip(*checkpoints["clip"], place, quick=True)
    config, weights = place / "open_clip_config.json", place / "open_clip_model.safetensors"
    whole = config.read_text("utf-8")
    config.write_text(
        whole.replace('"width": 32, "patch', '"timm_model_name": "x", "width": 32, "patch'), "utf-8"
    )
    with pytest.raises(FormatError, match=r"no plain CLIP \(timm_model_name\)"):
        load_encoder(f"transformers:{place}")
    config.write_text("{", "utf-8")
    with pytest.raises(FormatError, match="not JSON"):
        load_encoder(f"transformers:{place}")
    config.write_text(whole, "utf-8")
    state = load_file(weights)
    save_file(state | {"visual.attn_pool.query": torch.zeros(3)}, weights)
    with pytest.raises(FormatError, match=r"visual\.attn_pool\.query is none of a plain CLIP"):
        load_encoder(f"transformers:{place}")
    del state["visual.proj"]
    save_file(state, weights)
    with pytest.raises(FormatError, match=r"lacks 1 of the model's parameters \(such as visual_projection"):
        load_encoder(f"transformers:{place}")
    weights.rename(place / "open_clip_pytorch_model.bin")
    with pytest.raises(FormatError, match="never read"):
        load_encoder(f"transformers:{place}")
