"""Convolutions with what follows them: normalisation, activation, dropout, pooling."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from ceteris.models.layers.activations import activation_layer
from ceteris.models.layers.norms import norm_layer
from ceteris.models.layers.pooling import MaxPool2d, activate_and_halve


def convolution(
    channels_in: int,
    channels: int,
    kernel: int,
    stride: int = 1,
    *,
    norm: str,
    groups: int = 1,
    bias: bool = False,
    suffix: str = "",
) -> OrderedDict[str, nn.Module]:
    """A convolution and its normalisation, by name: [b, c_in, h, w] -> [b, c, ceil(h / stride), ceil(w / stride)].

    Args:
        channels_in: of the input.
        channels: of the output.
        kernel: side, odd; the border is padded by half of it.
        stride: of the convolution.
        norm: of the output; "none" adds no layer.
        groups: of channels that are convolved apart.
        bias: give the convolution one although a normalisation takes it away again; without normalisation it has one.
        suffix: of the two names, "conv" and "norm".
    """
    bias = bias or norm == "none"
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers[f"conv{suffix}"] = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=bias)
    if norm != "none":
        layers[f"norm{suffix}"] = norm_layer(norm, channels)
    return layers


def convolution_stage(
    channels_in: int,
    widths: Sequence[int],
    *,
    activation: str,
    norm: str = "none",
    bias: bool = False,
    dropout: float = 0,
) -> nn.Sequential:
    """3x3 convolutions, each with normalisation, activation and dropout, then 2x2 max-pooling.

    [b, channels_in, h, w] -> [b, widths[-1], h // 2, w // 2].

    Args:
        channels_in: of the input.
        widths: channels of each convolution.
        activation: after every normalisation.
        norm: after every convolution.
        bias: see `convolution`.
        dropout: share of the activations set to 0 in training, one by one; 0 adds no layer.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, width in enumerate(widths, 1):
        layers |= convolution(channels_in, width, 3, norm=norm, bias=bias, suffix=str(number))
        channels_in = width
        if dropout:
            layers[f"activation{number}"] = activation_layer(activation, in_place=True)
            layers[f"dropout{number}"] = nn.Dropout(dropout)
        elif number < len(widths):
            layers[f"activation{number}"] = activation_layer(activation, in_place=True)
    layers["halve"] = MaxPool2d() if dropout else activate_and_halve(activation)
    return nn.Sequential(layers)
