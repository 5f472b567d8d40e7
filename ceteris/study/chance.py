"""Whether a classifier has learnt anything at all; needs neither scipy nor torch."""

from __future__ import annotations

import math

CHANCE_ALPHA = 0.001
"""Error rate of the test below: a network that only guesses passes for one that learnt once in a thousand times."""


def chance_level(correct: int, total: int, share: float) -> bool:
    """Whether `correct` of `total` is no more than always naming the largest class would give.

    One-sided exact binomial test (Clopper and Pearson 1934) at CHANCE_ALPHA: True while P(X >= correct) exceeds it.

    Args:
        correct: images that are right.
        total: images.
        share: of the largest class among them; 1 / classes when all are equally frequent.

    Raises ValueError for counts that cannot be (correct outside 0..total, no images, share outside 0..1).
    """
    if total < 1 or not 0 <= correct <= total or not 0 < share < 1:
        raise ValueError(f"{correct} correct of {total} with a largest class of {share} cannot be")
    hit, miss = math.log(share), math.log1p(-share)
    whole = math.lgamma(total + 1)
    tail = math.fsum(
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(total - k + 1) + k * hit + (total - k) * miss)
        for k in range(correct, total + 1)
    )
    return tail > CHANCE_ALPHA
