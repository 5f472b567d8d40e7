"""The curvature of the loss at trained weights: the largest eigenvalues of the Hessian, and its trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ceteris.probes.evaluation import evaluating
from ceteris.probes.kind import Measurement, ModelProbe, Trained, evenly_spaced
from ceteris.probes.options import Check, check_options
from ceteris.registry import register

CHUNK = 32
"""Images whose graph is held in memory at once."""
TOLERANCE = 0.01
"""An eigenvalue has converged when its error bound is at most this share of it."""
EXHAUSTED = 1e-5
"""A residual at most this share of the largest eigenvalue is float32 rounding: nothing is left to find."""


class Hessian:
    """The Hessian of the mean loss of some images in all parameters of a model, as a linear map of flat vectors [p].

    In evaluation mode. It is never stored: a product costs a few gradients (Pearlmutter 1994).

    Args:
        model: left as it is, gradients included.
        loss: (logits [b, classes], labels [b]) -> mean loss; twice differentiable almost everywhere.
        inputs: float [n, channels, size, size].
        labels: int64 [n].
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        inputs: torch.Tensor,
        labels: torch.Tensor,
    ) -> None:
        self._model, self._loss = model, loss
        self._inputs, self._labels = torch.split(inputs, CHUNK), torch.split(labels, CHUNK)
        self._images = len(inputs)
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.size = sum(parameter.numel() for parameter in self._parameters)

    def __matmul__(self, vector: torch.Tensor) -> torch.Tensor:
        """Hessian times vector, both float [p]."""
        product = torch.zeros_like(vector)
        with evaluating(self._model), torch.enable_grad():
            for images, answers in zip(self._inputs, self._labels, strict=True):
                share = len(images) / self._images
                gradient = self._gradient(share * self._loss(self._model(images), answers), create_graph=True)
                product += self._gradient(gradient @ vector)
        return product

    def vector(self, values: np.ndarray) -> torch.Tensor:
        """Numbers [p] as a vector of the type and on the device of the parameters."""
        return torch.from_numpy(values).to(self._parameters[0])

    def _gradient(self, of: torch.Tensor, create_graph: bool = False) -> torch.Tensor:
        parts = torch.autograd.grad(of, self._parameters, create_graph=create_graph, materialize_grads=True)
        return torch.cat([part.reshape(-1) for part in parts])


def top_eigenvalues(
    hessian: Hessian, count: int, generator: np.random.Generator, steps: int = 30
) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues by the method of Lanczos (1950), with full reorthogonalisation.

    Stops when the bounds of all are within 1 % of them. An eigenvalue that occurs several times is found once.

    Args:
        hessian: keeps up to `steps` vectors of its size in memory.
        count: how many.
        generator: draws the starting vector.
        steps: products at most.

    Returns (eigenvalues, bounds), float64 [at most count], largest first: within its bound of each of them there is an
    eigenvalue.
    """
    start = hessian.vector(generator.standard_normal(hessian.size, dtype=np.float32))
    basis, diagonal, beside = [start / start.norm()], np.empty(0), np.empty(0)
    while True:
        rest = hessian @ basis[-1]
        diagonal = np.append(diagonal, float(rest @ basis[-1]))
        for known in basis + basis:  # twice: once leaves what float32 rounds away
            rest = rest - (known @ rest) * known
        length = float(rest.norm())
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        found, bounds = values[::-1][:count], length * np.abs(vectors[-1, ::-1][:count])
        converged = len(found) == count and (bounds <= TOLERANCE * np.abs(found)).all()
        if converged or len(basis) == steps or length <= EXHAUSTED * np.abs(values).max():
            return found, bounds
        beside = np.append(beside, length)
        basis.append(rest / length)


def trace(hessian: Hessian, draws: int, generator: np.random.Generator) -> tuple[float, float]:
    """The trace by the estimator of Hutchinson (1990), exact for a diagonal Hessian, and its standard error.

    Args:
        hessian: one product per draw.
        draws: random vectors of signs, at least 2.
        generator: draws them.
    """
    estimates = []
    for _ in range(draws):
        signs = hessian.vector(2 * generator.integers(0, 2, hessian.size, dtype=np.int8) - 1)
        estimates.append(float(signs @ (hessian @ signs)))
    return float(np.mean(estimates)), float(np.std(estimates, ddof=1) / np.sqrt(draws))


@register("probe")
def sharpness(*, count: int = 3, images: int = 128, steps: int = 30, draws: int = 20) -> ModelProbe:
    """Curvature of the validation loss at the trained weights: largest Hessian eigenvalues, and the trace.

    Cross-entropy without smoothing whatever the training loss, in fp32 and in evaluation mode, so that arms can be
    compared. It leaves "eigenvalues" and "bounds" float64 [at most count] (see `top_eigenvalues`), and the values
    "trace", "trace_error" (standard error over the draws), "parameters" and "images".

    Args:
        count: eigenvalues, 1 to 5.
        images: validation images used at most, spread evenly.
        steps: Hessian products for the eigenvalues at most, at least `count`; as many vectors are held in memory.
        draws: Hessian products for the trace, at least 2.

    Raises InputError for values out of bounds.
    """
    check_options(
        "sharpness",
        Check("count", count, 1 <= count <= 5, "1 to 5"),
        Check("images", images, images >= 1, "at least 1"),
        Check("steps", steps, steps >= count, "at least count"),
        Check("draws", draws, draws >= 2, "at least 2"),
    )
    return _Sharpness(count, images, steps, draws)


@dataclass(frozen=True)
class _Sharpness(ModelProbe):
    count: int
    images: int
    steps: int
    draws: int

    def measure(self, view: Trained) -> Measurement:
        inputs, labels = evenly_spaced(view.validation, self.images)
        hessian = Hessian(view.model, functional.cross_entropy, inputs, labels)
        eigenvalues, bounds = top_eigenvalues(hessian, self.count, view.stream("start"), self.steps)
        mean, error = trace(hessian, self.draws, view.stream("signs"))
        return Measurement(
            {"eigenvalues": eigenvalues, "bounds": bounds},
            {"trace": mean, "trace_error": error, "parameters": hessian.size, "images": len(labels)},
        )
