"""Network and loss as one: what they compute, and how often they are compiled."""

import numpy as np
import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter
from torch.nn import functional

from ceteris.engine import objective
from ceteris.engine.device import Conditions
from ceteris.engine.objective import NetworkAndLoss, compile_objective
from ceteris.engine.setup import Trial
from ceteris.engine.train import train

MORE_THAN_TORCH_KEEPS = 10


@pytest.fixture
def counter(monkeypatch):
    """Stands in for Inductor, which needs a C++ compiler."""
    counter = CompileCounter()
    monkeypatch.setattr(objective, "COMPILER", {"dynamic": False, "backend": counter})
    with torch.compiler.config.patch(recompile_limit=8):
        yield counter
    torch.compiler.reset()


def network(layers: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), *(nn.Linear(12, 12) for _ in range(layers)))


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(5, 3, 2, 2, generator=torch.Generator().manual_seed(0)), torch.arange(5)


def test_logits_are_the_networks_in_fp32_and_the_loss_is_of_them():
    net, (images, labels) = network(2).to(torch.bfloat16), batch()
    logits, loss = NetworkAndLoss(net, functional.cross_entropy)(images.to(torch.bfloat16), labels)
    assert torch.equal(logits, net(images.to(torch.bfloat16)).float())
    assert torch.equal(loss, functional.cross_entropy(logits, labels))


def test_compiled_it_is_the_same_and_compiled_once_for_networks_of_one_shape(counter):
    for net in (network(2), network(2)):
        plain = NetworkAndLoss(net, functional.cross_entropy)
        assert all(map(torch.equal, compile_objective(plain)(*batch()), plain(*batch())))
    assert counter.frame_count == 1


def test_no_network_of_a_large_study_is_left_uncompiled(counter):
    for layers in range(1, 1 + MORE_THAN_TORCH_KEEPS):
        compile_objective(NetworkAndLoss(network(layers), functional.cross_entropy))(*batch())
    assert counter.frame_count == MORE_THAN_TORCH_KEEPS


def test_a_trial_trains_its_whole_batches_compiled_and_comes_to_the_same(shapes, recipe, counter, monkeypatch):
    trial, compiled_sizes = Trial("0" * 64, recipe(batch_size=40, epochs=2), 0), []

    def compiled_and_noted(made):
        compiled = compile_objective(made)

        def noted(images, labels):
            compiled_sizes.append(len(images))
            return compiled(images, labels)

        return noted

    monkeypatch.setattr("ceteris.engine.setup.compile_objective", compiled_and_noted)
    compiled, plain = (train(trial, shapes, Conditions(compiled=chosen)) for chosen in (True, False))

    assert compiled_sizes == [40] * 4  # two an epoch; the last batch has the rest
    np.testing.assert_allclose(compiled.steps["loss"], plain.steps["loss"], rtol=1e-5)
    assert len(compiled.steps["loss"]) == 6
    assert (compiled.environment.get("compiled"), plain.environment.get("compiled")) == (True, None)
