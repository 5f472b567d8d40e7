"""The usual script trains the same network: only the order of activation and pooling is the tutorials'."""

import pytest
import torch

from bench.cases import CPU_CASES
from bench.usual import network, optimizer
from ceteris.registry import part


@pytest.mark.parametrize("one", CPU_CASES, ids=lambda one: one.model)
def test_the_rivals_network_computes_the_same(one):
    theirs, ours = network(one), part("model", one.model).build({}, classes=10, channels=3, image_size=32)
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))

    assert torch.equal(theirs(images), ours(images))


@pytest.mark.parametrize("one", CPU_CASES, ids=lambda one: one.model)
def test_activations_come_before_pooling(one):
    names = [type(module).__name__ for module in network(one).modules() if not list(module.children())]
    pools = [place for place, name in enumerate(names) if name == "MaxPool2d"]

    assert all(names[place - 1] == "ReLU" for place in pools)


@pytest.mark.parametrize("one", CPU_CASES, ids=lambda one: one.model)
def test_the_optimizer_has_the_recipes_options(one):
    made = optimizer(one, network(one))

    assert all(made.defaults[name] == value for name, value in one.optimizer.items() if name != "name")
    assert not made.defaults["fused"]
