"""Whether a model's confidence can be believed, from its logits alone. Arrays in, numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax of logits [n, classes] of any float type, float64 [n, classes]."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: what a model promised and what it kept, in bins of equal width.

    Attributes:
        edges: float64 [bins + 1], from 0 to 1; a bin holds the confidences above its lower edge up to its upper one.
        count: images in each bin, int64 [bins].
        confidence: mean confidence in each bin, float64 [bins]; NaN in an empty bin.
        accuracy: share classified correctly in each bin, float64 [bins]; NaN in an empty bin.
    """

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean distance of accuracy and confidence, weighted by images; a fraction."""
        used = self.count > 0
        gaps = np.abs(self.accuracy[used] - self.confidence[used])
        return float(np.average(gaps, weights=self.count[used]))


def reliability(logits: np.ndarray, labels: np.ndarray, bins: int = 15) -> Reliability:
    """The reliability diagram of the predicted class (Guo et al. 2017; the error is biased upwards for few images).

    Args:
        logits: finite, [n, classes], n >= 1.
        labels: whole numbers [n].
        bins: of equal width over [0, 1].

    Raises ValueError without an image or a bin.
    """
    if len(logits) < 1 or bins < 1:
        raise ValueError(f"a reliability diagram needs an image and a bin, not {len(logits)} and {bins}")
    confidence, correct = _confidence(logits, labels)
    edges = np.linspace(0, 1, bins + 1)
    place = np.digitize(confidence, edges[1:-1], right=True)
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights=values, minlength=bins) for values in (confidence, correct)]
    means = [np.divide(total, count, out=np.full(bins, np.nan), where=count > 0) for total in sums]
    return Reliability(edges, count, *means)


def brier(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared distance of the class probabilities from the truth, summed over classes (Brier 1950); 0 to 2.

    Args:
        logits: [n, classes].
        labels: whole numbers [n].
    """
    truth = np.eye(logits.shape[1])[labels]
    return float(np.square(probabilities(logits) - truth).sum(axis=1).mean())


@dataclass(frozen=True)
class Selective:
    """What a model gets right when it answers only where it is confident: the risk-coverage curve.

    One point per distinct confidence: images of equal confidence are answered together, so the curve does not depend
    on their order. The risk is 1 - accuracy.

    Attributes:
        threshold: lowest confidence that is answered, float64 [m], falling.
        coverage: share of the images answered, float64 [m], rising to 1.
        accuracy: share of the answers that are right, float64 [m]; the last is top-1.
    """

    threshold: np.ndarray
    coverage: np.ndarray
    accuracy: np.ndarray


def selective(logits: np.ndarray, labels: np.ndarray) -> Selective:
    """Accuracy against coverage, by the probability of the predicted class (Geifman and El-Yaniv 2017).

    Args:
        logits: finite, [n, classes].
        labels: whole numbers [n].
    """
    confidence, correct = _confidence(logits, labels)
    distinct, group = np.unique(-confidence, return_inverse=True)
    answered = np.cumsum(np.bincount(group))
    right = np.cumsum(np.bincount(group, weights=correct))
    return Selective(-distinct, answered / len(labels), right / answered)


def _confidence(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability of the predicted class float64 [n] and whether it is right bool [n]."""
    return probabilities(logits).max(axis=1), logits.argmax(axis=1) == labels
