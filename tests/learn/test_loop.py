"""The training loop: what it finds, when it stops, and that a training cut in two is the same training."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from whence.errors import DivergedError, FormatError, InputError, NotEnoughDataError
from whence.learn.batches import Side
from whence.learn.history import read_history, write_history
from whence.learn.loop import LoopSettings, Watch, train
from whence.learn.parallel import Accelerated


class Vectors:
    """Rows in memory."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values.astype(np.float32)
        self.dim = values.shape[1]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, which) -> np.ndarray:
        return self.values[which]


class Line:
    """Least squares with dropout of the inputs: a learner with every kind of chance."""

    def __init__(
        self, dim: int = 6, *, dropout: float = 0.2, seed: int = 0, own_chance: bool = False
    ) -> None:
        self.module = torch.nn.Linear(dim, 2)
        self.dropout, self.own_chance = dropout, own_chance
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in self.module.parameters():
                weight.copy_(torch.rand(weight.shape, generator=generator) - 0.5)

    def loss(self, features, targets, generator):
        if generator is not None and self.dropout:
            chance = None if self.own_chance else generator
            kept = torch.rand(features.shape, generator=chance) >= self.dropout
            features = features * kept / (1.0 - self.dropout)
        return ((self.module(features) - targets["y"]) ** 2).sum(1).mean()


def sides(seed: int = 0, n: int = 300, noise: float = 0.1) -> tuple[Side, Side]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(6, 2))
    made = []
    for count in (n, n // 3):
        x = rng.normal(size=(count, 6))
        y = x @ truth + 0.5 + noise * rng.normal(size=(count, 2))
        made.append(Side(Vectors(x), {"y": torch.from_numpy(y.astype(np.float32))}))
    return made[0], made[1]


QUICK = LoopSettings(batch=32, max_epochs=8, patience=8, lr=0.02, device="cpu", checkpoint_every_s=0.0)


def weights(learner: Line) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in learner.module.state_dict().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


def figures(history) -> list[tuple[float, ...]]:
    return [(row.epoch, row.train_loss, row.validation_loss, row.lr) for row in history]


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd", "lamb"])
def test_every_optimiser_finds_the_least_squares_line(optimiser: str) -> None:
    """The oracle is the normal equations."""
    both = sides()
    learner = Line(dropout=0.0)
    rate = {"sgd": 0.01, "lamb": 0.05}.get(optimiser, 0.02)
    settings = replace(QUICK, optimiser=optimiser, lr=rate, max_epochs=60, patience=60, schedule="cosine")
    train(learner, both, settings)
    x = np.column_stack([both[0].rows.values, np.ones(300)])
    exact = np.linalg.lstsq(x, both[0].targets["y"].numpy(), rcond=None)[0]
    found = np.vstack([learner.module.weight.detach().numpy().T, learner.module.bias.detach().numpy()])
    np.testing.assert_allclose(found, exact, atol=0.02)


def test_one_epoch_equals_a_plain_loop() -> None:
    """Plain torch over the same order, written out."""
    both = sides()
    learner, plain = Line(dropout=0.0), Line(dropout=0.0)
    seen: list[torch.Tensor] = []
    inner = learner.loss

    def watched(features, targets, generator):
        if generator is not None:
            seen.append(features.clone())
        return inner(features, targets, generator)

    learner.loss = watched
    history = train(learner, both, replace(QUICK, max_epochs=1))
    rows = {tuple(row): place for place, row in enumerate(both[0].rows.values.tolist())}
    optimiser = torch.optim.Adam(plain.module.parameters(), lr=QUICK.lr)
    losses = []
    for features in seen:
        places = [rows[tuple(row)] for row in features.tolist()]
        optimiser.zero_grad()
        loss = plain.loss(features, {"y": both[0].targets["y"][places]}, None)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert same(weights(learner), weights(plain))
    assert sorted(
        place for features in seen for place in [rows[tuple(r)] for r in features.tolist()]
    ) == list(range(300))
    assert history[0].train_loss == pytest.approx(np.mean(losses), rel=1e-6)
    validation = plain.loss(torch.from_numpy(both[1].rows.values), both[1].targets, None)
    assert history[0].validation_loss == pytest.approx(validation.item(), rel=1e-6)


def test_it_stops_when_nothing_improves_and_gives_the_best_back() -> None:
    """A rate so high that the loss rises: the first epoch's weights are the best."""
    both = sides()
    learner = Line(dropout=0.0)
    seen: list[dict[str, torch.Tensor]] = []
    watch = Watch(epoch=lambda _row: seen.append(weights(learner)))
    history = train(learner, both, replace(QUICK, lr=0.3, max_epochs=50, patience=3), watch=watch)
    losses = [row.validation_loss for row in history]
    best = int(np.argmin(losses))
    assert len(history) == best + 1 + 3 < 50
    assert same(weights(learner), seen[best])
    assert not learner.module.training


@pytest.mark.parametrize("own_chance", [False, True], ids=["given generator", "torch's own chance"])
@pytest.mark.parametrize("optimiser", ["adam", "sgd", "lamb"])
@pytest.mark.parametrize("stop", [1, 4])
def test_a_training_cut_in_two_is_the_same_training(
    tmp_path: Path, optimiser: str, stop: int, own_chance: bool
) -> None:
    settings = replace(QUICK, optimiser=optimiser, schedule="cosine", warmup_epochs=1.5, clip=1.0)
    whole = Line(own_chance=own_chance)
    expected = train(whole, sides(), settings)

    def interrupt(row) -> None:
        if row.epoch == stop:
            raise KeyboardInterrupt

    path = tmp_path / "head.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(Line(own_chance=own_chance), sides(), settings, checkpoint=path, watch=Watch(epoch=interrupt))
    torch.rand(3)  # whatever else draws in the process does not matter
    again = Line(seed=99, own_chance=own_chance)
    found = train(again, sides(), settings, checkpoint=path)
    assert figures(found) == figures(expected)
    assert same(weights(again), weights(whole))


_KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from test_loop import QUICK, Line, Watch, sides, train
def end(row):
    if row.epoch == 5:
        os.kill(os.getpid(), signal.SIGKILL)
train(Line(), sides(), QUICK, checkpoint={path!r}, watch=Watch(batch=lambda done, total: None, epoch=end))
"""


def test_a_killed_training_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    path = tmp_path / "head.safetensors"
    code = _KILLED.format(tests=str(Path(__file__).parent), path=str(path))
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    whole, again = Line(), Line(seed=3)
    expected = train(whole, sides(), QUICK)
    assert figures(train(again, sides(), QUICK, checkpoint=path)) == figures(expected)
    assert same(weights(again), weights(whole))


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "head.safetensors"
    first, second = Line(), Line(seed=5)
    train(first, sides(), QUICK, checkpoint=path)
    calls: list[int] = []
    history = train(second, sides(), QUICK, checkpoint=path, watch=Watch(batch=lambda d, t: calls.append(d)))
    assert calls == []
    assert len(history) == 8
    assert same(weights(first), weights(second))


@pytest.mark.parametrize(
    ("change", "told"), [({"batch": 64}, "batch was 32 and is 64"), ({"lr": 0.5}, "lr was")]
)
def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, change: dict, told: str) -> None:
    path = tmp_path / "head.safetensors"
    train(Line(), sides(), replace(QUICK, max_epochs=2), checkpoint=path)
    with pytest.raises(InputError, match=told):
        train(Line(), sides(), replace(QUICK, max_epochs=2, **change), checkpoint=path)


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "head.safetensors"
    train(Line(), sides(), replace(QUICK, max_epochs=2), checkpoint=path, facts={"data": "one"})
    with pytest.raises(InputError, match="data was 'one' and is 'two'"):
        train(Line(), sides(), replace(QUICK, max_epochs=2), checkpoint=path, facts={"data": "two"})


@pytest.mark.parametrize("harm", ["cut", "text", "foreign"])
def test_a_broken_checkpoint_is_refused(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "head.safetensors"
    train(Line(), sides(), replace(QUICK, max_epochs=1), checkpoint=path)
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    elif harm == "text":
        path.write_text("no checkpoint")
    else:
        from safetensors.torch import save_file

        save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(FormatError, match="--restart"):
        train(Line(), sides(), replace(QUICK, max_epochs=1), checkpoint=path)


def test_a_loss_that_is_no_number_names_the_step() -> None:
    """The 2nd epoch has batches of 32 of 300: step 7 meets the bad target's batch, wherever it lies."""
    train_side, validation = sides()
    learner = Line(dropout=0.0)
    calls = {"n": 0}
    inner = learner.loss

    def explode(features, targets, generator):
        calls["n"] += generator is not None
        loss = inner(features, targets, generator)
        return loss * float("nan") if calls["n"] == 10 + 7 else loss

    learner.loss = explode
    with pytest.raises(DivergedError, match=r"GeoLocB16-LSl: the loss is nan at step 7 of epoch 2"):
        train(learner, (train_side, validation), QUICK, name="GeoLocB16-LSl")


def test_an_infinite_validation_loss_is_named() -> None:
    train_side, validation = sides()
    validation.targets["y"][3] = float("inf")
    with pytest.raises(DivergedError, match="validation loss is inf after epoch 1"):
        train(Line(), (train_side, validation), QUICK)


def test_an_empty_side_is_refused() -> None:
    train_side, _ = sides()
    empty = Side(Vectors(np.empty((0, 6))), {"y": torch.empty(0, 2)})
    with pytest.raises(NotEnoughDataError, match="no samples to stop by"):
        train(Line(), (train_side, empty), QUICK)
    with pytest.raises(NotEnoughDataError, match="no samples to learn from"):
        train(Line(), (empty, train_side), QUICK)


def test_clipping_bounds_the_first_step_of_plain_descent() -> None:
    both = sides()
    learner = Line(dropout=0.0)
    before = weights(learner)
    steps: list[float] = []

    def note(_done: int, _total: int) -> None:
        if not steps:
            moved = [(learner.module.state_dict()[name] - before[name]).flatten() for name in before]
            steps.append(float(torch.cat(moved).norm()))

    settings = replace(QUICK, optimiser="sgd", clip=0.01, lr=0.5, max_epochs=1)
    train(learner, both, settings, watch=Watch(batch=note))
    assert steps[0] == pytest.approx(0.5 * 1.9 * 0.01, rel=1e-3)  # Nesterov's first step: (1 + 0.9) g


def test_mixed_precision_is_near_and_not_the_same() -> None:
    exact, coarse = Line(dropout=0.0), Line(dropout=0.0)
    first = train(exact, sides(), QUICK)
    second = train(coarse, sides(), replace(QUICK, precision="bf16"))
    assert not same(weights(exact), weights(coarse))
    assert coarse.module.weight.dtype == torch.float32
    assert second[-1].validation_loss == pytest.approx(first[-1].validation_loss, rel=0.2)


def test_weights_draw_rare_samples_more_often() -> None:
    """Two constants, one of them in every tenth sample: balanced, the best constant lies between them."""
    y = np.zeros((2000, 2), np.float32)
    y[::10] = 1.0
    rows = Vectors(np.zeros((2000, 6)))
    weights_of = np.where(y[:, 0] > 0, 9.0, 1.0)
    balanced = Side(rows, {"y": torch.from_numpy(y)}, weights_of)
    plain = Side(rows, {"y": torch.from_numpy(y)})
    settings = replace(QUICK, batch=200, max_epochs=40, patience=40, schedule="cosine", lr=0.05)
    found = {}
    for name, side in (("balanced", balanced), ("plain", plain)):
        learner = Line(dropout=0.0)
        train(
            learner,
            (side, side if name == "plain" else Side(rows, {"y": torch.full((2000, 2), 0.5)})),
            settings,
        )
        found[name] = float(learner.module.bias.detach().mean())
    assert found["plain"] == pytest.approx(0.1, abs=0.02)
    assert found["balanced"] == pytest.approx(0.5, abs=0.05)


def test_one_process_of_accelerate_changes_nothing() -> None:
    from accelerate import Accelerator

    alone, beside = Line(), Line()
    first = train(alone, sides(), QUICK)
    second = train(beside, sides(), QUICK, parallel=Accelerated(Accelerator(cpu=True)))
    assert figures(first) == figures(second)
    assert same(weights(alone), weights(beside))


def test_history_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    history = train(Line(), sides(), replace(QUICK, max_epochs=3))
    write_history(tmp_path / "history.csv", history)
    assert read_history(tmp_path / "history.csv") == history
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="no history"):
        read_history(tmp_path / "other.csv")
