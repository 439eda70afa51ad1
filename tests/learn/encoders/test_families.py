"""Every family of pretrained models, from tiny random checkpoints; the whole model is the oracle."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whence.errors import FormatError, NotFoundError
from whence.learn.encoders import Staged, load_encoder
from whence.learn.encoders.transformers import TransformersEncoder
from whence.learn.encoders.vision_tower import quiet

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

Checkpoints = dict[str, tuple[Path, Any]]
FAMILIES = ["clip", "laion-clip", "dinov2", "dinov2-registers", "resnet", "efficientnet"]


def reference(family: str, model: Any, pixels: np.ndarray) -> np.ndarray:
    """Vectors by the whole model, the way its authors describe them."""
    tensor = torch.from_numpy(pixels)
    with torch.inference_mode():
        if "clip" in family:
            found = model.get_image_features(pixel_values=tensor)
            found = getattr(found, "pooler_output", found)
        elif "dinov2" in family:
            found = model(pixel_values=tensor).last_hidden_state[:, 0]
        else:
            found = getattr(model, family)(pixel_values=tensor).last_hidden_state
            found = found.mean(dim=(2, 3))
    return torch.nn.functional.normalize(found).numpy()


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_are_those_of_the_whole_model(
    family: str, checkpoints: Checkpoints, images: list[np.ndarray]
) -> None:
    folder, model = checkpoints[family]
    encoder = load_encoder(f"transformers:{folder}")
    assert isinstance(encoder, Staged)
    pixels = np.stack([encoder.prepare(image) for image in images])
    vectors = encoder.encode(images)
    np.testing.assert_allclose(vectors, reference(family, model, pixels), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors.shape == (len(images), encoder.dim)


@pytest.mark.parametrize("family", FAMILIES)
def test_pictures_are_prepared_as_the_authors_say(family: str, checkpoints: Checkpoints) -> None:
    """A flat picture is only normalised; EfficientNet divides twice by the root of the deviation."""
    folder, _ = checkpoints[family]
    encoder = load_encoder(f"transformers:{folder}")
    image = np.full((encoder.input_px, encoder.input_px, 3), (10, 130, 250), np.uint8)
    settings = encoder.processor.to_dict()
    times = 2 if family == "efficientnet" else 1
    flat = (image[0, 0] / 255 - np.array(settings["image_mean"])) / np.array(settings["image_std"]) ** times
    prepared = encoder.prepare(image)
    np.testing.assert_allclose(prepared, np.broadcast_to(flat[:, None, None], prepared.shape), atol=1e-5)


def test_the_text_tower_of_clip_is_not_loaded(checkpoints: Checkpoints) -> None:
    encoder = load_encoder(f"transformers:{checkpoints['clip'][0]}")
    assert not [name for name, _ in encoder.model.named_parameters() if "text" in name]
    assert encoder.dim == 24  # and not the 512 that the tower's own configuration says


@pytest.mark.parametrize("family", FAMILIES)
def test_opening_says_nothing_on_stderr(
    family: str, checkpoints: Checkpoints, capfd: pytest.CaptureFixture[str]
) -> None:
    TransformersEncoder.open(checkpoints[family][0])
    assert capfd.readouterr().err == ""


def test_company_changes_rounding_at_most(checkpoints: Checkpoints) -> None:
    encoder = load_encoder(f"transformers:{checkpoints['dinov2'][0]}")
    pictures = list(np.random.default_rng(1).integers(0, 256, (20, 40, 50, 3), dtype=np.uint8))
    alone = np.concatenate([encoder.encode([picture]) for picture in pictures])
    np.testing.assert_allclose(encoder.encode(pictures), alone, atol=1e-5)


def test_a_long_strip_is_not_scaled_whole(checkpoints: Checkpoints) -> None:
    """8 x 60000 px scaled to 32 px on the short side would be 23 MB; its middle decides, and is the same."""
    encoder = load_encoder(f"transformers:{checkpoints['clip'][0]}")
    strip = np.random.default_rng(0).integers(0, 256, (8, 60_000, 3), dtype=np.uint8)
    middle = strip[:, 30_000 - 40 : 30_000 + 40]
    np.testing.assert_allclose(encoder.prepare(strip), encoder.prepare(middle), atol=0.02)
    calls: list[tuple[int, ...]] = []
    watched = TransformersEncoder(encoder.model, _Watching(encoder.processor, calls), encoder.origin)
    watched.prepare(strip)
    assert calls == [(8, 64, 3)]


class _Watching:
    def __init__(self, processor: Any, calls: list[tuple[int, ...]]) -> None:
        self.processor, self.calls = processor, calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self.processor, name)

    def __call__(self, *, images: list[np.ndarray], **settings: Any) -> Any:
        self.calls.extend(image.shape for image in images)
        return self.processor(images=images, **settings)


def test_identity_changes_with_weights_and_preprocessing_only(
    checkpoints: Checkpoints, tmp_path: Path
) -> None:
    folder, _ = checkpoints["clip"]
    identity = load_encoder(f"transformers:{folder}").identity
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert load_encoder(f"transformers:{copy}").identity == identity
    settings = copy / "preprocessor_config.json"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("CLIPImageProcessor", "CLIPFeatureExtractor"), "utf-8")  # as before 2023
    assert load_encoder(f"transformers:{copy}").identity == identity
    settings.write_text(text.replace("0.48145466", "0.5"), "utf-8")
    assert load_encoder(f"transformers:{copy}").identity != identity


def test_the_same_weights_with_another_activation_are_another_encoder(checkpoints: Checkpoints) -> None:
    """The two checkpoints differ by GELU in place of its quick approximation only, as OpenAI and LAION do."""
    one, other = checkpoints["clip"][1].state_dict(), checkpoints["laion-clip"][1].state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    identities = {
        load_encoder(f"transformers:{checkpoints[name][0]}").identity for name in ("clip", "laion-clip")
    }
    assert len(identities) == 2


def test_half_precision_weights_are_computed_with_in_single(
    checkpoints: Checkpoints, images: list[np.ndarray], tmp_path: Path
) -> None:
    """The oracle is the model whose weights were rounded to half precision and back."""
    folder, model = checkpoints["clip"]
    rounded = copy.deepcopy(model).half()
    with quiet(transformers):
        rounded.save_pretrained(tmp_path)
    shutil.copy(folder / "preprocessor_config.json", tmp_path)
    encoder = load_encoder(f"transformers:{tmp_path}")
    pixels = np.stack([encoder.prepare(image) for image in images])
    np.testing.assert_allclose(encoder.encode(images), reference("clip", rounded.float(), pixels), atol=1e-5)


def test_weights_that_do_not_fill_the_model_are_refused(checkpoints: Checkpoints, tmp_path: Path) -> None:
    """Parameters left at random would give other vectors at each start."""
    from safetensors.torch import load_file, save_file

    folder, _ = checkpoints["dinov2"]
    shutil.copytree(folder, tmp_path / "holed")
    file = tmp_path / "holed/model.safetensors"
    weights = load_file(file)
    del weights["layernorm.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(FormatError, match=r"lacks 1 of the model's parameters \(such as layernorm\.weight\)"):
        load_encoder(f"transformers:{tmp_path / 'holed'}")


def test_a_truncated_file_of_weights_is_a_sentence(checkpoints: Checkpoints, tmp_path: Path) -> None:
    shutil.copytree(checkpoints["clip"][0], tmp_path / "cut")
    file = tmp_path / "cut/model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(FormatError, match="no whole model"):
        load_encoder(f"transformers:{tmp_path / 'cut'}")


def test_a_folder_without_a_configuration_is_a_sentence(checkpoints: Checkpoints, tmp_path: Path) -> None:
    shutil.copytree(checkpoints["clip"][0], tmp_path / "bare")
    (tmp_path / "bare/config.json").unlink()
    with pytest.raises(NotFoundError, match=r"lacks config\.json"):
        load_encoder(f"transformers:{tmp_path / 'bare'}")


def test_an_unknown_preprocessing_is_refused(checkpoints: Checkpoints, tmp_path: Path) -> None:
    shutil.copytree(checkpoints["clip"][0], tmp_path / "odd")
    (tmp_path / "odd/preprocessor_config.json").write_text('{"image_processor_type": "Odd"}', "utf-8")
    with pytest.raises(FormatError, match="no known image preprocessing"):
        load_encoder(f"transformers:{tmp_path / 'odd'}")


def test_the_licence_on_a_model_card_is_kept(checkpoints: Checkpoints, tmp_path: Path) -> None:
    shutil.copytree(checkpoints["clip"][0], tmp_path / "model")
    assert load_encoder(f"transformers:{tmp_path / 'model'}").licence == ""
    (tmp_path / "model/README.md").write_text(
        "---\nlanguage: en\nlicense: mit\n---\nlicense: other\n", "utf-8"
    )
    encoder = load_encoder(f"transformers:{tmp_path / 'model'}")
    assert encoder.licence == "mit"
    encoder.save(tmp_path / "saved")
    assert '"licence": "mit"' in (tmp_path / "saved/encoder.json").read_text("utf-8")


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (900, 1), (3, 5000)])
@pytest.mark.parametrize("family", FAMILIES)
def test_pictures_of_odd_shapes_have_vectors_too(
    family: str, shape: tuple[int, int], checkpoints: Checkpoints
) -> None:
    encoder = load_encoder(f"transformers:{checkpoints[family][0]}")
    vectors = encoder.encode([np.full((*shape, 3), 77, np.uint8)])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
