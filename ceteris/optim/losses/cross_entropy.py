"""Cross-entropy."""

from __future__ import annotations

from functools import partial

from torch.nn import functional

from ceteris.optim.bounds import Bound, check
from ceteris.optim.kind import Loss
from ceteris.registry import register


@register("loss")
def cross_entropy(*, label_smoothing: float = 0.0) -> Loss:
    """Cross-entropy of the softmax, mean over the batch, with label smoothing if asked (Szegedy et al. 2016).

    Args:
        label_smoothing: share of the target spread evenly over all classes, 0 to 1.

    Raises InputError for a share outside 0 to 1.
    """
    check("loss 'cross-entropy'", Bound("label_smoothing", label_smoothing, at_least=0, at_most=1))
    return partial(functional.cross_entropy, label_smoothing=label_smoothing)
