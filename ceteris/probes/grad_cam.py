"""Where in an image a model looks: gradient-weighted class activation maps."""

from __future__ import annotations

from contextlib import ExitStack

import torch
from torch import nn
from torch.nn import functional

from ceteris.errors import InputError, Problem
from ceteris.probes.evaluation import evaluating


def class_activation_maps(model: nn.Module, inputs: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Grad-CAM (Selvaraju et al. 2017): the regions that raise a class's logit, at the last convolutional feature map.

    That is the output of the last layer that works at the size of the last convolution larger than 1 x 1: its
    normalised and activated result, before any pooling.

    Args:
        model: left as it is, gradients included; in evaluation mode meanwhile.
        inputs: float [n, channels, h, w].
        classes: int64 [n], the class that each image is explained for.

    Returns float [n, h, w] from 0 to 1, each map divided by its own maximum; all 0 where nothing raises the logit.
    Raises InputError for a model without a convolution whose output is larger than 1 x 1.
    """
    with evaluating(model), torch.enable_grad():
        features, logits = _last_feature_map(model, inputs.detach().requires_grad_())
        chosen = logits.gather(1, classes[:, None]).sum()
        (gradient,) = torch.autograd.grad(chosen, features)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    maps = (weights * features.detach()).sum(dim=1, keepdim=True).relu()
    maps = functional.interpolate(maps, size=inputs.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    highest = maps.amax(dim=(1, 2), keepdim=True)
    return maps / torch.where(highest > 0, highest, 1)


def _last_feature_map(model: nn.Module, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    maps: list[tuple[nn.Module, torch.Tensor]] = []

    def note(module: nn.Module, given: object, output: torch.Tensor) -> None:
        if output.ndim == 4 and output.shape[2:].numel() > 1:
            maps.append((module, output))

    with ExitStack() as stack:
        for module in model.modules():
            if next(module.children(), None) is None:
                stack.enter_context(module.register_forward_hook(note))
        logits = model(inputs)
    sizes = [output.shape[2:] for module, output in maps if isinstance(module, nn.Conv2d)]
    if not sizes:
        raise InputError(Problem("Grad-CAM needs a convolution whose output is larger than 1 x 1", "probes"))
    return [output for _, output in maps if output.shape[2:] == sizes[-1]][-1], logits
