"""The loss landscape of an architecture as a band: the losses of one training at several learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Band:
    """Lowest and highest loss of the trials at every step; see `band`.

    Attributes:
        low, high: float64 [n]. A trial counts as infinite from the step at which it diverged to the end of the band, so
            `high` is infinite from there on: the band stays open upwards instead of closing over the lost trial.
        steps: int64 [n], counted from 1.
        diverged: name -> step of the first loss that is not finite, for the trials that have one.
    """

    low: np.ndarray
    high: np.ndarray
    steps: np.ndarray
    diverged: Mapping[str, int]


def band(losses: Mapping[str, np.ndarray], window: int = 1) -> Band:
    """The band between the lowest and the highest loss at every step, over learning rates (Santurkar et al. 2018).

    A trial that merely ended earlier than others (early stopping) counts as long as it lasted.

    Args:
        losses: name -> loss of every step [steps], one trial per learning rate; lengths may differ.
        window: odd number of steps of the centred running mean laid over each trial first; it shortens at both ends.

    Raises ValueError without losses or for a window that is not odd.
    """
    longest = max((len(values) for values in losses.values()), default=0)
    if longest < 1 or window < 1 or window % 2 == 0:
        raise ValueError(f"a band needs losses and an odd window, not {longest} steps and a window of {window}")
    rows, diverged = np.full((len(losses), longest), np.nan), {}
    for row, (name, values) in zip(rows, losses.items(), strict=True):
        bad = np.flatnonzero(~np.isfinite(values))
        finite = int(bad[0]) if bad.size else len(values)
        row[:finite] = _running_mean(values[:finite], window)
        if bad.size:
            row[finite:] = np.inf
            diverged[name] = finite + 1
    return Band(np.nanmin(rows, axis=0), np.nanmax(rows, axis=0), np.arange(1, longest + 1), diverged)


def _running_mean(values: np.ndarray, window: int) -> np.ndarray:
    if not len(values):
        return np.empty(0)
    # Window by window: a difference of cumulative sums would lose small losses after one huge one.
    padded = np.pad(values.astype(np.float64), window // 2, constant_values=np.nan)
    return np.asarray(np.nanmean(np.lib.stride_tricks.sliding_window_view(padded, window), axis=1))
