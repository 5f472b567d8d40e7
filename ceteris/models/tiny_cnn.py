"""The convolutional network of the study `tiny-imagenet-cnn`.

Assumed, where the study's source is silent: the stem is padded by 2; the average is over the whole map; the hidden
layer has an activation, then dropout, and no norm; in the deeper networks it is larger and not one of two, so that
depth counts the layers with weights before the last; convolutions have a bias only without norm.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import Literal

from torch import nn

from ceteris.models.layers.classifier import classifier
from ceteris.models.layers.convolutions import convolution, convolution_stage
from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.pooling import activate_and_halve
from ceteris.registry import register


@register("model")
def tiny_cnn(
    classes: int,
    channels: int,
    image_size: int,
    *,
    depth: Literal[8, 10, 12] = 8,
    width: int = 64,
    activation: str = "relu",
    norm: str = "batch",
    conv_dropout: float = 0.2,
    fc_dropout: float = 0.2,
) -> nn.Module:
    """A 5x5 convolution, three to five pairs of 3x3 convolutions with dropout, one hidden layer; for 64x64 images.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. At depth 8 the stages have 128, 256 and 512
    channels and the hidden layer 256 units; 10 adds 1,024 channels and has 512 units, 12 adds 2,048 and has 1,024.
    4,836,104, 19,440,648 and 77,747,720 parameters for 200 classes of 3x64x64. Starts from torch's default
    initialisation (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 16 at depth 8, 32 at 10, 64 at 12: it is halved four, five or six times.
        depth: layers with weights before the last.
        width: channels of the first convolution; every stage doubles them.
        activation: after every norm and in the hidden layer.
        norm: after every convolution.
        conv_dropout: after the stem's norm and after every activation of the stages.
        fc_dropout: of the hidden units.

    Raises InputError for smaller images and options that cannot be.
    """
    stages, rates = depth // 2 - 1, {"conv_dropout": conv_dropout, "fc_dropout": fc_dropout}
    check_limits("tiny-cnn", image_size, 2 ** (stages + 1), width=width, activation=activation, norm=norm, **rates)
    maps = [width * 2**stage for stage in range(stages + 1)]
    layers = _features(channels, maps, activation, norm, conv_dropout)
    end = classifier(maps[-1], [maps[-1] // 2], classes, activation=activation, dropout=fc_dropout)
    return nn.Sequential(layers | end)


def _features(
    channels: int, maps: list[int], activation: str, norm: str, dropout: float
) -> OrderedDict[str, nn.Module]:
    layers = convolution(channels, maps[0], 5, norm=norm)
    if dropout:
        layers["stem_dropout"] = nn.Dropout(dropout)
    layers["halve"] = activate_and_halve(activation)
    for number, (before, after) in enumerate(pairwise(maps), 1):
        widths = [after, after]
        layers[f"stage{number}"] = convolution_stage(before, widths, activation=activation, norm=norm, dropout=dropout)
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    return layers
