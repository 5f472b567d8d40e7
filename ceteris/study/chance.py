"""Whether a classifier has learnt anything at all; needs neither scipy nor torch."""

from __future__ import annotations

import math

CHANCE_ALPHA = 0.001
"""Error rate of the test below: a network that only guesses passes for one that learnt once in a thousand times."""


def chance_level(correct: int, total: int, classes: int) -> bool:
    """Whether `correct` of `total` is not above guessing among equally likely classes.

    One-sided exact binomial test (Clopper and Pearson 1934) at CHANCE_ALPHA: True while P(X >= correct) exceeds it.

    Raises ValueError for counts that cannot be (correct outside 0..total, no images, fewer than 2 classes).
    """
    if total < 1 or not 0 <= correct <= total or classes < 2:
        raise ValueError(f"{correct} correct of {total} in {classes} classes cannot be")
    hit, miss = -math.log(classes), math.log1p(-1 / classes)
    whole = math.lgamma(total + 1)
    tail = math.fsum(
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(total - k + 1) + k * hit + (total - k) * miss)
        for k in range(correct, total + 1)
    )
    return tail > CHANCE_ALPHA
