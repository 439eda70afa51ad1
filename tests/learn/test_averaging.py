"""The running mean of weights: against a plain loop, and the bits of a mean that was kept."""

from __future__ import annotations

import pytest
import torch

from whence.errors import InputError
from whence.learn.averaging import Average, share_kept


def stepped(module: torch.nn.Module, number: int) -> torch.nn.Module:
    torch.manual_seed(number)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter))
    module(torch.randn(8, 3))  # moves the running statistics
    return module


def test_it_is_the_recursion_of_every_weight() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    average = Average(module, 0.9)
    wanted = {name: tensor.double() for name, tensor in module.state_dict().items()}
    for step in range(1, 200):
        average.add(stepped(module, step), step)
        kept = min(0.9, step / (step + 9))
        for name, tensor in module.state_dict().items():
            wanted[name] = kept * wanted[name] + (1 - kept) * tensor.double()
    assert int(average.state["1.num_batches_tracked"]) == 199
    for name, tensor in average.state.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor.double(), wanted[name], rtol=1e-5, atol=1e-5)


def test_without_decay_it_is_the_module_itself() -> None:
    module = torch.nn.Linear(3, 3)
    average = Average(module, 0.0)
    average.add(stepped(module, 1), 1)
    assert share_kept(1, 0.0) == 0.0
    assert torch.equal(average.state["weight"], module.weight)


def test_a_kept_mean_goes_on_to_the_same_bits() -> None:
    module = torch.nn.Linear(3, 3)
    one = Average(module, 0.99)
    one.add(stepped(module, 1), 1)
    two = Average(module, 0.99)
    two.load({name: tensor.clone() for name, tensor in one.state.items()})
    stepped(module, 2)
    one.add(module, 2)
    two.add(module, 2)
    assert torch.equal(one.state["weight"], two.state["weight"])


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_a_decay_that_forgets_nothing_is_refused(decay: float) -> None:
    with pytest.raises(InputError, match="decay"):
        Average(torch.nn.Linear(1, 1), decay)
