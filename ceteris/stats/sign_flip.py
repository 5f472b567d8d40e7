"""The sign-flip test: a check on the t-test that assumes nothing about the shape of the differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ceteris.study.streams import stream

MOST_EXACT = 16
"""Differences up to which all 2^n sign patterns are counted."""


def sign_flip_p(differences: Sequence[float]) -> float:
    """Two-sided p of Fisher's sign-flip test of paired differences (Fisher 1935).

    Exact over all 2^n sign patterns for n <= MOST_EXACT; beyond, over 2^16 patterns drawn from a fixed stream, the
    observed one counted in (Phipson and Smyth 2010). It cannot go below 2 / 2^n, so never below .05 for n <= 5.
    """
    n = len(differences)
    if n <= MOST_EXACT:
        signs = 1.0 - 2.0 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    else:
        signs = stream(0, "sign-flip").choice((-1.0, 1.0), size=(2**MOST_EXACT, n))
        signs[0] = 1
    sums = np.abs(signs @ np.asarray(differences, dtype=float))
    observed = abs(float(np.sum(differences)))
    rounding = 1e-9 * float(np.sum(np.abs(differences)))
    return float(np.mean(sums >= observed - rounding))
