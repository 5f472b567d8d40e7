"""The residual network of the study `tiny-imagenet-resnet`.

Assumed, where the study's source is silent: seven blocks go on with 256-512 (stride 2) and 512-512 channels, nine also
with 512-1,024 (stride 2) and 1,024-1,024; a block's dropout stands between its first norm and the activation, as in
the stem; the max-pooling is padded by 1; the average is over the whole map; convolutions have a bias only without norm.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import Literal

from torch import nn

from ceteris.models.layers.convolutions import convolution
from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.norms import needs_area
from ceteris.models.layers.pooling import activate_and_pool
from ceteris.models.layers.residual import ResidualBlock, averaged_classifier, basic_branch, projection
from ceteris.registry import register


@register("model")
def tiny_resnet(
    classes: int,
    channels: int,
    image_size: int,
    *,
    depth: Literal[11, 15, 19] = 11,
    width: int = 64,
    activation: str = "relu",
    norm: str = "batch",
    conv_dropout: float = 0.2,
    fc_dropout: float = 0.2,
) -> nn.Module:
    """A 5x5 convolution and five, seven or nine residual blocks with dropout (after He et al. 2016); for 64x64 images.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. The blocks have 64, 128, 128, 256, 256 channels
    at depth 11, and 512, 512, then 1,024, 1,024 more at 15 and 19; each has a 1x1 convolution with norm as shortcut.
    2,842,504, 11,550,600 and 46,268,296 parameters for 200 classes of 3x64x64. Starts from torch's default
    initialisation (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 8 at depth 11, 16 at 15, 32 at 19 (one more if each channel is normalised
            by itself).
        depth: convolutions on the longest path.
        width: channels of the stem.
        activation: after the stem and twice in every block.
        norm: after every convolution.
        conv_dropout: after the stem's norm and after the first norm of every block.
        fc_dropout: of the averaged features, before the last layer.

    Raises InputError for smaller images and options that cannot be.
    """
    widths, rates = _widths(width, depth), {"conv_dropout": conv_dropout, "fc_dropout": fc_dropout}
    smallest = 2 ** (len(widths) // 2) + needs_area(norm, widths[-1])
    check_limits("tiny-resnet", image_size, smallest, width=width, activation=activation, norm=norm, **rates)
    layers = _features(channels, widths, activation, norm, conv_dropout)
    return nn.Sequential(layers | averaged_classifier(widths[-1], classes, fc_dropout))


def _widths(width: int, depth: int) -> list[int]:
    """Channels of the stem, then of each block."""
    return [width, width] + [width * 2**doubling for doubling in range(1, (depth + 1) // 4) for _ in range(2)]


def _features(
    channels: int, widths: list[int], activation: str, norm: str, dropout: float
) -> OrderedDict[str, nn.Module]:
    layers = convolution(channels, widths[0], 5, norm=norm)
    if dropout:
        layers["stem_dropout"] = nn.Dropout(dropout)
    layers["pool1"] = activate_and_pool(activation, nn.MaxPool2d(3, 2, padding=1))
    for number, (narrow, wide) in enumerate(pairwise(widths), 1):
        stride = 1 if narrow == wide else 2
        branch = basic_branch(narrow, wide, stride, norm=norm, activation=activation, dropout=dropout)
        layers[f"block{number}"] = ResidualBlock(branch, projection(narrow, wide, stride, norm), activation)
    return layers
