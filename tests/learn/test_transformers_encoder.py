"""Transformers models from tiny random checkpoints in the real file layout; plain torch is the oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from whence.errors import FormatError, NotFoundError
from whence.learn.encoders import load_encoder

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def write_clip(folder: Path) -> Any:
    tower = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = tower | {"vocab_size": 50, "max_position_embeddings": 8, "bos_token_id": 1, "eos_token_id": 2}
    config = transformers.CLIPConfig(
        text_config=text, vision_config=tower | {"image_size": 32, "patch_size": 8}, projection_dim=12
    )
    return write(transformers.CLIPModel(config), "CLIPImageProcessor", folder, size_px=32)


def write_dinov2(folder: Path) -> Any:
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    return write(transformers.Dinov2Model(config), "BitImageProcessor", folder, size_px=28)


def write(model: Any, processor: str, folder: Path, *, size_px: int) -> Any:
    model.eval().save_pretrained(folder)
    kind = getattr(transformers, f"{processor}Pil", None) or getattr(transformers, processor)
    square = {"height": size_px, "width": size_px}
    kind(
        size={"shortest_edge": size_px}, crop_size=square, image_mean=CLIP_MEAN, image_std=CLIP_STD
    ).save_pretrained(folder)
    return model


def normalised(image: np.ndarray) -> Any:
    """What both preprocessings make of an image that has the right size already: (1, 3, h, w)."""
    planes = (image / 255 - np.array(CLIP_MEAN)) / np.array(CLIP_STD)
    return torch.from_numpy(planes.transpose(2, 0, 1)[None].astype(np.float32))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("clip")
    return folder, write_clip(folder)


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


def test_clip_gives_its_projected_image_features(clip: tuple[Path, Any], image: np.ndarray) -> None:
    folder, model = clip
    with torch.inference_mode():
        hidden = model.vision_model(pixel_values=normalised(image)).pooler_output
        expected = torch.nn.functional.normalize(model.visual_projection(hidden)).numpy()
    encoder = load_encoder(f"transformers:{folder}")
    assert (encoder.dim, encoder.input_px) == (12, 32)
    np.testing.assert_allclose(encoder.encode([image]), expected, atol=1e-5)


def test_dinov2_gives_its_normalised_class_token(tmp_path: Path, image: np.ndarray) -> None:
    model = write_dinov2(tmp_path)
    with torch.inference_mode():
        tokens = model(pixel_values=normalised(image[:28, :28])).last_hidden_state
        expected = torch.nn.functional.normalize(tokens[:, 0]).numpy()
    encoder = load_encoder(f"transformers:{tmp_path}")
    np.testing.assert_allclose(encoder.encode([image[:28, :28]]), expected, atol=1e-5)


def test_company_changes_rounding_at_most(clip: tuple[Path, Any]) -> None:
    encoder = load_encoder(f"transformers:{clip[0]}")
    images = list(np.random.default_rng(1).integers(0, 256, (20, 40, 50, 3), dtype=np.uint8))
    alone = np.concatenate([encoder.encode([image]) for image in images])
    np.testing.assert_allclose(encoder.encode(images), alone, atol=1e-5)


def test_a_saved_encoder_names_its_model_and_notices_another(
    clip: tuple[Path, Any], image: np.ndarray, tmp_path: Path
) -> None:
    encoder = load_encoder(f"transformers:{clip[0]}")
    encoder.save(tmp_path)
    again = load_encoder(tmp_path)
    assert again.identity == encoder.identity
    np.testing.assert_array_equal(again.encode([image]), encoder.encode([image]))
    settings = tmp_path / "encoder.json"
    settings.write_text(settings.read_text().replace(encoder.identity, "transformers-clip-0"))
    with pytest.raises(FormatError, match="not the one that was used"):
        load_encoder(tmp_path)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    model = write_dinov2(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(FormatError, match="never read"):
        load_encoder(f"transformers:{tmp_path}")


def test_a_folder_without_preprocessing_is_refused(tmp_path: Path) -> None:
    write_dinov2(tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(NotFoundError, match=r"preprocessor_config\.json"):
        load_encoder(f"transformers:{tmp_path}")


def test_a_model_out_of_reach_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(NotFoundError, match="use the classic encoder"):
        load_encoder("transformers:nobody/no-such-model")


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no folder"):
        load_encoder(f"transformers:{tmp_path / 'missing'}")


def test_a_mistyped_folder_is_not_looked_for_on_the_hub() -> None:
    with pytest.raises(NotFoundError, match="owner/name"):
        load_encoder("transformers:nothere")
