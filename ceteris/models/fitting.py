"""What a model is that takes something from the training images before it is trained."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch

FITTED_IMAGES = 5000


@runtime_checkable
class FitsImages(Protocol):
    """A model whose buffers are computed from images, once, after its parameters were drawn."""

    def fit_to(self, images: torch.Tensor) -> None:
        """Float [n, channels, size, size] on the CPU, normalised, the first `FITTED_IMAGES` of the training split."""
