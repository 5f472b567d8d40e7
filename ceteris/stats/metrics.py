"""Numbers from the predictions of one trained model, and from its sealed test curve. Arrays in, numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ceteris.study.streams import stream


def hits(logits: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Whether each label is among the k highest logits, bool [n]; of equal logits the lower class comes first.

    Args:
        logits: [n, classes].
        labels: whole numbers [n].
        k: at least 1; with k >= classes all are.
    """
    true = np.take_along_axis(logits, np.asarray(labels, dtype=np.int64)[:, None], axis=1)
    earlier = np.arange(logits.shape[1]) < np.asarray(labels)[:, None]
    ahead = (logits > true) | ((logits == true) & earlier)
    return np.asarray(ahead.sum(axis=1) < k)


def top_k(logits: np.ndarray, labels: np.ndarray, k: int) -> float:
    """The share of `hits`."""
    return float(np.mean(hits(logits, labels, k)))


def top1(logits: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy: `top_k` with k = 1."""
    return top_k(logits, labels, 1)


def top5(logits: np.ndarray, labels: np.ndarray) -> float:
    """`top_k` with k = 5."""
    return top_k(logits, labels, 5)


def nll(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood of the labels under softmax, in nats.

    Args:
        logits: [n, classes], of any float type; summed as float64.
        labels: whole numbers [n].
    """
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    true = np.take_along_axis(shifted, np.asarray(labels, dtype=np.int64)[:, None], axis=1)[:, 0]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - true))


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts int64 [classes, classes]: row = true class, column = predicted class."""
    cells = np.asarray(labels, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True)
class ClassScores:
    """How well each class is told from the others, float64 [classes]; NaN where a share is of nothing.

    Attributes:
        precision: of the images taken for the class, those that are of it.
        recall: of the images of the class, those that are taken for it.
        f1: harmonic mean of the two (van Rijsbergen 1979); 0 when the class is never hit.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


def class_scores(matrix: np.ndarray) -> ClassScores:
    """Precision, recall and F1 of every class from its confusion matrix of counts [true, predicted]."""
    hits, taken, there = np.diagonal(matrix).astype(float), matrix.sum(axis=0), matrix.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return ClassScores(hits / taken, hits / there, 2 * hits / (taken + there))


@dataclass(frozen=True)
class Confusion:
    """Images of class `true` that were taken for class `predicted`; `share` is of the images of class `true`."""

    true: int
    predicted: int
    count: int
    share: float


def most_confused(matrix: np.ndarray, most: int = 10) -> list[Confusion]:
    """The largest cells off the diagonal of a confusion matrix, largest first, without empty ones."""
    wrong = matrix * (1 - np.eye(len(matrix), dtype=matrix.dtype))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    cells = [divmod(int(cell), len(matrix)) for cell in order]
    totals = matrix.sum(axis=1)
    return [
        Confusion(true, predicted, int(wrong[true, predicted]), float(wrong[true, predicted] / totals[true]))
        for true, predicted in cells
        if wrong[true, predicted] > 0
    ]


def optimism(sealed: np.ndarray, halves: int = 200, generator: np.random.Generator | None = None) -> float:
    """What choosing the epoch on the images it is then reported on adds to the accuracy, as a fraction.

    The test set is halved at random; the epoch with the best accuracy on one half H (the first of equals) is scored on
    both: acc_H(e*) - acc_notH(e*), averaged over the halves and both ways round. For K epochs that are equally good,
    with independent answers right with probability p, it is E[max of K normals] * sqrt(p (1 - p) / (n / 2)). A choice
    on all n images adds about 1 / sqrt(2) of that.

    Args:
        sealed: whether each test image was classified correctly, bool [epochs, n], n >= 2.
        halves: random halves, each used both ways.
        generator: draws the halves; by default a fixed stream, the same for every trial.

    Raises ValueError for fewer than 2 images or no epoch.
    """
    epochs, n = sealed.shape
    if n < 2 or epochs < 1:
        raise ValueError(f"{n} images and {epochs} epochs cannot be halved and chosen from")
    draws = generator or stream(0, "optimism")
    order = draws.permuted(np.broadcast_to(np.arange(n), (halves, n)), axis=1)
    first = np.zeros((halves, n), dtype=np.float32)
    np.put_along_axis(first, order[:, : n // 2], 1, axis=1)
    hits = first @ sealed.T.astype(np.float32)  # [halves, epochs]; whole numbers, exact in float32
    left = hits.astype(np.float64) / (n // 2)
    right = (sealed.sum(axis=1) - hits.astype(np.float64)) / (n - n // 2)
    row = np.arange(halves)
    gap = (left - right)[row, left.argmax(axis=1)] + (right - left)[row, right.argmax(axis=1)]
    return float(gap.mean() / 2)
