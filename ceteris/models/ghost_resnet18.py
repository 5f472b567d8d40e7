"""ResNet-18 of Ghost modules."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ceteris.models.layers.ghost import GhostModule, ghost_channels
from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.norms import needs_area
from ceteris.models.layers.residual import ResidualBlock, averaged_classifier, residual_stages, shortcut
from ceteris.registry import register


def ghost_block(channels_in: int, channels: int, stride: int, *, norm: str, activation: str) -> nn.Module:
    """A basic block of two Ghost modules; the second has no activation, as the sum with the shortcut is activated."""
    branch = OrderedDict(
        conv1=GhostModule(channels_in, channels, stride, norm=norm, activation=activation),
        conv2=GhostModule(channels, channels, 1, norm=norm, activation=None),
    )
    return ResidualBlock(branch, shortcut(channels_in, channels, stride, norm), activation)


@register("model")
def ghost_resnet18(
    classes: int,
    channels: int,
    image_size: int,
    *,
    width: int = 64,
    activation: str = "relu",
    norm: str = "batch",
    dropout: float = 0.0,
) -> nn.Module:
    """ResNet-18 with Ghost modules for both 3x3 convolutions of every block (ratio 2; Han et al. 2020).

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 5,698,506 parameters for 10 classes of 3x32x32.
    As in the paper's code, norm stands inside the modules, after the primary and after the cheap convolution, and
    none follows the concatenation (it would make 5,706,186); the activation follows both norms in a block's first
    module and is left out in its second. Stem, shortcuts and last layer are those of `resnet18`. Starts from torch's
    default initialisation (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 8: it is halved three times (9 if each channel is normalised by itself).
        width: channels of the first stage; the next three have 2, 4 and 8 times as many.
        activation: after the stem, in the first Ghost module of every block and after the block.
        norm: after every convolution; with "none" the convolutions have a bias.
        dropout: of the averaged features, before the last layer.

    Raises InputError for smaller images and options that cannot be.
    """
    smallest = 8 + needs_area(norm, ghost_channels(8 * width))
    check_limits("ghost-resnet18", image_size, smallest, width=width, activation=activation, norm=norm, dropout=dropout)
    widths = [width, 2 * width, 4 * width, 8 * width]
    layers = residual_stages(channels, widths, norm=norm, activation=activation, block=ghost_block)
    return nn.Sequential(layers | averaged_classifier(widths[-1], classes, dropout))
