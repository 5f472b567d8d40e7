"""The residual network of the study `cnn-trio`."""

from __future__ import annotations

from torch import nn

from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.residual import residual_stages
from ceteris.registry import register


@register("model")
def residual_cnn(
    classes: int,
    channels: int,
    image_size: int,
    *,
    width: int = 64,
    activation: str = "relu",
    norm: str = "batch",
    dropout: float = 0.0,
) -> nn.Module:
    """ResNet with three stages of two basic blocks, 64 to 256 channels, that keeps 4x4 maps for its linear layer.

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 2,816,074 parameters for 10 classes of 3x32x32.
    After He et al. 2016; shortcuts are 1x1 convolutions with norm where the shape changes. The last maps are averaged
    over 2x2 pixels (assumed: the study's source says only that they are pooled). Starts from torch's default
    initialisation (uniform within 1 / sqrt(fan in) of 0; norms 1 and 0).

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 8: it is halved three times.
        width: channels of the first stage; the next two have 2 and 4 times as many.
        activation: after the stem and twice in every block.
        norm: after every convolution; with "none" the convolutions have a bias.
        dropout: of the pooled features, before the last layer.

    Raises InputError for smaller images and options that cannot be.
    """
    check_limits("residual-cnn", image_size, 8, width=width, activation=activation, norm=norm, dropout=dropout)
    layers = residual_stages(channels, [width, 2 * width, 4 * width], norm=norm, activation=activation)
    layers["pool"] = nn.AvgPool2d(2)
    side = (image_size + 3) // 4 // 2
    layers["flatten"] = nn.Flatten()
    if dropout:
        layers["dropout"] = nn.Dropout(dropout)
    layers["fc"] = nn.Linear(4 * width * side**2, classes)
    return nn.Sequential(layers)
