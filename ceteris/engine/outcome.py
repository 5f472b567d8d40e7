"""How a trial ended, in numbers: status, test metrics, predictions and the images worth showing."""

from __future__ import annotations

import numpy as np
import torch

from ceteris.data.source import Images
from ceteris.engine.evaluate import Predictions
from ceteris.study.chance import chance_level
from ceteris.study.record import Status

CONFUSED_PAIRS, EXAMPLES_PER_PAIR, MOST_EXAMPLES = 10, 6, 128
LARGEST_KEPT = float(np.finfo(np.float16).max)
"""Larger logits are kept as this; only a network that is about to diverge has them."""


def status_of(test: Predictions) -> tuple[Status, str]:
    """Finished, diverged or did not learn, and why in words."""
    if not bool(torch.isfinite(test.logits).all()):
        return Status.DIVERGED, "the network's outputs are not finite"
    correct, total = int((test.predicted == test.labels).sum()), len(test.labels)
    largest_class = int(torch.bincount(test.labels).max())
    if chance_level(correct, total, largest_class / total):
        share = f"{correct} of {total} test images"
        return Status.DID_NOT_LEARN, f"{share} are right, no more than always naming the largest class"
    return Status.FINISHED, ""


def metrics_of(test: Predictions, validation_top1: float) -> dict[str, float]:
    """Fractions, and the mean negative log-likelihood in nats."""
    metrics = {"top1": test.top(1), "nll": test.loss, "validation_top1": validation_top1}
    if test.logits.shape[1] > 5:
        metrics["top5"] = test.top(5)
    return metrics


def predictions_of(test: Predictions, index: np.ndarray, sealed: list[np.ndarray]) -> dict[str, np.ndarray]:
    """What the record keeps of the test images; see `Record.predictions`."""
    kept: dict[str, np.ndarray] = {
        "logits": test.logits.numpy().clip(-LARGEST_KEPT, LARGEST_KEPT).astype(np.float16),
        "predicted": test.predicted.numpy().astype(np.int16),
        "labels": test.labels.numpy().astype(np.int16),
        "image": index.astype(np.int64),
    }
    if sealed:
        kept["sealed_predicted"] = np.stack(sealed)
    return kept


def examples_of(test: Predictions, images: Images, index: np.ndarray) -> dict[str, np.ndarray]:
    """Misclassified test images: the worst of each of the most confused pairs first, then the worst of all."""
    labels, predicted = test.labels.numpy(), test.predicted.numpy()
    wrong = np.flatnonzero(labels != predicted)
    worst_first = wrong[np.argsort(-test.losses()[wrong], kind="stable")]
    pairs, counts = np.unique(np.stack([labels[wrong], predicted[wrong]], 1), axis=0, return_counts=True)
    chosen: list[int] = []
    for label, answer in pairs[np.argsort(-counts, kind="stable")][:CONFUSED_PAIRS]:
        of_pair = worst_first[(labels[worst_first] == label) & (predicted[worst_first] == answer)]
        chosen += of_pair[:EXAMPLES_PER_PAIR].tolist()
    rows = np.array(list(dict.fromkeys([*chosen, *worst_first.tolist()]))[:MOST_EXAMPLES], dtype=np.int64)
    return {
        "image": index[rows].astype(np.int64),
        "pixels": np.ascontiguousarray(images.pixels[index[rows]]),
        "labels": labels[rows].astype(np.int16),
        "predicted": predicted[rows].astype(np.int16),
    }
