"""Activations against their formulas."""

import math

import pytest
import torch

from ceteris.errors import InputError
from ceteris.models.layers.activations import ACTIVATIONS, activation_layer

FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "mish": lambda x: x * math.tanh(math.log1p(math.exp(x))),
    "tanh": math.tanh,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_are_those_of_the_formula(name):
    points = torch.linspace(-6, 6, 241, dtype=torch.float64)
    expected = torch.tensor([FORMULAS[name](float(x)) for x in points], dtype=torch.float64)
    torch.testing.assert_close(activation_layer(name)(points), expected)


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match=r"unknown activation 'gellu' \(did you mean 'gelu'\?\)"):
        activation_layer("gellu")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_in_place_gives_the_same_bits_forward_and_backward(name):
    inputs = torch.randn(2, 5, 7, 7, generator=torch.Generator().manual_seed(0))
    outcomes = []
    for in_place in (False, True):
        leaf = inputs.clone().requires_grad_()
        outputs = activation_layer(name, in_place=in_place)(leaf * 1)
        outputs.square().sum().backward()
        outcomes.append((outputs.detach().view(torch.int32), leaf.grad.view(torch.int32)))
    for usual, placed in zip(*outcomes, strict=True):
        assert torch.equal(usual, placed)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_input_stays_unless_it_may_be_overwritten(name):
    inputs = torch.linspace(-1, 1, 9)
    activation_layer(name)(inputs)
    assert torch.equal(inputs, torch.linspace(-1, 1, 9))
