"""What reaches each layer: gradients on the way back, activations on the way forward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.nn.utils import get_total_norm

from ceteris.probes.kind import EpochEnd, Measurement, Probe, Step, TrainingProbe, evenly_spaced
from ceteris.probes.options import Check, check_options
from ceteris.registry import register


@register("probe")
def gradient_flow(*, samples: int = 8, images: int = 256) -> Probe:
    """Gradient and weight norms of every layer, dead ReLU units and activation statistics, epoch by epoch.

    Leaves "gradient_norm" and "weight_norm" float64 [epochs, layers], "activation_mean", "activation_std" and
    "dead_share" float64 [epochs, activations], and the values "layers" and "activations": their names, in the order
    of the model. See `layer_norms` and `activation_statistics`.

    Args:
        samples: steps of each epoch, evenly spaced, over which the norms are averaged.
        images: of the validation set, evenly spaced, on which the activations are measured after each epoch.

    Raises InputError for a number below 1.
    """
    check_options(
        "gradient-flow",
        Check("samples", samples, samples >= 1, "at least 1"),
        Check("images", images, images >= 1, "at least 1"),
    )
    return GradientFlow(samples, images)


@dataclass
class Activation:
    """Of one activation module: mean and standard deviation over images, units and places.

    `dead_share` is the share of units that are zero for every image and at every place (a unit is a channel of a
    convolution, or a feature); NaN for activations other than ReLU, which are never exactly zero.
    """

    mean: float
    std: float
    dead_share: float


def layer_norms(model: nn.Module) -> dict[str, torch.Tensor]:
    """Layer -> its gradient's and its weights' l2 norms, float [2]; on the model's device, so nothing waits.

    A layer is a module that owns parameters, all of which (bias, scale) count. Without a gradient the norm is 0.
    """
    norms = {}
    for name, module in model.named_modules():
        own = list(module.parameters(recurse=False))
        if own:
            gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in own]
            norms[name] = torch.stack([get_total_norm(gradients), get_total_norm([p.detach() for p in own])])
    return norms


@torch.no_grad()
def activation_statistics(model: nn.Module, inputs: torch.Tensor) -> dict[str, Activation]:
    """Activation module -> its outputs' statistics on one batch [n, channels, size, size], in the model's own mode.

    Every module of `torch.nn` that is an activation function counts, under its name in the model; one that is used
    several times counts all its uses. Activations called as functions are not seen.
    """
    seen: dict[str, _Outputs] = {}
    hooks = [
        module.register_forward_hook(seen.setdefault(name, _Outputs()).add)
        for name, module in model.named_modules()
        if type(module).__module__ == nn.ReLU.__module__ and not isinstance(module, nn.MultiheadAttention)
    ]
    try:
        model(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: outputs.summary() for name, outputs in seen.items() if outputs.count}


@dataclass
class _Outputs:
    """Sums over the outputs of one module, reduced as they come: they would fill the memory."""

    total: float = 0.0
    squares: float = 0.0
    count: int = 0
    living: list[torch.Tensor] = field(default_factory=list)
    can_die: bool = True

    def add(self, module: nn.Module, _: object, output: torch.Tensor) -> None:
        values = output.detach().float()
        count, mean = values.numel(), float(values.mean())
        variance = float((values - mean).square_().mean())  # three times as fast as torch's own
        self.total += count * mean
        self.squares += count * (variance + mean**2)
        self.count += count
        self.can_die = isinstance(module, nn.ReLU)
        if self.can_die:  # what is never below zero adds up to zero only if all of it is
            self.living.append(values.sum([axis for axis in range(values.ndim) if axis != 1]) != 0)

    def summary(self) -> Activation:
        mean = self.total / self.count
        variance = max(0.0, self.squares / self.count - mean**2)
        dead = 1 - float(torch.cat(self.living).double().mean()) if self.can_die else float("nan")
        return Activation(mean, float(np.sqrt(variance)), dead)


class GradientFlow(TrainingProbe):
    """See `gradient_flow`."""

    def __init__(self, samples: int, images: int) -> None:
        self.samples, self.images = samples, images
        self.sampled: list[dict[str, torch.Tensor]] = []
        self.names: dict[str, list[str]] = {"layers": [], "activations": []}
        self.rows: dict[str, list[list[float]]] = {
            name: []
            for name in ("gradient_norm", "weight_norm", "activation_mean", "activation_std", "dead_share")
        }  # fmt: skip

    def wants(self, step: int, steps_per_epoch: int) -> bool:
        samples = min(self.samples, steps_per_epoch)
        return (step - 1) % steps_per_epoch in {n * steps_per_epoch // samples for n in range(samples)}

    def after_backward(self, view: Step) -> None:
        self.sampled.append(layer_norms(view.model))

    def after_epoch(self, view: EpochEnd) -> None:
        inputs, _ = evenly_spaced(view.validation, self.images)
        activations = activation_statistics(view.model, inputs)
        norms = {
            name: torch.stack([sample[name] for sample in self.sampled]).double().mean(0).tolist()
            for name in self.sampled[0]
        }
        self.sampled.clear()
        self.names = {"layers": list(norms), "activations": list(activations)}
        self._append("gradient_norm", {name: gradient for name, (gradient, _) in norms.items()})
        self._append("weight_norm", {name: weight for name, (_, weight) in norms.items()})
        self._append("activation_mean", {name: a.mean for name, a in activations.items()})
        self._append("activation_std", {name: a.std for name, a in activations.items()})
        self._append("dead_share", {name: a.dead_share for name, a in activations.items()})

    def so_far(self) -> Measurement:
        arrays = {name: np.array(rows, np.float64).reshape(len(rows), -1) for name, rows in self.rows.items() if rows}
        if not self.sampled:
            return Measurement(arrays, dict(self.names))
        # Inside an epoch: its norms are averaged at its end.
        arrays["sampled"] = torch.stack([torch.stack(list(sample.values())) for sample in self.sampled]).cpu().numpy()
        return Measurement(arrays, self.names | {"sampled": list(self.sampled[0])})

    def restore(self, seen: Measurement) -> None:
        names, arrays = dict(seen.values), dict(seen.arrays)
        layers = names.pop("sampled", [])
        norms = torch.from_numpy(arrays.pop("sampled", np.zeros((0, 0, 2), np.float32)))
        self.sampled = [dict(zip(layers, sample, strict=True)) for sample in norms]
        self.names = {name: list(listed) for name, listed in names.items()}
        self.rows |= {name: array.tolist() for name, array in arrays.items()}

    def _append(self, name: str, row: Mapping[str, float]) -> None:
        self.rows[name].append(list(row.values()))
