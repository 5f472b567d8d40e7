"""Densely connected blocks (Huang et al. 2017): every layer sees the outputs of all layers before it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from ceteris.models.layers.activations import activation_layer
from ceteris.models.layers.norms import norm_layer

BOTTLENECK = 4
"""Channels of a dense layer's 1x1 convolution, in units of the growth."""


class DenseLayer(nn.Sequential):
    """Norm, activation, 1x1 convolution, norm, activation, 3x3 convolution; the output is appended to the input.

    [b, channels, h, w] -> [b, channels + growth, h, w].
    """

    def __init__(self, channels: int, growth: int, *, norm: str, activation: str, dropout: float) -> None:
        inner = BOTTLENECK * growth
        layers = _activated(channels, norm, activation, "1")
        layers["conv1"] = nn.Conv2d(channels, inner, 1, bias=norm == "none")
        layers |= _activated(inner, norm, activation, "2")
        layers["conv2"] = nn.Conv2d(inner, growth, 3, padding=1, bias=norm == "none")
        if dropout:
            layers["dropout"] = nn.Dropout(dropout)
        super().__init__(layers)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        added = super().forward(input)  # type: ignore[no-untyped-call]
        return torch.cat([input, added], 1)


def dense_blocks(
    channels: int, growth: int, lengths: Sequence[int], *, norm: str, activation: str, dropout: float
) -> tuple[OrderedDict[str, nn.Module], int]:
    """Dense blocks with transitions between them and a last norm and activation, by name, and their output's channels.

    A transition is norm, activation, a 1x1 convolution to half of the channels and 2x2 average pooling:
    [b, c, h, w] -> [b, c // 2, h // 2, w // 2].

    Args:
        channels: of the input.
        growth: channels that each dense layer adds.
        lengths: dense layers of each block.
        norm: before every convolution.
        activation: after every norm.
        dropout: of the output of every dense layer; 0 adds no layer.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, length in enumerate(lengths, 1):
        block: OrderedDict[str, nn.Module] = OrderedDict()
        for place in range(1, length + 1):
            block[f"layer{place}"] = DenseLayer(channels, growth, norm=norm, activation=activation, dropout=dropout)
            channels += growth
        layers[f"block{number}"] = nn.Sequential(block)
        if number < len(lengths):
            change = _activated(channels, norm, activation)
            change["conv"] = nn.Conv2d(channels, channels // 2, 1, bias=norm == "none")
            change["pool"] = nn.AvgPool2d(2)
            layers[f"transition{number}"] = nn.Sequential(change)
            channels //= 2
    return layers | _activated(channels, norm, activation, "_last"), channels


def _activated(channels: int, norm: str, activation: str, suffix: str = "") -> OrderedDict[str, nn.Module]:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if norm != "none":
        layers[f"norm{suffix}"] = norm_layer(norm, channels)
    layers[f"activation{suffix}"] = activation_layer(activation, in_place=norm != "none")
    return layers
