"""Network A of Simonyan & Zisserman (2015) as it is used on small images, with or without normalisation."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ceteris.models.layers.classifier import classifier
from ceteris.models.layers.convolutions import convolution_stage

STAGES = ((1,), (2,), (4, 4), (8, 8), (8, 8))
"""Channels of the convolutions of each stage, in units of the first one's."""


def vgg(
    classes: int, channels: int, image_size: int, *, width: int, activation: str, norm: str, dropout: float
) -> nn.Sequential:
    """Five stages of 3x3 convolutions with max-pooling, then two hidden layers and the last linear layer.

    Float [b, channels, image_size, image_size] -> logits [b, classes]; image_size is at least 32.

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side.
        width: channels of the first convolution; the hidden layers have 8 times as many units.
        activation: after every convolution and hidden layer.
        norm: after every convolution, before the activation. The convolutions have a bias whatever it is.
        dropout: of the units of both hidden layers.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, stage in enumerate(STAGES, 1):
        widths = [width * times for times in stage]
        layers[f"stage{number}"] = convolution_stage(channels, widths, activation=activation, norm=norm, bias=True)
        channels = widths[-1]
    features, hidden = channels * (image_size // 32) ** 2, [8 * width, 8 * width]
    return nn.Sequential(layers | classifier(features, hidden, classes, activation=activation, dropout=dropout))
