"""Residual stages of basic blocks (He et al. 2016), with a projection wherever the shape changes."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from ceteris.models.layers.activations import activation_layer


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, each with batch norm, added to their input: [b, c_in, h, w] -> [b, c, h/stride, w/stride].

    The input is added as it is, or through a 1x1 convolution with batch norm where channels or size change.
    """

    def __init__(self, channels_in: int, channels: int, stride: int, activation: str) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.activation1 = activation_layer(activation)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                OrderedDict(
                    conv=nn.Conv2d(channels_in, channels, 1, stride, bias=False),
                    norm=nn.BatchNorm2d(channels),
                )
            )
        self.activation2 = activation_layer(activation)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = self.activation1(self.norm1(self.conv1(inputs)))
        result: torch.Tensor = self.activation2(self.norm2(self.conv2(hidden)) + self.shortcut(inputs))
        return result


def residual_network(classes: int, channels: int, widths: list[int], activation: str) -> nn.Sequential:
    """A ResNet for small images: 3x3 stem, a stage of two basic blocks per width, average pooling, one linear layer.

    Args:
        classes: outputs.
        channels: of the images.
        widths: channels of each stage; every stage but the first halves height and width (rounding up).
        activation: after the stem and twice in every block.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(channels, widths[0], 3, padding=1, bias=False),
        norm=nn.BatchNorm2d(widths[0]),
        activation=activation_layer(activation),
    )
    channels_in = widths[0]
    for index, width in enumerate(widths):
        layers[f"stage{index + 1}"] = nn.Sequential(
            OrderedDict(
                block1=BasicBlock(channels_in, width, 1 if index == 0 else 2, activation),
                block2=BasicBlock(width, width, 1, activation),
            )
        )
        channels_in = width
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(channels_in, classes)
    return nn.Sequential(layers)
