"""ResNet-18 with the stem for small images."""

from __future__ import annotations

from torch import nn

from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.norms import needs_area
from ceteris.models.layers.residual import averaged_classifier, residual_stages
from ceteris.registry import register


@register("model")
def resnet18(
    classes: int,
    channels: int,
    image_size: int,
    *,
    width: int = 64,
    activation: str = "relu",
    norm: str = "batch",
    dropout: float = 0.0,
) -> nn.Module:
    """ResNet-18 (He et al. 2016) for small images: 3x3 stem, four stages of two basic blocks, 64 to 512 channels.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 11,173,962 parameters for 10 classes of 3x32x32.
    Shortcuts are 1x1 convolutions with norm where the shape changes. Starts from torch's default initialisation
    (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 8: it is halved three times (9 if each channel is normalised by itself).
        width: channels of the first stage; the next three have 2, 4 and 8 times as many.
        activation: after the stem and twice in every block.
        norm: after every convolution; with "none" the convolutions have a bias.
        dropout: of the averaged features, before the last layer.

    Raises InputError for smaller images and options that cannot be.
    """
    smallest = 8 + needs_area(norm, 8 * width)
    check_limits("resnet18", image_size, smallest, width=width, activation=activation, norm=norm, dropout=dropout)
    widths = [width, 2 * width, 4 * width, 8 * width]
    layers = residual_stages(channels, widths, norm=norm, activation=activation)
    return nn.Sequential(layers | averaged_classifier(widths[-1], classes, dropout))
