"""Activations by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from ceteris.errors import InputError, Problem, did_you_mean

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "relu": nn.ReLU,
    "leaky_relu": partial(nn.LeakyReLU, negative_slope=0.01),
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "tanh": nn.Tanh,
}
"""sigmoid, relu, leaky_relu (slope 0.01; Maas et al. 2013), gelu (exact, by erf; Hendrycks & Gimpel 2016),
silu (Elfwing et al. 2018), mish (Misra 2019), tanh."""


def activation_layer(name: str) -> nn.Module:
    """A fresh activation module, any shape -> same shape. Raises InputError with the nearest name."""
    if name not in ACTIVATIONS:
        what = f"unknown activation {name!r}"
        raise InputError(Problem(what, "activation", did_you_mean(name, ACTIVATIONS)))
    return ACTIVATIONS[name]()
