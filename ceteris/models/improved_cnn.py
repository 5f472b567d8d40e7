"""The improved convolutional network of the study `cnn-trio`."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ceteris.models.layers.classifier import classifier
from ceteris.models.layers.convolutions import convolution_stage
from ceteris.models.layers.limits import check_limits
from ceteris.registry import register


@register("model")
def improved_cnn(
    classes: int,
    channels: int,
    image_size: int,
    *,
    width: int = 64,
    activation: str = "relu",
    norm: str = "batch",
    dropout: float = 0.5,
) -> nn.Module:
    """Six 3x3 convolutions of 64 to 512 channels with norm, max-pooling after each pair, and a hidden layer of 1,024.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 12,906,250 parameters for 10 classes of 3x32x32.
    The convolutions have a bias with and without norm, as the study's source has them. Starts from torch's default
    initialisation (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 8: it is halved three times.
        width: channels of the first convolution; the others have 2, 4, 4, 8 and 8 times, the hidden layer 16 times as
            many.
        activation: after every norm.
        norm: after every convolution and of the hidden units ("instance": of the convolutions only).
        dropout: of the hidden units.

    Raises InputError for smaller images and options that cannot be.
    """
    check_limits("improved-cnn", image_size, 8, width=width, activation=activation, norm=norm, dropout=dropout)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    pairs = [(width, 2 * width), (4 * width, 4 * width), (8 * width, 8 * width)]
    for number, pair in enumerate(pairs, 1):
        layers[f"stage{number}"] = convolution_stage(channels, pair, activation=activation, norm=norm, bias=True)
        channels = pair[-1]
    features = channels * (image_size // 8) ** 2
    end = classifier(features, [16 * width], classes, activation=activation, dropout=dropout, norm=norm)
    return nn.Sequential(layers | end)
