"""The convolutional network of the study `speed-recipe`."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, cast

import torch
from torch import nn
from torch.nn import functional

from ceteris.models.layers.limits import check_limits
from ceteris.models.layers.pooling import MaxPool2d
from ceteris.models.layers.whitening import Whitening
from ceteris.registry import register

BIAS_SCALE = 8.0
"""A bias that is multiplied by 8 learns as one with 64 times the learning rate: its gradient and its step both grow."""


@register("model")
def airbench94(
    classes: int,
    channels: int,
    image_size: int,
    *,
    width: int = 64,
    test_views: Literal["plain", "mirror", "mirror-shift"] = "plain",
) -> nn.Module:
    """A whitening layer and three pairs of 3x3 convolutions, for 94 % on CIFAR-10 in seconds (Jordan 2024).

    Float [b, channels, image_size, image_size] -> logits [b, classes]. 1,971,352 parameters that are trained for 10
    classes of 3x32x32. A 2x2 convolution whose weights come from the training images (`Whitening`), GELUs, batch norms
    with a bias only and a momentum of 0.4, logits divided by 9. Convolutions start as the identity on their first
    channels, the others and the linear layer from torch's default initialisation. From arXiv 2404.00498, section 3; the
    bias of its first layer is trained throughout, there for three epochs only.

    Args:
        classes: outputs.
        channels: of the images.
        image_size: pixels a side, at least 9: it is halved three times after the first layer.
        width: channels of the first pair; the second and third have four times as many.
        test_views: in evaluation, logits are averaged over the image and its mirror image, and over two shifts of it by
            a pixel and their mirror images; MACs are counted for all views.

    Raises InputError for smaller images and options that cannot be.
    """
    check_limits("airbench94", image_size, 9, width=width)
    whitening = Whitening(channels)
    layers: OrderedDict[str, nn.Module] = OrderedDict(whitening=whitening, activation=nn.GELU())
    before, side = whitening.out_channels, image_size - 1
    for number, after in enumerate((width, 4 * width, 4 * width), 1):
        layers[f"pair{number}"] = _pair(before, after)
        before, side = after, side // 2
    layers |= {"pool": nn.MaxPool2d(side), "flatten": nn.Flatten(), "fc": nn.Linear(before, classes, bias=False)}
    return _Airbench(layers, test_views)


class _Airbench(nn.Sequential):
    """The layers in order, and the views of an image in evaluation; `fit_to` is the first layer's."""

    def __init__(self, layers: OrderedDict[str, nn.Module], test_views: str) -> None:
        super().__init__(layers)
        self.test_views = test_views

    def fit_to(self, images: torch.Tensor) -> None:
        """See `Whitening.fit_to`."""
        self.get_submodule("whitening").fit_to(images)  # type: ignore[operator]

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if self.training or self.test_views == "plain":
            return self._logits(inputs)
        views = [inputs]
        if self.test_views == "mirror-shift":
            side = inputs.shape[-1]
            padded = functional.pad(inputs, (1, 1, 1, 1), "reflect")
            views += [padded[..., :side, :side], padded[..., 2:, 2:]]
        both = torch.cat([*views, *(view.flip(-1) for view in views)])
        own, *shifted = self._logits(both).view(2, len(views), len(inputs), -1).mean(0)
        return (own + torch.stack(shifted).mean(0)) / 2 if shifted else cast(torch.Tensor, own)

    def _logits(self, inputs: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, super().forward(inputs)) / 9  # type: ignore[no-untyped-call]


def _pair(before: int, after: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv1=_Convolution(before, after),
            pool=MaxPool2d(),
            norm1=_BiasedNorm(after),
            activation1=nn.GELU(),
            conv2=_Convolution(after, after),
            norm2=_BiasedNorm(after),
            activation2=nn.GELU(),
        )
    )


class _Convolution(nn.Conv2d):
    """3x3, same size, no bias; passes its inputs on unchanged at the start, as far as it has channels."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 3, padding=1, bias=False)

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.dirac_(self.weight.data[: self.in_channels])


class _BiasedNorm(nn.BatchNorm2d):
    """Batch norm whose weight stays 1."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-12, momentum=0.4)
        del self.weight
        self.register_buffer("weight", torch.ones(channels), persistent=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return functional.batch_norm(
            inputs,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias * BIAS_SCALE,
            self.training,
            self.momentum or 0.0,
            self.eps,
        )
