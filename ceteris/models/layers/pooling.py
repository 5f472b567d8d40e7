"""Max-pooling next to an activation."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

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


def activate_and_halve(name: str) -> nn.Sequential:
    """An activation followed by 2x2 max-pooling: [b, c, h, w] -> [b, c, h // 2, w // 2]."""
    return activate_and_pool(name, nn.MaxPool2d(2))
