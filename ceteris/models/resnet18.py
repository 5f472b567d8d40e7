"""ResNet-18 with the stem for small images."""

from __future__ import annotations

from torch import nn

from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.residual import residual_network
from ceteris.registry import register


@register("model")
def resnet18(classes: int, channels: int, image_size: int, *, width: int = 64, activation: str = "relu") -> nn.Module:
    """ResNet-18 (He et al. 2016) for small images: 3x3 stem, four stages of two basic blocks, 64 to 512 channels.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 11,173,962 parameters for 10 classes of 3x32x32.
    Shortcuts are 1x1 convolutions with batch norm where the shape changes. Starts from torch's default initialisation
    (uniform within 1 / sqrt(fan in) of 0; batch norm 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 8: it is halved three times.
        width: channels of the first stage; the next three have 2, 4 and 8 times as many.
        activation: after the stem and twice in every block.

    Raises InputError for smaller images, a width below 1 or an unknown activation.
    """
    check_limits("resnet18", image_size, 8, width)
    return residual_network(classes, channels, [width, 2 * width, 4 * width, 8 * width], activation)
