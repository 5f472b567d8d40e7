"""Max-pooling next to an activation."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional

from ceteris.models.layers.activations import activation_layer

# Sigmoid and tanh rise too, but their last bit depends on an element's place in memory; gelu, silu and mish fall first.
POOL_FIRST = frozenset({"relu", "leaky_relu"})


def activate_and_pool(name: str, pool: nn.MaxPool2d) -> nn.Sequential:
    """An activation followed by max-pooling.

    Where the activation never falls, the largest input gives the largest output: pooling first then gives the same
    bits for a fraction of the activation's work, and is done.
    """
    if name in POOL_FIRST:
        return nn.Sequential(OrderedDict(pool=pool, activation=activation_layer(name, in_place=True)))
    return nn.Sequential(OrderedDict(activation=activation_layer(name), pool=pool))


class MaxPool2d(nn.MaxPool2d):
    """2x2 max-pooling, [b, c, h, w] -> [b, c, h // 2, w // 2]: torch's, but faster where no gradient is asked for.

    Only a gradient needs to know which input was the largest. Without, on a CPU, two maxima of neighbours take a
    twelfth (6 channels) to two thirds (128) of the time. The values are the same, but for the sign of a zero.
    """

    def __init__(self) -> None:
        super().__init__(2)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if input.device.type != "cpu" or (torch.is_grad_enabled() and input.requires_grad):
            return functional.max_pool2d(input, 2)
        height, width = (side // 2 * 2 for side in input.shape[2:])
        rows = torch.maximum(input[:, :, 0:height:2, :width], input[:, :, 1:height:2, :width])
        return torch.maximum(rows[..., 0::2], rows[..., 1::2])


def activate_and_halve(name: str) -> nn.Sequential:
    """An activation followed by 2x2 max-pooling: [b, c, h, w] -> [b, c, h // 2, w // 2]."""
    return activate_and_pool(name, MaxPool2d())
