"""How far a gradient can be trusted along the step it suggests (Santurkar et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.utils import get_total_norm

from ceteris.probes.guard import untouched
from ceteris.probes.kind import Measurement, Probe, Step, TrainingProbe
from ceteris.probes.options import Check, check_options
from ceteris.registry import register

SHORTEST, LONGEST = 0.5, 4.0
"""Step lengths in learning rates, as in the paper."""


@register("probe")
def gradient_predictiveness(*, every: int = 1, points: int = 4) -> Probe:
    """Loss range, gradient change and effective beta-smoothness along the gradient (Santurkar et al. 2018).

    Leaves one row per measured step: "step" int64 [looks] (from 1), "loss" and "gradient_norm" float64 [looks] at the
    weights before the update, "loss_along" and "gradient_change" float64 [looks, points], "smoothness" float64
    [looks]; and the value "lengths", the step lengths in learning rates. See `along_gradient`.

    Args:
        every: measure the first step of that many, over the whole training.
        points: step lengths, evenly spaced from 0.5 to 4 learning rates; each costs a forward and a backward pass.

    Raises InputError for a number below 1.
    """
    check_options(
        "gradient-predictiveness",
        Check("every", every, every >= 1, "at least 1"),
        Check("points", points, points >= 1, "at least 1"),
    )
    return GradientPredictiveness(every, points)


@dataclass(frozen=True)
class AlongGradient:
    """What was met on the way down the gradient.

    Attributes:
        loss, gradient_norm: at the start.
        loss_along: float64 [points].
        gradient_change: l2 distance of each point's gradient from the first, float64 [points].
        smoothness: effective beta-smoothness: the largest change of the gradient per l2 distance walked. NaN where
            the gradient is zero.
    """

    loss: float
    gradient_norm: float
    loss_along: np.ndarray
    gradient_change: np.ndarray
    smoothness: float


def along_gradient(
    model: nn.Module, loss: Callable[[], torch.Tensor], learning_rate: float, lengths: Sequence[float]
) -> AlongGradient:
    """Walk from the model's parameters against the gradient of a loss, and look back (Santurkar et al. 2018).

    Args:
        model: its parameters are moved, and put back bit for bit, as are its buffers.
        loss: the loss at the model's parameters of now, a scalar with its graph; the same noise at every call.
        learning_rate: the gradient times this is a step of length 1.
        lengths: of the steps.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def look() -> tuple[float, list[torch.Tensor]]:
        here = loss()
        return float(here.detach()), list(torch.autograd.grad(here, parameters, materialize_grads=True))

    with untouched(model):
        starts = [parameter.detach().clone() for parameter in parameters]
        first_loss, first = look()
        losses, changes = [], []
        for length in lengths:
            with torch.no_grad():
                for parameter, start, gradient in zip(parameters, starts, first, strict=True):
                    parameter.copy_(start - learning_rate * length * gradient)
            there, gradients = look()
            losses.append(there)
            changes.append(_norm([g - f for g, f in zip(gradients, first, strict=True)]))
    distances = learning_rate * np.asarray(lengths, np.float64) * (norm := _norm(first))
    with np.errstate(divide="ignore", invalid="ignore"):
        smoothness = float(np.max(np.array(changes) / distances))
    return AlongGradient(first_loss, norm, np.array(losses), np.array(changes), smoothness)


class GradientPredictiveness(TrainingProbe):
    """See `gradient_predictiveness`."""

    def __init__(self, every: int, points: int) -> None:
        self.every = every
        self.lengths = np.linspace(SHORTEST, LONGEST, points).tolist()
        self.steps: list[int] = []
        self.looks: list[np.ndarray] = []

    def wants(self, step: int, steps_per_epoch: int) -> bool:
        return (step - 1) % self.every == 0

    def after_backward(self, view: Step) -> None:
        """Two numbers, a number per point twice, and one: a row of `looks`."""
        seen = along_gradient(view.model, view.loss, view.learning_rate, self.lengths)
        self.steps.append(view.step)
        self.looks.append(
            np.array([seen.loss, seen.gradient_norm, *seen.loss_along, *seen.gradient_change, seen.smoothness])
        )

    def so_far(self) -> Measurement:
        points = len(self.lengths)
        rows = np.array(self.looks, np.float64).reshape(len(self.looks), 3 + 2 * points)
        return Measurement(
            {
                "step": np.array(self.steps, np.int64),
                "loss": rows[:, 0],
                "gradient_norm": rows[:, 1],
                "loss_along": rows[:, 2 : 2 + points],
                "gradient_change": rows[:, 2 + points : -1],
                "smoothness": rows[:, -1],
            },
            {"lengths": self.lengths},
        )

    def restore(self, seen: Measurement) -> None:
        columns = ("loss", "gradient_norm", "loss_along", "gradient_change", "smoothness")
        self.steps = seen.arrays["step"].tolist()
        self.looks = list(np.column_stack([seen.arrays[name] for name in columns]))


def _norm(tensors: list[torch.Tensor]) -> float:
    return float(get_total_norm(tensors))
