"""The basic convolutional network of the study `cnn-trio`."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ceteris.models.layers.classifier import classifier
from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.pooling import activate_and_halve
from ceteris.registry import register


@register("model")
def basic_cnn(
    classes: int, channels: int, image_size: int, *, width: int = 32, activation: str = "relu", dropout: float = 0.0
) -> nn.Module:
    """Three 3x3 convolutions of 32, 64, 128 channels with max-pooling, then two linear layers; no normalisation.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 1,147,466 parameters for 10 classes of 3x32x32.
    Starts from torch's default initialisation: uniform within 1 / sqrt(fan in) of 0.

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 8: it is halved three times.
        width: channels of the first convolution; the next two have 2 and 4 times, the hidden layer 16 times as many.
        activation: after every convolution and the hidden layer.
        dropout: of the hidden units.

    Raises InputError for smaller images and options that cannot be.
    """
    check_limits("basic-cnn", image_size, 8, width=width, activation=activation, dropout=dropout)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(channels, width, 3, padding=1),
        half1=activate_and_halve(activation),
        conv2=nn.Conv2d(width, 2 * width, 3, padding=1),
        half2=activate_and_halve(activation),
        conv3=nn.Conv2d(2 * width, 4 * width, 3, padding=1),
        half3=activate_and_halve(activation),
    )
    features = 4 * width * (image_size // 8) ** 2
    return nn.Sequential(layers | classifier(features, [16 * width], classes, activation=activation, dropout=dropout))
