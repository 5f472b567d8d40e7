"""VGG-A with normalisation."""

from __future__ import annotations

from torch import nn

from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.vgg import vgg
from ceteris.registry import register


@register("model")
def vgg_a_bn(
    classes: int,
    channels: int,
    image_size: int,
    *,
    width: int = 64,
    activation: str = "relu",
    norm: str = "batch",
    dropout: float = 0.0,
) -> nn.Module:
    """VGG-A with batch norm after every convolution, before the activation; `vgg-a` otherwise.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 9,756,426 parameters for 10 classes of 3x32x32.
    The convolutions keep their bias, so that it shares every parameter of `vgg-a`. Starts from torch's default
    initialisation (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 32: it is halved five times.
        width: channels of the first convolution; the others have 2, 4, 4, 8, 8, 8 and 8 times, the hidden layers 8
            times as many.
        activation: after every norm and hidden layer.
        norm: after every convolution; "none" is `vgg-a`.
        dropout: of the units of both hidden layers (0.5 in the paper).

    Raises InputError for smaller images and options that cannot be.
    """
    check_limits("vgg-a-bn", image_size, 32, width=width, activation=activation, norm=norm, dropout=dropout)
    return vgg(classes, channels, image_size, width=width, activation=activation, norm=norm, dropout=dropout)
