"""Precision, recall and F1 of every class and arm: a table for the page, all numbers for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ceteris.report.confusions import Confusions
from ceteris.report.numbers import NONE, percent
from ceteris.report.tables import Cell, Table
from ceteris.report.words import Words
from ceteris.stats.metrics import ClassScores, class_scores

MOST_ROWS = 20
"""Classes beyond which the page leaves the table to its CSV file."""


def per_class_table(found: Confusions, words: Words) -> Table | None:
    """A row per class, F1 of each arm with precision and recall, means over seeds; None without predictions."""
    arms = [arm for arm in found.evidence.arms if arm.name in found.counts]
    if not arms or len(found.classes) > MOST_ROWS:
        return None
    means = [_mean([class_scores(matrix) for matrix in found.counts[arm.name].values()]) for arm in arms]
    rows = tuple(
        (Cell(label), *(_cell([float(kind[place]) for kind in mean], words) for mean in means))
        for place, label in enumerate(found.classes)
    )
    headings = (words("per_class.label"), *(arm.name for arm in arms))
    return Table("per-class", words("per_class.caption"), headings, rows)


def per_class_rows(found: Confusions) -> Iterator[dict[str, Any]]:
    """One row per arm, seed and class; fractions, None where a share is of nothing."""
    for arm, seeds in found.counts.items():
        for seed, matrix in seeds.items():
            scores, images = class_scores(matrix), matrix.sum(axis=1)
            for place, label in enumerate(found.classes):
                known = {kind: float(getattr(scores, kind)[place]) for kind in ("precision", "recall", "f1")}
                yield {
                    "arm": arm,
                    "seed": seed,
                    "class": label,
                    "images": int(images[place]),
                    **{kind: None if np.isnan(value) else value for kind, value in known.items()},
                }


def _mean(scores: list[ClassScores]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Over the trials in which a class has the score; NaN where none has it."""
    stacked = (np.array([getattr(one, kind) for one in scores]) for kind in ("f1", "precision", "recall"))
    f1, precision, recall = (
        np.where(np.isfinite(values).any(axis=0), np.nansum(values, axis=0), np.nan)
        / np.maximum(np.isfinite(values).sum(axis=0), 1)
        for values in stacked
    )
    return f1, precision, recall


def _cell(scores: list[float], words: Words) -> Cell:
    f1, precision, recall = (NONE if np.isnan(value) else percent(value) for value in scores)
    return Cell(f1, small=words("per_class.both", precision=precision, recall=recall))
