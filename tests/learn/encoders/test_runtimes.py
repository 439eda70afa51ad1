"""Other runtimes; torch in float32 is the oracle, on tiny random checkpoints of every family."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whence.errors import FormatError, InputError, MissingExtraError
from whence.learn.encoders import load_encoder
from whence.learn.encoders.runtimes import RUNTIMES, Fidelity, accelerated, fastest, time_runtimes
from whence.learn.encoders.runtimes.acceleration import LEAST_COSINE
from whence.learn.encoders.runtimes.fidelity import probe_pictures
from whence.learn.encoders.transformers import TransformersEncoder

for module in ("torch", "transformers", "onnx", "onnxruntime", "openvino"):
    pytest.importorskip(module)

Checkpoints = dict[str, tuple[Path, Any]]
FAMILIES = ["clip", "laion-clip", "dinov2", "dinov2-registers", "resnet", "efficientnet"]
SHORT = {"bf16": 3e-2, "int8": 6e-2}


@pytest.fixture(scope="module")
def encoders(checkpoints: Checkpoints) -> dict[str, TransformersEncoder]:
    return {name: TransformersEncoder.open(folder) for name, (folder, _) in checkpoints.items()}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(cache))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("runtime", ["torch", "onnx", "openvino"])
def test_float32_runtimes_agree_and_keep_the_identity(
    family: str, runtime: str, encoders: Any, cache: Path, images: list[np.ndarray]
) -> None:
    encoder = encoders[family]
    fast = accelerated(encoder, runtime, cache=cache)
    np.testing.assert_allclose(fast.encode(images), encoder.encode(images), atol=1e-4)
    assert fast.identity == encoder.identity
    assert (fast.dim, fast.input_px) == (encoder.dim, encoder.input_px)
    assert fast.fidelity.min_cosine > 0.99999


@pytest.mark.parametrize("runtime", ["torch-bf16", "openvino-bf16", "onnx-int8"])
@pytest.mark.parametrize("family", ["clip", "dinov2"])
def test_other_numerics_are_near_and_say_so_in_the_identity(
    family: str, runtime: str, encoders: Any, cache: Path, images: list[np.ndarray]
) -> None:
    encoder = encoders[family]
    fast = accelerated(encoder, runtime, cache=cache)
    numerics = RUNTIMES[runtime].numerics
    vectors, true = fast.encode(images), encoder.encode(images)
    np.testing.assert_allclose(vectors, true, atol=SHORT[numerics])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(vectors - true).max() > 1e-6, "nothing was shortened"
    assert fast.identity == f"{encoder.identity}+{numerics}"


@pytest.mark.parametrize("runtime", list(RUNTIMES))
def test_any_number_of_pictures_goes_through(runtime: str, encoders: Any, cache: Path) -> None:
    """The network was exported with two pictures; company alters the rounding at most."""
    fast = accelerated(encoders["clip"], runtime, cache=cache)
    pictures = probe_pictures(32, count=19)
    together = fast.encode(pictures)
    assert fast.encode([]).shape == (0, fast.dim)
    # Activations are quantised with the range of the whole batch.
    atol = {"float32": 1e-5, "bf16": 2e-2, "int8": 5e-2}[fast.runtime.numerics]
    for row in (0, 18):
        np.testing.assert_allclose(fast.encode([pictures[row]])[0], together[row], atol=atol)


def test_the_network_is_exported_once(encoders: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    accelerated(encoders["clip"], "onnx", cache=tmp_path)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("exported again")

    monkeypatch.setattr(torch.onnx, "export", refuse)
    accelerated(encoders["clip"], "openvino", cache=tmp_path)
    accelerated(encoders["clip"], "onnx-int8", cache=tmp_path)
    assert not [path for path in tmp_path.rglob("*") if "part" in path.name]


def test_an_interrupted_export_leaves_nothing(
    encoders: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def half(module: Any, arguments: Any, path: str, **_: Any) -> None:
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(torch.onnx, "export", half)
        with pytest.raises(KeyboardInterrupt):
            accelerated(encoders["clip"], "onnx", cache=tmp_path)
    assert list(tmp_path.iterdir()) == []
    accelerated(encoders["clip"], "onnx", cache=tmp_path)


@pytest.mark.parametrize("runtime", ["onnx", "onnx-int8"])
def test_a_saved_one_comes_back(
    runtime: str, encoders: Any, tmp_path: Path, images: list[np.ndarray]
) -> None:
    fast = accelerated(encoders["clip"], runtime)
    fast.save(tmp_path / "encoder")
    again = load_encoder(tmp_path / "encoder")
    assert again.identity == fast.identity
    np.testing.assert_allclose(again.encode(images), fast.encode(images), atol=1e-5)
    # Without other numerics there is no need of the runtime where the index is used.
    assert isinstance(again, TransformersEncoder) == (runtime == "onnx")


def test_another_model_in_the_place_of_a_saved_one_is_noticed(
    encoders: Any, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    place = tmp_path / "model"
    shutil.copytree(checkpoints["clip"][0], place)
    accelerated(TransformersEncoder.open(place), "torch-bf16").save(tmp_path / "encoder")
    shutil.rmtree(place)
    shutil.copytree(checkpoints["laion-clip"][0], place)
    settings = place / "preprocessor_config.json"
    settings.write_text(settings.read_text("utf-8").replace("0.48145466", "0.5"), "utf-8")
    with pytest.raises(FormatError, match="restore it"):
        load_encoder(tmp_path / "encoder")


def test_a_runtime_of_the_same_numerics_stands_in(
    encoders: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = accelerated(encoders["clip"], "openvino-bf16")
    saved.save(tmp_path)
    absent = "whence.learn.encoders.runtimes.table.available"
    monkeypatch.setattr(absent, lambda module: module != "openvino")
    again = load_encoder(tmp_path)
    assert (again.runtime.name, again.identity) == ("torch-bf16", saved.identity)
    monkeypatch.setattr(absent, lambda module: module != "onnxruntime")
    with pytest.raises(MissingExtraError, match=r"onnx-int8 needs onnxruntime.*whence\[runtimes\]"):
        accelerated(encoders["clip"], "onnx-int8")


def test_a_file_of_an_unknown_runtime_is_refused(encoders: Any, tmp_path: Path) -> None:
    accelerated(encoders["clip"], "torch-bf16").save(tmp_path)
    file = tmp_path / "encoder.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | {"runtime": "abacus"}), "utf-8")
    with pytest.raises(FormatError, match="unknown runtime 'abacus'"):
        load_encoder(tmp_path)


def test_convolutions_gain_nothing_from_int8(encoders: Any, cache: Path) -> None:
    with pytest.raises(InputError, match="consists of convolutions"):
        accelerated(encoders["resnet"], "onnx-int8", cache=cache)


def test_vectors_that_change_too_much_are_refused_unless_forced(
    encoders: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LEAST_COSINE, "int8", 1.1)
    with pytest.raises(InputError, match=r"onnx-int8 changes the vectors .* 1\.1 is the least"):
        accelerated(encoders["clip"], "onnx-int8", cache=cache)
    assert accelerated(encoders["clip"], "onnx-int8", cache=cache, force=True).fidelity.min_cosine < 1.1


def test_auto_keeps_to_float32_where_bf16_changes_too_much(
    encoders: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whence.learn.encoders.runtimes import acceleration

    monkeypatch.setattr(acceleration, "fastest", lambda *, bf16=True: fastest(cuda=False, bf16=bf16))
    assert accelerated(encoders["clip"], cache=cache).runtime.name == "openvino-bf16"
    monkeypatch.setitem(acceleration.LEAST_COSINE, "bf16", 1.1)
    kept = accelerated(encoders["clip"], cache=cache)
    assert (kept.runtime.name, kept.identity) == ("openvino", encoders["clip"].identity)


def test_other_kinds_and_names_are_refused(encoders: Any) -> None:
    with pytest.raises(InputError, match="only encoders of the transformers library"):
        accelerated(load_encoder("thumbnail"))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no runtime is called 'cuda'"):
        accelerated(encoders["clip"], "cuda")
    with pytest.raises(InputError, match="give at least two"):
        accelerated(encoders["clip"], "torch-bf16", pictures=[np.zeros((9, 9, 3), np.uint8)])


def test_the_order_of_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stated order, device by device; int8 is never in it."""
    chosen = [fastest(cuda=cuda, bf16=bf16).name for cuda in (True, False) for bf16 in (True, False)]
    assert chosen == ["torch-bf16", "torch", "openvino-bf16", "openvino"]
    monkeypatch.setattr(
        "whence.learn.encoders.runtimes.table.available", lambda module: module not in ("openvino", "onnx")
    )
    assert [fastest(cuda=False, bf16=bf16).name for bf16 in (True, False)] == ["torch-bf16", "torch"]


def test_fidelity_by_hand() -> None:
    """Two pictures a right angle apart (squared distance 2), one of them turned by 60 degrees (1)."""
    true = np.array([[1, 0], [0, 1]], np.float32)
    found = np.array([[1, 0], [np.sin(np.pi / 3), 0.5]], np.float32)
    fidelity = Fidelity.measure(found, true)
    assert fidelity.min_cosine == pytest.approx(0.5)
    assert fidelity.mean_cosine == pytest.approx(0.75)
    assert fidelity.max_difference == pytest.approx(np.sin(np.pi / 3))
    assert fidelity.relative == pytest.approx((0 + 1) / 2 / 2)
    assert not fidelity.agrees
    assert Fidelity.measure(true, true).agrees
    assert Fidelity.from_json(json.loads(json.dumps(fidelity.to_json()))) == fidelity


def test_probe_pictures_have_the_spectrum_of_photographs() -> None:
    """Power falls with the square of frequency: the slope in log-log is -2, a little steeper by the blur."""
    pictures = probe_pictures(128, count=4)
    assert [picture.shape for picture in pictures] == [(128, 170, 3)] * 4
    slopes = []
    for picture in pictures:
        power = np.abs(np.fft.fft2(picture[..., 1] - picture[..., 1].mean())) ** 2
        frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(170)[None, :])
        inside = (frequency > 0.03) & (frequency < 0.2)
        slopes.append(np.polyfit(np.log(frequency[inside]), np.log(power[inside]), 1)[0])
    assert np.mean(slopes) == pytest.approx(-2.3, abs=0.4)
    assert np.std([picture.mean() for picture in pictures]) > 1


def test_times_are_told_for_all_and_a_reason_where_there_is_none(encoders: Any, cache: Path) -> None:
    rows = time_runtimes(encoders["resnet"], ["torch", "onnx", "onnx-int8"], batch_size=2, cache=cache)
    assert [row.runtime for row in rows] == ["torch", "onnx", "onnx-int8"]
    assert all(row.images_per_s > 0 and row.fidelity is not None for row in rows[:2])
    assert rows[2].fidelity is None
    assert "convolutions" in rows[2].problem


@pytest.mark.gpu
def test_a_gpu_computes_nearly_the_same(encoders: Any, cache: Path, images: list[np.ndarray]) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    for runtime, atol in (("torch", 2e-3), ("torch-bf16", 3e-2)):
        fast = accelerated(encoders["clip"], runtime, cache=cache)
        np.testing.assert_allclose(fast.encode(images), encoders["clip"].encode(images), atol=atol)
    assert fastest().name == "torch-bf16"
    assert next(encoders["clip"].model.parameters()).device.type == "cpu"
