"""Squeeze-and-excitation (Hu et al. 2018): channels weighted by what the whole image looks like."""

from __future__ import annotations

import torch
from torch import nn

from ceteris.models.layers.activations import activation_layer


class SqueezeExcitation(nn.Module):
    """Scale every channel by a gate between 0 and 1 that depends on all channel means: [b, c, h, w] -> same shape.

    Args:
        channels: c.
        reduction: the hidden layer has channels // reduction units, at least one.
        activation: of the hidden layer.

    The output of the child `gate` is the gates, [b, c].
    """

    def __init__(self, channels: int, reduction: int, activation: str) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc1 = nn.Linear(channels, hidden)
        self.activation = activation_layer(activation)
        self.fc2 = nn.Linear(hidden, channels)
        self.gate = nn.Sigmoid()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        gates: torch.Tensor = self.gate(self.fc2(self.activation(self.fc1(self.pool(inputs)))))
        return inputs * gates[:, :, None, None]
