"""Which test images every trial answers correctly, and whether two arms were asked the same ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ceteris.report.evidence import ArmEvidence
from ceteris.stats.contrast import Contrast
from ceteris.stats.metrics import hits

Answers = Mapping[int, np.ndarray]
"""Seed -> whether each test image was classified correctly, bool [images]."""


def right_answers(arm: ArmEvidence, metric: str) -> dict[int, np.ndarray]:
    """Of every scored trial that kept its test predictions; by top-5 where that is the study's metric."""
    found = {}
    for trial in arm.scored:
        arrays = trial.record.predictions if trial.record else {}
        if metric == "top5" and "logits" in arrays:
            found[trial.seed] = hits(arrays["logits"], arrays["labels"], 5)
        elif metric == "top1" and "predicted" in arrays:
            found[trial.seed] = np.asarray(arrays["predicted"]) == np.asarray(arrays["labels"])
    return found


def incomparable(contrast: Contrast, arm: ArmEvidence, baseline: ArmEvidence) -> str:
    """Why predictions of the two arms cannot be laid side by side; empty when they can."""
    trials = [trial for side in (arm, baseline) for trial in side.scored if trial.seed in contrast.seeds]
    arrays = [trial.record.predictions for trial in trials if trial.record]
    if any("predicted" not in one for one in arrays):
        return "no_predictions"
    keys = ("image", "labels")
    alike = all(np.array_equal(one[key], arrays[0][key]) for one in arrays for key in keys)
    same_data = arm.planned.data.fingerprint == baseline.planned.data.fingerprint
    return "" if alike and same_data else "other_images"
