"""A first layer that makes patches of the training images uncorrelated."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

SIDE = 2
EPS = 5e-4
"""Added to the variances: directions in which patches hardly vary are not blown up."""


class Whitening(nn.Module):
    """A 2x2 convolution onto the principal directions of patches, each scaled to variance 1, and their negatives.

    Float [b, channels, h, w] -> [b, 8 * channels, h - 1, w - 1]. The weights are not trained, the bias is. Until
    `fit_to` they are random. (Page 2019, "How to train your ResNet 8"; Jordan 2024, arXiv 2404.00498, section 3.2.)
    """

    weight: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels, self.out_channels = channels, 2 * channels * SIDE**2
        self.register_buffer("weight", torch.empty(self.out_channels, channels, SIDE, SIDE))
        self.bias = nn.Parameter(torch.empty(self.out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Random directions, no bias."""
        nn.init.orthogonal_(self.weight)
        nn.init.zeros_(self.bias)

    def fit_to(self, images: torch.Tensor) -> None:
        """Take the directions from images, float [n, channels, h, w], normalised as in training."""
        patches = images.unfold(2, SIDE, 1).unfold(3, SIDE, 1).transpose(1, 3).reshape(-1, self.channels * SIDE**2)
        variances, directions = torch.linalg.eigh((patches.T @ patches / len(patches)).double())
        scaled = (directions / torch.sqrt(variances + EPS)).T.flip(0).float()
        both = torch.cat([scaled, -scaled]).view(self.weight.shape)
        with torch.no_grad():
            self.weight.copy_(both)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return functional.conv2d(inputs, self.weight, self.bias)
