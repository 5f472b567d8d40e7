"""Ghost modules (Han et al. 2020): half of the channels by convolution, the other half cheaply from the first."""

from __future__ import annotations

import torch
from torch import nn

from ceteris.models.layers.activations import activation_layer
from ceteris.models.layers.convolutions import convolution


def ghost_channels(channels: int) -> int:
    """Channels that are really convolved, at ratio 2: half of them, rounded up."""
    return (channels + 1) // 2


class GhostModule(nn.Module):
    """In place of a 3x3 convolution with normalisation: [b, c_in, h, w] -> [b, c, ceil(h / stride), ceil(w / stride)].

    `primary`, a 3x3 convolution to half of the channels, then `cheap`, a 3x3 depthwise convolution of its output, each
    with its own normalisation and, if wanted, activation; both outputs concatenated and cut to c channels (ratio 2).

    Args:
        channels_in: of the input.
        channels: c.
        stride: of the primary convolution.
        norm: after both convolutions.
        activation: after both normalisations; None for none.
    """

    def __init__(self, channels_in: int, channels: int, stride: int, *, norm: str, activation: str | None) -> None:
        super().__init__()
        self.channels, half = channels, ghost_channels(channels)
        primary = convolution(channels_in, half, 3, stride, norm=norm)
        cheap = convolution(half, half, 3, norm=norm, groups=half)
        if activation is not None:
            primary["activation"] = activation_layer(activation, in_place=True)
            cheap["activation"] = activation_layer(activation, in_place=True)
        self.primary, self.cheap = nn.Sequential(primary), nn.Sequential(cheap)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        first = self.primary(inputs)
        return torch.cat([first, self.cheap(first)], 1)[:, : self.channels]
