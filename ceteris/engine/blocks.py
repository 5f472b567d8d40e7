"""The first layers of a network in oneDNN's own blocks of channels, where poolings are among them.

torch's dense max-pooling writes a 64-bit index for every output, oneDNN's a byte, and images of three channels are
convolved there by code of their own. What follows gets dense tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

import torch
from torch import nn
from torch.nn import functional

from ceteris.engine.processor import has_avx512
from ceteris.models.layers.pooling import MaxPool2d

CHANNELS = 16
"""In a block. Maps of other numbers of channels would be filled up with zeros, or left as they are."""


def in_blocks(network: nn.Module) -> nn.Module:
    """A network of the same modules, for training in fp32 on the CPU; the network itself where that is no gain.

    It computes the same but for the order of sums. Its first layers cannot be looked into, differentiated twice, or
    differentiated while norms evaluate; their weights are put into torch's default layout.
    """
    if not has_avx512():
        return network
    layers = list(_layers(network))
    first = list(takewhile(_is_blocked, layers))
    pays = any(isinstance(layer, nn.MaxPool2d) for layer in first) and type(first[0]) is nn.Conv2d
    return _InBlocks(first, layers[len(first) :]) if pays else network


class _InBlocks(nn.Module):
    def __init__(self, first: list[nn.Module], rest: list[nn.Module]) -> None:
        super().__init__()
        self.first, self.rest = nn.ModuleList(first), nn.Sequential(*rest)
        # Weights in channels_last would be copied into torch's default layout in every step.
        self.first.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self._weights = tuple(self.first.parameters())  # to walk through the modules takes a third of `_zero`
        # Vectors come from torch's default layout without another copy.
        flat = bool(rest) and isinstance(rest[0], nn.Flatten)
        self.between = torch.contiguous_format if flat else torch.channels_last

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = images.to_mkldnn()
        for layer in self.first:
            if isinstance(layer, nn.MaxPool2d):
                maps = functional.max_pool2d(maps, layer.kernel_size, layer.stride, layer.padding)
            else:
                maps = functional.relu(maps) if isinstance(layer, nn.ReLU) else layer(maps)
        outputs: torch.Tensor = self.rest(maps.to_dense().contiguous(memory_format=self.between))
        return outputs + self._zero()

    @torch.no_grad()
    def _zero(self) -> torch.Tensor | float:
        """NaN where a weight of the first layers is not finite: oneDNN's rectifiers and poolings swallow NaN."""
        return 0 * sum(weights.sum() for weights in self._weights)


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    """One after another, those of a sequence in a sequence, too."""
    if type(module) is not nn.Sequential or _is_hooked(module):
        yield module
        return
    for child in module:
        yield from _layers(child)


def _is_blocked(layer: nn.Module) -> bool:
    if _is_hooked(layer):
        return False
    if type(layer) is nn.Conv2d:
        padded = layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
        return padded and layer.groups == 1 and layer.out_channels % CHANNELS == 0
    if type(layer) in (nn.MaxPool2d, MaxPool2d):
        return layer.dilation in (1, (1, 1)) and not (layer.return_indices or layer.ceil_mode)
    if type(layer) is nn.BatchNorm2d:
        return layer.affine and layer.track_running_stats and layer.momentum is not None
    return type(layer) is nn.ReLU


def _is_hooked(module: nn.Module) -> bool:
    """Whether somebody wants to see what goes in or out of it."""
    hooks = module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks
    return any(hooks)
