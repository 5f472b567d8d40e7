"""What a convolutional network looks for: its first kernels, and what they and later ones make of an image."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import nn

from ceteris.errors import InputError
from ceteris.probes.evaluation import evaluating
from ceteris.probes.kind import Measurement, ModelProbe, Probe, Trained, evenly_spaced
from ceteris.probes.options import Check, check_options
from ceteris.registry import register


@register("probe")
def filters(*, images: int = 2, layers: int = 4, maps: int = 16) -> Probe:
    """First-layer kernels as images, and feature maps of test images from the first convolution to the last.

    Leaves "kernels" float32 [out, in, height, width], "images" uint8 [images, size, size, channels], "labels" int64
    [images], "maps_0", "maps_1", ... float32 [images, maps, height, width] of the convolutions named in the value
    "layers", and the value "kernel_layer". See `first_kernels` and `feature_maps`.

    Args:
        images: of the test set, evenly spaced; the same for every arm.
        layers: convolutions wider than 1x1, evenly spaced through the network, the first and the last among them.
        maps: channels kept of each, its first ones.

    Raises InputError for a number below 1.
    """
    check_options(
        "filters",
        *(
            Check(name, value, value >= 1, "at least 1")
            for name, value in (("images", images), ("layers", layers), ("maps", maps))
        ),
    )
    return Filters(images, layers, maps)


def first_kernels(model: nn.Module) -> tuple[str, np.ndarray]:
    """Name and weights, float32 [out, in, height, width], of the model's first convolution.

    Raises InputError for a model without any.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            return name, module.weight.detach().float().cpu().contiguous().numpy().copy()
    raise InputError("the model has no convolution")


@torch.no_grad()
def feature_maps(model: nn.Module, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    """Outputs of every convolution wider than 1x1, in the order of execution, in evaluation mode.

    Args:
        model: left as it is.
        inputs: float [n, channels, size, size].

    Returns name -> float [n, out, height, width], before any normalisation or activation.
    """
    found: dict[str, torch.Tensor] = {}

    def keep(name: str, module: nn.Module, _: object, output: torch.Tensor) -> None:
        found[name] = output.detach().float().clone()

    wide = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Conv2d) and max(m.kernel_size) > 1]
    hooks = [module.register_forward_hook(partial(keep, name)) for name, module in wide]
    try:
        with evaluating(model):
            model(inputs)
    finally:
        for handle in hooks:
            handle.remove()
    return found


class Filters(ModelProbe):
    """See `filters`."""

    def __init__(self, images: int, layers: int, maps: int) -> None:
        self.images, self.layers, self.maps = images, layers, maps

    def measure(self, view: Trained) -> Measurement:
        name, kernels = first_kernels(view.model)
        inputs, labels = evenly_spaced(view.test, self.images)
        maps = feature_maps(view.model, inputs)
        chosen = np.unique(np.linspace(0, len(maps) - 1, min(self.layers, len(maps))).round().astype(int))
        names = [list(maps)[index] for index in chosen]
        arrays = {"kernels": kernels, "images": view.pixels(inputs), "labels": labels.cpu().numpy()}
        arrays |= {f"maps_{n}": maps[layer][:, : self.maps].cpu().contiguous().numpy() for n, layer in enumerate(names)}
        return Measurement(arrays, {"kernel_layer": name, "layers": names})
