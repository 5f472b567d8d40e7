"""How a model arranges images before its last layer, drawn in the plane."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ceteris.errors import InputError, Problem
from ceteris.probes.evaluation import evaluating
from ceteris.probes.kind import Measurement, ModelProbe, Trained, spread
from ceteris.probes.options import Check, check_options
from ceteris.registry import register

CHUNK = 250
"""Images evaluated at once."""

PERPLEXITY = 30.0


def penultimate_features(model: nn.Module, batches: Iterable[torch.Tensor]) -> np.ndarray:
    """The input of the linear layer that runs last, float32 [n, features], in evaluation mode.

    Args:
        model: left as it is.
        batches: of inputs, float [b, channels, size, size].

    Raises InputError for a model without a linear layer.
    """
    latest, features = torch.empty(0), []

    def note(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        nonlocal latest
        latest = inputs[0]

    with ExitStack() as stack:
        linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
        if not linear:
            raise InputError(Problem("an embedding needs a network with a linear layer", "probes"))
        stack.enter_context(evaluating(model))
        stack.enter_context(torch.inference_mode())
        for module in linear:
            stack.enter_context(module.register_forward_pre_hook(note))
        for inputs in batches:
            model(inputs)
            features.append(latest.flatten(1).float().cpu())
    return torch.cat(features).numpy()


def principal_components(features: np.ndarray, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates on the axes of largest variance (Pearson 1901), and the share of the variance along each.

    An axis points to where its largest loading is positive, so that signs do not depend on the library.

    Args:
        features: [n, d].
        count: axes, at most min(n, d).

    Returns float64 [n, count] and [count].
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    axes *= np.where(largest < 0, -1, 1)
    variance = np.square(lengths)
    return centred @ axes[:count].T, variance[:count] / max(variance.sum(), np.finfo(np.float64).tiny)


def neighbour_embedding(features: np.ndarray, random_state: int) -> np.ndarray:
    """t-SNE (van der Maaten and Hinton 2008) at perplexity 30, less for fewer than 91 points: float32 [n, 2].

    Distances between clusters and their sizes mean nothing. Started from the principal components.

    Args:
        features: [n, d], n >= 4.
        random_state: whole number below 2^32, of scikit-learn's generator.
    """
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    return np.asarray(TSNE(perplexity=perplexity, init="pca", random_state=random_state).fit_transform(features))


@register("probe")
def embedding(*, images: int = 1000) -> ModelProbe:
    """Test images in the plane by what the last linear layer is given: principal components and t-SNE.

    It leaves, for n images: "row" int64 [n] (of the record's predictions), "labels" int16 [n], "pca" and "t-sne"
    float32 [n, 2], "explained" float64 [2] (share of the variance along each principal component), and the value
    "features" (dimensions before).

    Args:
        images: test images used at most, spread evenly; at least 4.

    Raises InputError for fewer.
    """
    check_options("embedding", Check("images", images, images >= 4, "at least 4"))
    return _Embedding(images)


@dataclass(frozen=True)
class _Embedding(ModelProbe):
    images: int

    def measure(self, view: Trained) -> Measurement:
        rows = spread(len(view.test), self.images)
        if len(rows) < 4:
            raise InputError(Problem(f"an embedding needs at least 4 test images, not {len(rows)}", "probes"))
        inputs, labels = view.test.at(rows)
        features = penultimate_features(view.model, torch.split(inputs, CHUNK))
        pca, explained = principal_components(features)
        return Measurement(
            {
                "row": rows,
                "labels": labels.cpu().numpy().astype(np.int16),
                "pca": pca.astype(np.float32),
                "explained": explained,
                "t-sne": neighbour_embedding(features, int(view.stream("t-sne").integers(2**32))),
            },
            {"features": features.shape[1]},
        )
