"""LeNet-5 (LeCun et al. 1998) as it is used on small colour images: max-pooling, one activation throughout."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ceteris.models.layers.classifier import classifier
from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.pooling import activate_and_halve
from ceteris.registry import register


@register("model")
def lenet(classes: int, channels: int, image_size: int, *, activation: str = "relu", dropout: float = 0.0) -> nn.Module:
    """Two 5x5 convolutions (6 and 16 channels) with max-pooling, then linear layers of 120, 84 and the classes.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 62,006 parameters for 10 classes of 3x32x32.
    Starts from torch's default initialisation: uniform within 1 / sqrt(fan in) of 0.

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 16: the convolutions are not padded.
        activation: after every convolution and hidden layer.
        dropout: of the units of both hidden layers.

    Raises InputError for smaller images and options that cannot be.
    """
    check_limits("lenet", image_size, 16, activation=activation, dropout=dropout)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(channels, 6, 5),
        half1=activate_and_halve(activation),
        conv2=nn.Conv2d(6, 16, 5),
        half2=activate_and_halve(activation),
    )
    side = ((image_size - 4) // 2 - 4) // 2
    return nn.Sequential(layers | classifier(16 * side**2, [120, 84], classes, activation=activation, dropout=dropout))
