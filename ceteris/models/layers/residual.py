"""Residual networks of basic blocks (He et al. 2016), and the pieces that their variants are made of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import nn

from ceteris.models.layers.activations import activation_layer
from ceteris.models.layers.convolutions import convolution


class BlockFactory(Protocol):
    """What makes the blocks of a network: `basic_block` or a variant of it."""

    def __call__(self, channels_in: int, channels: int, stride: int, *, norm: str, activation: str) -> nn.Module:
        """[b, channels_in, h, w] -> [b, channels, ceil(h / stride), ceil(w / stride)]."""


class ResidualBlock(nn.Module):
    """A branch of named layers, added to its input and activated: [b, c_in, h, w] -> [b, c, h/stride, w/stride].

    Args:
        branch: its layers in order; they become children of the block.
        shortcut: what brings the input to the branch's shape.
        activation: after the sum.
    """

    def __init__(self, branch: Mapping[str, nn.Module], shortcut: nn.Module, activation: str) -> None:
        super().__init__()
        self.branch = tuple(branch)
        for name, layer in branch.items():
            self.add_module(name, layer)
        self.shortcut = shortcut
        self.activation2 = activation_layer(activation, in_place=True)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = inputs
        for name in self.branch:
            hidden = self.get_submodule(name)(hidden)
        result: torch.Tensor = self.activation2(hidden + self.shortcut(inputs))
        return result


def projection(channels_in: int, channels: int, stride: int, norm: str) -> nn.Module:
    """A 1x1 convolution with normalisation, as a shortcut."""
    return nn.Sequential(convolution(channels_in, channels, 1, stride, norm=norm))


def shortcut(channels_in: int, channels: int, stride: int, norm: str) -> nn.Module:
    """The input as it is, or its projection where channels or size change."""
    same = stride == 1 and channels_in == channels
    return nn.Identity() if same else projection(channels_in, channels, stride, norm)


def basic_branch(
    channels_in: int, channels: int, stride: int, *, norm: str, activation: str, dropout: float = 0
) -> OrderedDict[str, nn.Module]:
    """Two 3x3 convolutions with normalisation; dropout (if any) and activation between them."""
    layers = convolution(channels_in, channels, 3, stride, norm=norm, suffix="1")
    if dropout:
        layers["dropout1"] = nn.Dropout(dropout)
    layers["activation1"] = activation_layer(activation, in_place=True)
    return layers | convolution(channels, channels, 3, norm=norm, suffix="2")


def basic_block(channels_in: int, channels: int, stride: int, *, norm: str, activation: str) -> nn.Module:
    """The basic block of He et al. 2016, with a projection where the shape changes."""
    branch = basic_branch(channels_in, channels, stride, norm=norm, activation=activation)
    return ResidualBlock(branch, shortcut(channels_in, channels, stride, norm), activation)


def residual_stages(
    channels: int, widths: Sequence[int], *, norm: str, activation: str, block: BlockFactory = basic_block
) -> OrderedDict[str, nn.Module]:
    """A 3x3 stem and a stage of two blocks per width, by name; every stage but the first halves the maps, rounding up.

    Args:
        channels: of the images.
        widths: channels of each stage.
        norm: after every convolution.
        activation: after the stem and in every block.
        block: makes the blocks.
    """
    layers = convolution(channels, widths[0], 3, norm=norm)
    layers["activation"] = activation_layer(activation, in_place=True)
    channels_in = widths[0]
    for index, width in enumerate(widths):
        first = block(channels_in, width, 1 if index == 0 else 2, norm=norm, activation=activation)
        second = block(width, width, 1, norm=norm, activation=activation)
        layers[f"stage{index + 1}"] = nn.Sequential(OrderedDict(block1=first, block2=second))
        channels_in = width
    return layers


def averaged_classifier(channels: int, classes: int, dropout: float) -> OrderedDict[str, nn.Module]:
    """The mean of every map, dropout (if any) and one linear layer: [b, channels, h, w] -> logits [b, classes]."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    if dropout:
        layers["dropout"] = nn.Dropout(dropout)
    layers["fc"] = nn.Linear(channels, classes)
    return layers
