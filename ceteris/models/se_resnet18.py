"""ResNet-18 with squeeze-and-excitation in every block."""

from __future__ import annotations

from torch import nn

from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.norms import needs_area
from ceteris.models.layers.residual import ResidualBlock, averaged_classifier, basic_branch, residual_stages, shortcut
from ceteris.models.layers.squeeze import SqueezeExcitation
from ceteris.registry import register

REDUCTION = 16


def gated_block(channels_in: int, channels: int, stride: int, *, norm: str, activation: str) -> nn.Module:
    """A basic block whose branch is gated before it is added to the shortcut: the standard place in the paper."""
    branch = basic_branch(channels_in, channels, stride, norm=norm, activation=activation)
    branch["se"] = SqueezeExcitation(channels, REDUCTION, activation)
    return ResidualBlock(branch, shortcut(channels_in, channels, stride, norm), activation)


@register("model")
def se_resnet18(
    classes: int,
    channels: int,
    image_size: int,
    *,
    width: int = 64,
    activation: str = "relu",
    norm: str = "batch",
    dropout: float = 0.0,
) -> nn.Module:
    """ResNet-18 whose blocks weight their channels (squeeze-and-excitation, reduction 16; Hu et al. 2018).

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 11,263,042 parameters for 10 classes of 3x32x32.
    `resnet18` with a gate in each of the eight blocks; all other parameters have the names that they have there.
    Starts from torch's default initialisation (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 8: it is halved three times (9 if each channel is normalised by itself).
        width: channels of the first stage; the next three have 2, 4 and 8 times as many.
        activation: after the stem, twice in every block and in the gates' hidden layer.
        norm: after every convolution; with "none" the convolutions have a bias.
        dropout: of the averaged features, before the last layer.

    Raises InputError for smaller images and options that cannot be.
    """
    smallest = 8 + needs_area(norm, 8 * width)
    check_limits("se-resnet18", image_size, smallest, width=width, activation=activation, norm=norm, dropout=dropout)
    widths = [width, 2 * width, 4 * width, 8 * width]
    layers = residual_stages(channels, widths, norm=norm, activation=activation, block=gated_block)
    return nn.Sequential(layers | averaged_classifier(widths[-1], classes, dropout))
