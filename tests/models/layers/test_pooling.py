"""Pooling first saves work and changes nothing."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ceteris.models.layers.activations import ACTIVATIONS, activation_layer
from ceteris.models.layers.pooling import POOL_FIRST, MaxPool2d, activate_and_halve, activate_and_pool

VALUES = st.floats(width=32, allow_nan=True, allow_infinity=True)


def activated_then_pooled(name, inputs):
    return torch.nn.functional.max_pool2d(activation_layer(name)(inputs), 2)


def bits(tensor):
    """All but the sign of a zero and the payload of a NaN."""
    return (tensor.nan_to_num(nan=7.5) + 0.0).view(torch.int32)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_bits_are_those_of_activation_then_pooling(name, memory_format):
    inputs = torch.randn(8, 16, 9, 9, generator=torch.Generator().manual_seed(0)).to(memory_format=memory_format)
    assert torch.equal(bits(activate_and_halve(name)(inputs)), bits(activated_then_pooled(name, inputs)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_pool_that_overlaps_and_is_padded_gives_the_same_bits_too(name):
    inputs, pool = torch.randn(4, 8, 9, 9, generator=torch.Generator().manual_seed(3)), torch.nn.MaxPool2d(3, 2, 1)
    assert torch.equal(bits(activate_and_pool(name, pool)(inputs)), bits(pool(activation_layer(name)(inputs))))


@pytest.mark.parametrize("name", sorted(POOL_FIRST))
@settings(max_examples=200)
@given(values=st.lists(VALUES, min_size=16, max_size=16))
def test_where_pooling_goes_first_any_values_agree(name, values):
    inputs = torch.tensor(values, dtype=torch.float32).view(1, 1, 4, 4)
    assert torch.equal(bits(activate_and_halve(name)(inputs)), bits(activated_then_pooled(name, inputs)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_agree(name):
    inputs = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    one, two = (inputs.clone().requires_grad_() for _ in range(2))
    activate_and_halve(name)(one).square().sum().backward()
    activated_then_pooled(name, two).square().sum().backward()
    assert torch.equal(one.grad, two.grad)


def test_activations_that_fall_somewhere_keep_the_usual_order():
    layers = {name: [child for child, _ in activate_and_halve(name).named_children()] for name in ACTIVATIONS}
    assert {name for name, order in layers.items() if order == ["pool", "activation"]} == {"relu", "leaky_relu"}


@settings(max_examples=200)
@given(values=st.lists(VALUES, min_size=20, max_size=20), height=st.sampled_from([2, 4, 5]))
def test_without_a_gradient_the_same_values_are_pooled(values, height):
    inputs = torch.tensor(values, dtype=torch.float32)[: height * (20 // height)].view(1, 1, height, -1)
    assert torch.equal(bits(MaxPool2d()(inputs)), bits(torch.nn.functional.max_pool2d(inputs, 2)))


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_with_a_gradient_and_without_the_same_values_are_pooled(memory_format):
    inputs = torch.randn(3, 6, 7, 9, generator=torch.Generator().manual_seed(4)).to(memory_format=memory_format)
    pooled = MaxPool2d()(inputs)
    assert torch.equal(pooled, MaxPool2d()(inputs.clone().requires_grad_()))
    assert pooled.is_contiguous(memory_format=memory_format)
