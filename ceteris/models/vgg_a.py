"""VGG-A without normalisation."""

from __future__ import annotations

from torch import nn

from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.vgg import vgg
from ceteris.registry import register


@register("model")
def vgg_a(
    classes: int, channels: int, image_size: int, *, width: int = 64, activation: str = "relu", dropout: float = 0.0
) -> nn.Module:
    """VGG-A (Simonyan & Zisserman 2015) for small images: eight 3x3 convolutions, three linear layers, no norm.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 9,750,922 parameters for 10 classes of 3x32x32.
    Two hidden layers of 512 instead of the paper's 4,096. Starts from torch's default initialisation: uniform within
    1 / sqrt(fan in) of 0.

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 32: it is halved five times.
        width: channels of the first convolution; the others have 2, 4, 4, 8, 8, 8 and 8 times, the hidden layers 8
            times as many.
        activation: after every convolution and hidden layer.
        dropout: of the units of both hidden layers (0.5 in the paper).

    Raises InputError for smaller images and options that cannot be.
    """
    check_limits("vgg-a", image_size, 32, width=width, activation=activation, dropout=dropout)
    return vgg(classes, channels, image_size, width=width, activation=activation, norm="none", dropout=dropout)
