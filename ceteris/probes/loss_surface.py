"""The loss around trained weights, along random filter-normalised directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional

from ceteris.probes.evaluation import evaluating
from ceteris.probes.kind import Measurement, ModelProbe, Trained, evenly_spaced
from ceteris.probes.options import Check, check_options
from ceteris.registry import register
from ceteris.study.streams import stream

CHUNK = 256
"""Images evaluated at once."""

Direction = Mapping[str, torch.Tensor]
"""A change of some of a model's parameters, by name, each of its parameter's shape."""


def filter_normalised(model: nn.Module, seed: int, name: str) -> Direction:
    """A random direction whose every filter is as long as the model's own (Li et al. 2018).

    A filter is one output channel of a convolution or one unit of a linear layer. Biases and normalisation layers stay
    as they are. Each parameter draws from its own stream `<name>/<parameter>`, so models that share a parameter's name
    and shape share its direction up to length.

    Args:
        model: trained.
        seed: of the streams.
        name: of the direction.
    """
    chosen = {}
    for path, module in model.named_modules():
        for own, weights in module.named_parameters(recurse=False):
            if weights.ndim > 1 and not isinstance(module, nn.LayerNorm):
                parameter = f"{path}.{own}" if path else own
                drawn = stream(seed, f"{name}/{parameter}").standard_normal(weights.shape, dtype=np.float32)
                direction = torch.from_numpy(drawn).to(weights)
                kept = tuple(range(1, weights.ndim))
                lengths = [
                    torch.linalg.vector_norm(values.detach(), dim=kept, keepdim=True) for values in (weights, direction)
                ]
                chosen[parameter] = direction * (lengths[0] / lengths[1])
    return chosen


def loss_slice(  # noqa: PLR0917
    model: nn.Module,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    inputs: torch.Tensor,
    labels: torch.Tensor,
    directions: Sequence[Direction],
    offsets: np.ndarray,
) -> np.ndarray:
    """The mean loss at every combination of offsets along the directions, in evaluation mode.

    The model computes with moved copies of its weights; its own are never written to. Batch norm keeps its running
    statistics.

    Args:
        model: trained.
        loss: (logits [n, classes], labels [n]) -> mean loss.
        inputs: float [n, channels, size, size].
        labels: int64 [n].
        directions: one for each dimension of the slice.
        offsets: float [points], in multiples of a direction; at 0 the weights are the model's own.

    Returns float64 [points] per dimension: `[i, j]` is at `offsets[i]` along the first and `offsets[j]` along the
    second. A loss that is not finite stays so.
    """
    own = {name: weights.detach() for name, weights in model.named_parameters() if name in directions[0]}
    surface = np.empty((len(offsets),) * len(directions))
    with evaluating(model), torch.inference_mode():
        for place in product(range(len(offsets)), repeat=len(directions)):
            moved = dict(own)
            for direction, index in zip(directions, place, strict=True):
                for name, change in direction.items():
                    moved[name] = moved[name] + float(offsets[index]) * change
            total = 0.0
            for images, answers in zip(torch.split(inputs, CHUNK), torch.split(labels, CHUNK), strict=True):
                total += len(images) * float(loss(functional_call(model, moved, (images,)), answers))
            surface[place] = total / len(inputs)
    return surface


def symmetric_offsets(points: int, span: float) -> np.ndarray:
    """An odd number of evenly spaced offsets from -span to span, exactly 0 in the middle: float64 [points]."""
    half = points // 2
    return span * np.arange(-half, half + 1) / half


@register("probe")
def loss_surface(
    *, points: int = 21, span: float = 1.0, images: int = 256, dimensions: Literal[1, 2] = 2
) -> ModelProbe:
    """The validation loss around the trained weights, along random filter-normalised directions (Li et al. 2018).

    Cross-entropy without smoothing whatever the training loss, in fp32, and one pair of directions for all arms of a
    seed, so surfaces can be laid side by side. It leaves "offsets" float64 [points] and "loss" float64 [points], or
    [points, points] (first direction, second direction), not finite where the loss is not; and the value "images".

    Args:
        points: along each direction, odd, so that the trained weights are one of them.
        span: furthest offset, in lengths of the model's own filters.
        images: validation images used at most, spread evenly.
        dimensions: directions; two cost `points` times as much as one.

    Raises InputError for values out of bounds.
    """
    check_options(
        "loss-surface",
        Check("points", points, points >= 3 and points % 2 == 1, "odd and at least 3"),
        Check("span", span, 0 < span < float("inf"), "above 0"),
        Check("images", images, images >= 1, "at least 1"),
    )
    return _LossSurface(symmetric_offsets(points, span), images, dimensions)


@dataclass(frozen=True)
class _LossSurface(ModelProbe):
    offsets: np.ndarray
    images: int
    dimensions: int

    def measure(self, view: Trained) -> Measurement:
        inputs, labels = evenly_spaced(view.validation, self.images)
        directions = [
            filter_normalised(view.model, view.seed, f"{view.stream_name}/{axis}") for axis in range(self.dimensions)
        ]
        loss = loss_slice(view.model, functional.cross_entropy, inputs, labels, directions, self.offsets)
        return Measurement({"offsets": self.offsets, "loss": loss}, {"images": len(labels)})
