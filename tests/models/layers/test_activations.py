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
