"""Activations by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from ceteris.errors import InputError, Problem, did_you_mean

ACTIVATIONS: dict[str, Callable[..., nn.Module]] = {
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


IN_PLACE = frozenset({"relu", "leaky_relu"})
"""Their gradient can be had from their output."""


def activation_layer(name: str, *, in_place: bool = False) -> nn.Module:
    """A fresh activation module, any shape -> same shape.

    Args:
        name: of `ACTIVATIONS`.
        in_place: nothing else reads the input, so that the output may take its place, where `IN_PLACE` says that it
            can: the same bits with less memory to write for the first time, which is slow.

    Raises InputError with the nearest name.
    """
    if name not in ACTIVATIONS:
        what = f"unknown activation {name!r}"
        raise InputError(Problem(what, "activation", did_you_mean(name, ACTIVATIONS)))
    return ACTIVATIONS[name](**({"inplace": True} if in_place and name in IN_PLACE else {}))
