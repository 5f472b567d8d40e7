"""Normalisation by name, and what it asks of the layers around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from ceteris.errors import InputError, Problem, did_you_mean

MOST_GROUPS = 32


def groups_for(channels: int) -> int:
    """32, or the largest number below it that divides the channels (Wu & He 2018 take 32)."""
    return max(number for number in range(1, MOST_GROUPS + 1) if channels % number == 0)


def _group_norm(channels: int) -> nn.Module:
    return nn.GroupNorm(groups_for(channels), channels)


NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "none": nn.Identity,
    "layer": partial(nn.GroupNorm, 1),
    "group": _group_norm,
    "instance": partial(nn.InstanceNorm2d, affine=True),
}
"""batch (Ioffe & Szegedy 2015), none, layer (over channels, height and width, with a scale and shift per channel;
Ba et al. 2016), group (Wu & He 2018), instance (with scale and shift; Ulyanov et al. 2016)."""


def norm_layer(name: str, channels: int) -> nn.Module:
    """A fresh normalisation of maps, [b, channels, h, w] -> same shape. Raises InputError with the nearest name."""
    if name not in NORMS:
        raise InputError(Problem(f"unknown norm {name!r}", "norm", did_you_mean(name, NORMS)))
    return NORMS[name](channels)


def vector_norm_layer(name: str, features: int) -> nn.Module:
    """The same for hidden units, [b, features] -> same shape.

    A hidden unit has no height and width, so "instance" leaves it as it is.
    """
    if name == "batch":
        return nn.BatchNorm1d(features)
    return nn.Identity() if name == "instance" else norm_layer(name, features)


def needs_area(name: str, channels: int) -> bool:
    """Whether every channel of an image is normalised by itself: a map of one pixel would then always become 0."""
    return name == "instance" or (name == "group" and groups_for(channels) == channels)
