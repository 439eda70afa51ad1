"""The text tower; the whole model is the oracle."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.encoders import load_encoder
from whence.learn.encoders.clip_text import CLIPTextTower

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

Checkpoints = dict[str, tuple[Path, Any]]
TEXTS = ["a photo taken in Spain", "Россия", "a", "", "a very long text " * 20]


def whole(model: Any, folder: Path, texts: list[str]) -> np.ndarray:
    """Text features of the whole model, one text at a time: no padding."""
    tokenizer = transformers.CLIPTokenizerFast.from_pretrained(folder)
    rows = []
    for text in texts:
        tokens = tokenizer([text], truncation=True, max_length=16, return_tensors="pt")
        with torch.inference_mode():
            found = model.get_text_features(**tokens)
        rows.append(getattr(found, "pooler_output", found)[0].numpy())
    stacked = np.stack(rows)
    return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)


@pytest.mark.parametrize("family", ["clip", "laion-clip"])
def test_vectors_are_those_of_the_whole_model(family: str, checkpoints: Checkpoints) -> None:
    folder, model = checkpoints[family]
    tower = CLIPTextTower.open(folder)
    vectors = tower.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), tower.dim) == (5, 24)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, whole(model, folder, TEXTS), atol=1e-5)


def test_likenesses_are_the_logits_of_the_whole_model(
    checkpoints: Checkpoints, images: list[np.ndarray]
) -> None:
    """Vectors of pictures and of texts lie in one space: the model's own logits per image."""
    folder, model = checkpoints["clip"]
    encoder, tower = load_encoder(f"transformers:{folder}"), CLIPTextTower.open(f"transformers:{folder}")
    logits = tower.logit_scale * encoder.encode(images) @ tower.encode(TEXTS).T
    tokens = transformers.CLIPTokenizerFast.from_pretrained(folder)(
        TEXTS, padding=True, truncation=True, max_length=16, return_tensors="pt"
    )
    pixels = torch.from_numpy(np.stack([encoder.prepare(image) for image in images]))
    with torch.inference_mode():
        expected = model(pixel_values=pixels, **tokens).logits_per_image.numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-3)


def test_the_scale_is_the_exponential_of_what_is_stored(checkpoints: Checkpoints) -> None:
    folder, model = checkpoints["clip"]
    tower = CLIPTextTower.open(folder)
    assert tower.logit_scale == pytest.approx(math.exp(model.logit_scale.item()))
    assert tower.logit_scale == pytest.approx(1 / 0.07, rel=1e-3)  # where training starts


def test_vocabulary_and_merges_do_for_a_tokenizer(checkpoints: Checkpoints, tmp_path: Path) -> None:
    folder, _ = checkpoints["clip"]
    shutil.copytree(folder, tmp_path / "old")
    (tmp_path / "old/tokenizer.json").unlink()
    assert (tmp_path / "old/vocab.json").exists()
    np.testing.assert_allclose(
        CLIPTextTower.open(tmp_path / "old").encode(TEXTS),
        CLIPTextTower.open(folder).encode(TEXTS),
        atol=1e-6,
    )


def test_the_vision_tower_is_not_loaded(checkpoints: Checkpoints) -> None:
    tower = CLIPTextTower.open(checkpoints["clip"][0])
    assert not [name for name, _ in tower.model.named_parameters() if "vision" in name or "visual" in name]
    assert tower.encode([]).shape == (0, 24)
    assert tower.identity == CLIPTextTower.open(checkpoints["clip"][0]).identity


def test_one_text_is_not_taken_for_its_letters(checkpoints: Checkpoints) -> None:
    with pytest.raises(InputError, match="list of texts"):
        CLIPTextTower.open(checkpoints["clip"][0]).encode("Spain")


def test_what_cannot_read_is_refused(checkpoints: Checkpoints, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="lacks the tokenizer"):
        CLIPTextTower.open(checkpoints["dinov2"][0])
    shutil.copytree(checkpoints["dinov2"][0], tmp_path / "dino")
    shutil.copy(checkpoints["clip"][0] / "tokenizer.json", tmp_path / "dino")
    with pytest.raises(FormatError, match="a dinov2 model, which reads no texts"):
        CLIPTextTower.open(tmp_path / "dino")
    with pytest.raises(NotFoundError, match="no name on the Hugging Face hub"):
        CLIPTextTower.open(tmp_path / "absent")
