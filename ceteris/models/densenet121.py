"""DenseNet-121 with the stem for ImageNet."""

from __future__ import annotations

from torch import nn

from ceteris.models.layers.convolutions import convolution
from ceteris.models.layers.dense import BOTTLENECK, dense_blocks
from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.norms import needs_area
from ceteris.models.layers.pooling import activate_and_pool
from ceteris.models.layers.residual import averaged_classifier
from ceteris.registry import register

BLOCKS = (6, 12, 24, 16)


@register("model")
def densenet121(
    classes: int,
    channels: int,
    image_size: int,
    *,
    growth: int = 32,
    activation: str = "relu",
    norm: str = "batch",
    dropout: float = 0.0,
) -> nn.Module:
    """DenseNet-121 (Huang et al. 2017) as for ImageNet: 7x7 stem, max-pooling, dense blocks of 6, 12, 24, 16 layers.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 6,964,106 parameters for 10 classes of 3x32x32.
    Norm and activation stand before each convolution; transitions halve channels and size. Starts from torch's default
    initialisation (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 29: the stem quarters it, three transitions halve it (61 if each channel is
            normalised by itself).
        growth: channels that each dense layer adds; the stem has twice as many.
        activation: after every norm.
        norm: after the stem's convolution, before all others; with "none" the convolutions have a bias.
        dropout: of the output of every dense layer.

    Raises InputError for smaller images and options that cannot be.
    """
    smallest = 61 if needs_area(norm, BOTTLENECK * growth) else 29
    check_limits("densenet121", image_size, smallest, growth=growth, activation=activation, norm=norm, dropout=dropout)
    layers = convolution(channels, 2 * growth, 7, 2, norm=norm)
    layers["pool1"] = activate_and_pool(activation, nn.MaxPool2d(3, 2, padding=1))
    blocks, width = dense_blocks(2 * growth, growth, BLOCKS, norm=norm, activation=activation, dropout=dropout)
    return nn.Sequential(layers | blocks | averaged_classifier(width, classes, dropout=0))
