"""LeNet-5 (LeCun et al. 1998) as it is used on small colour images: max-pooling, one activation throughout."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ceteris.models.layers.activations import activation_layer
from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.pooling import activate_and_halve
from ceteris.registry import register


@register("model")
def lenet(classes: int, channels: int, image_size: int, *, activation: str = "relu") -> nn.Module:
    """Two 5x5 convolutions (6 and 16 channels) with max-pooling, then linear layers of 120, 84 and the classes.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 62,006 parameters for 10 classes of 3x32x32.
    Starts from torch's default initialisation: uniform within 1 / sqrt(fan in) of 0.

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 16: the convolutions are not padded.
        activation: after every convolution and hidden layer.

    Raises InputError for smaller images or an unknown activation.
    """
    check_limits("lenet", image_size, 16)
    side = ((image_size - 4) // 2 - 4) // 2
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(channels, 6, 5),
            half1=activate_and_halve(activation),
            conv2=nn.Conv2d(6, 16, 5),
            half2=activate_and_halve(activation),
            flatten=nn.Flatten(),
            fc1=nn.Linear(16 * side**2, 120),
            activation1=activation_layer(activation),
            fc2=nn.Linear(120, 84),
            activation2=activation_layer(activation),
            fc3=nn.Linear(84, classes),
        )
    )
