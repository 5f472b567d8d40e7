"""The small ResNet of the study `cnn-vs-resnet`."""

from __future__ import annotations

from torch import nn

from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.norms import needs_area
from ceteris.models.layers.residual import averaged_classifier, residual_stages
from ceteris.registry import register


@register("model")
def resnet14(
    classes: int,
    channels: int,
    image_size: int,
    *,
    width: int = 16,
    activation: str = "relu",
    norm: str = "batch",
    dropout: float = 0.0,
) -> nn.Module:
    """ResNet with three stages of two basic blocks, 16 to 64 channels (He et al. 2016, after their CIFAR networks).

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 175,258 parameters for 10 classes of 3x32x32.
    Shortcuts are 1x1 convolutions with norm where the shape changes. Starts from torch's default initialisation
    (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 4: it is halved twice (5 if each channel is normalised by itself).
        width: channels of the first stage; the next two have 2 and 4 times as many.
        activation: after the stem and twice in every block.
        norm: after every convolution; with "none" the convolutions have a bias.
        dropout: of the averaged features, before the last layer.

    Raises InputError for smaller images and options that cannot be.
    """
    smallest = 4 + needs_area(norm, 4 * width)
    check_limits("resnet14", image_size, smallest, width=width, activation=activation, norm=norm, dropout=dropout)
    layers = residual_stages(channels, [width, 2 * width, 4 * width], norm=norm, activation=activation)
    return nn.Sequential(layers | averaged_classifier(4 * width, classes, dropout))
