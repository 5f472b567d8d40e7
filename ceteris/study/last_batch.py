"""A last batch of one image, and the networks that cannot be trained on it."""

from __future__ import annotations

import math

from ceteris.errors import InputError, Problem
from ceteris.study.record import ModelFacts

BATCH_NORMS = frozenset({"BatchNorm1d", "BatchNorm2d"})


def check_last_batch(model: ModelFacts, images: int, batch_size: int) -> None:
    """Raises InputError where the last batch of so many images is one image that some batch norm sees as one value."""
    if images % batch_size != 1 % batch_size:
        return
    for layer in model.layers:
        if layer.kind in BATCH_NORMS and math.prod(layer.input_shape[1:]) == 1:
            what = f"the last of the batches of {batch_size} has one of the {images:,} training images, of which "
            what += f"{layer.name!r} has one value per channel and no variance"
            raise InputError(Problem(what, "batch_size", f"try batch_size: {batch_size + 1}, or other images"))
