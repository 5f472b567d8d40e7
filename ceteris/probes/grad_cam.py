"""Where in an image a model looks: gradient-weighted class activation maps."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ceteris.errors import InputError, Problem
from ceteris.probes.evaluation import evaluating
from ceteris.probes.kind import Measurement, ModelProbe, Trained, spread
from ceteris.probes.options import Check, check_options
from ceteris.registry import register


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


@register("probe")
def grad_cam(*, images: int | list[int] = 8) -> ModelProbe:
    """Where the network looks in some test images, for the class that it predicts (Grad-CAM, Selvaraju et al. 2017).

    It leaves, for m images: "row" int64 [m] (of the record's predictions), "pixels" uint8 [m, h, w, channels], "map"
    float32 [m, h, w] from 0 to 1 (see `class_activation_maps`), "labels" and "predicted" int16 [m].

    Args:
        images: how many, spread evenly over the test images, or a list of rows among them, counted from 0.

    Raises InputError for no image, and for a row that does not exist.
    """
    chosen = [images] if isinstance(images, int) else images
    least = 1 if isinstance(images, int) else 0
    sound = bool(chosen) and min(chosen) >= least
    check_options("grad-cam", Check("images", images, sound, "at least 1, or a list of rows from 0"))
    return _GradCam(images)


@dataclass(frozen=True)
class _GradCam(ModelProbe):
    images: int | list[int]

    def measure(self, view: Trained) -> Measurement:
        total = len(view.test)
        rows = spread(total, self.images) if isinstance(self.images, int) else np.unique(self.images)
        if rows[-1] >= total:
            what = f"probe 'grad-cam': there is no test image {rows[-1]}; the {total} count from 0"
            raise InputError(Problem(what, "images"))
        inputs, labels = view.test.at(rows)
        with torch.no_grad():
            predicted = view.model(inputs).argmax(1)
        return Measurement(
            {
                "row": rows,
                "pixels": view.pixels(inputs),
                "map": class_activation_maps(view.model, inputs, predicted).cpu().numpy(),
                "labels": labels.cpu().numpy().astype(np.int16),
                "predicted": predicted.cpu().numpy().astype(np.int16),
            }
        )
