"""What squeeze-and-excitation attends to: its gates, class by class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ceteris.probes.evaluation import evaluating
from ceteris.probes.kind import Measurement, ModelProbe, Trained, evenly_spaced
from ceteris.probes.options import Check, check_options
from ceteris.registry import register

CHUNK = 250
"""Images evaluated at once."""


@dataclass(frozen=True)
class Gates:
    """The gates of one module, from 0 to 1: mean and standard deviation over the images of each class.

    Both float64 [classes, channels]; NaN for a class without images.
    """

    mean: np.ndarray
    deviation: np.ndarray


def gate_statistics(
    model: nn.Module, batches: Iterable[tuple[torch.Tensor, torch.Tensor]], classes: int
) -> dict[str, Gates]:
    """Gates of every `SqueezeExcitation` module by its name, in order of depth (Hu et al. 2018, figure 8).

    Args:
        model: left as it is. A module of that class has a child `gate` whose output is [n, channels].
        batches: of inputs float [n, channels, size, size] and labels int64 [n].
        classes: number of classes.

    Empty for a model without such a module.
    """
    seen: dict[str, list[torch.Tensor]] = {}
    labels = []
    with ExitStack() as stack:
        stack.enter_context(evaluating(model))
        stack.enter_context(torch.inference_mode())
        for name, module in model.named_modules():
            if type(module).__name__ == "SqueezeExcitation":
                seen[name] = []
                stack.enter_context(module.get_submodule("gate").register_forward_hook(_into(seen[name])))
        for inputs, answers in batches if seen else ():
            model(inputs)
            labels.append(answers.cpu())
    return {name: _by_class(torch.cat(gates), torch.cat(labels), classes) for name, gates in seen.items()}


def _into(kept: list[torch.Tensor]) -> Callable[[nn.Module, object, torch.Tensor], None]:
    def keep(module: nn.Module, inputs: object, gates: torch.Tensor) -> None:
        kept.append(gates.cpu().double())

    return keep


def _by_class(gates: torch.Tensor, labels: torch.Tensor, classes: int) -> Gates:
    count = torch.bincount(labels, minlength=classes)[:, None]
    empty = gates.new_zeros(classes, gates.shape[1])
    mean = empty.index_add(0, labels, gates) / count
    variance = empty.index_add(0, labels, (gates - mean[labels]).square()) / count
    return Gates(mean.numpy(), variance.sqrt().numpy())


@register("probe")
def attention(*, images: int = 1000) -> ModelProbe:
    """What squeeze-and-excitation attends to: the gate of every channel, class by class (Hu et al. 2018).

    For each module it leaves "<module>/mean" and "<module>/deviation", float32 [classes, channels] (see `Gates`), and
    the values "modules" (their names in order of depth; empty for a network that has none) and "images".

    Args:
        images: test images used at most, spread evenly. Raises InputError below 1.
    """
    check_options("attention", Check("images", images, images >= 1, "at least 1"))
    return _Attention(images)


@dataclass(frozen=True)
class _Attention(ModelProbe):
    images: int

    def measure(self, view: Trained) -> Measurement:
        inputs, labels = evenly_spaced(view.test, self.images)
        batches = zip(torch.split(inputs, CHUNK), torch.split(labels, CHUNK), strict=True)
        modules = gate_statistics(view.model, batches, len(view.classes))
        arrays = {}
        for name, gates in modules.items():
            arrays[f"{name}/mean"] = gates.mean.astype(np.float32)
            arrays[f"{name}/deviation"] = gates.deviation.astype(np.float32)
        return Measurement(arrays, {"modules": list(modules), "images": len(labels)})
