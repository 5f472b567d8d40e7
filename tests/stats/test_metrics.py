"""Metrics against scikit-learn, optimism against order statistics."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import log_loss, precision_recall_fscore_support, top_k_accuracy_score

from ceteris.stats.metrics import (
    Confusion,
    class_scores,
    confusion_matrix,
    most_confused,
    nll,
    optimism,
    top1,
    top5,
    top_k,
)

EXPECTED_MAXIMUM = {5: 1.1630, 10: 1.5388, 50: 2.2491}
"""Of that many independent standard normals."""


@st.composite
def predictions(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, classes = draw(st.integers(1, 60)), draw(st.integers(6, 12))
    return rng.normal(0, draw(st.floats(0.1, 20)), (n, classes)).astype(np.float32), rng.integers(0, classes, n)


@given(predictions())
def test_accuracies_agree_with_sklearn(given_predictions):
    logits, labels = given_predictions
    classes = np.arange(logits.shape[1])

    assert top1(logits, labels) == pytest.approx(np.mean(logits.argmax(axis=1) == labels))
    assert top5(logits, labels) == pytest.approx(top_k_accuracy_score(labels, logits, k=5, labels=classes))


@given(predictions())
def test_nll_agrees_with_sklearn(given_predictions):
    logits, labels = given_predictions
    probabilities = np.exp(log_softmax(logits.astype(np.float64), axis=1))
    rounded = np.clip(probabilities / probabilities.sum(axis=1, keepdims=True), 1e-300, None)
    oracle = -np.mean(log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels])

    assert nll(logits, labels) == pytest.approx(oracle, rel=1e-9, abs=1e-12)
    if rounded.min() > 1e-12:
        assert nll(logits, labels) == pytest.approx(log_loss(labels, rounded, labels=np.arange(logits.shape[1])), 1e-6)


@given(predictions())
def test_confusion_agrees_with_sklearn(given_predictions):
    logits, labels = given_predictions
    classes, predicted = logits.shape[1], logits.argmax(axis=1)
    matrix = confusion_matrix(labels.astype(np.int16), predicted.astype(np.int16), classes)

    assert np.array_equal(matrix, sklearn_confusion(labels, predicted, labels=np.arange(classes)))


def test_equal_logits_go_to_the_lower_class_as_argmax_has_it():
    logits = np.zeros((4, 6), dtype=np.float16)

    assert top1(logits, np.arange(4)) == 0.25
    assert top5(logits, np.array([3, 4, 5, 5])) == 0.5
    assert top_k(logits, np.array([5, 5, 5, 5]), 6) == 1.0


def test_nll_of_guessing_and_of_huge_half_precision_logits():
    assert nll(np.zeros((3, 10), dtype=np.float16), np.array([0, 4, 9])) == pytest.approx(math.log(10))
    assert nll(np.array([[60000.0, -60000.0]], dtype=np.float16), np.array([1])) == pytest.approx(120000, rel=1e-3)


def test_the_most_confused_pairs_of_a_hand_made_matrix():
    matrix = np.array([[8, 2, 0], [5, 5, 0], [1, 0, 9]])

    assert most_confused(matrix) == [Confusion(1, 0, 5, 0.5), Confusion(0, 1, 2, 0.2), Confusion(2, 0, 1, 0.1)]
    assert most_confused(matrix, most=1) == [Confusion(1, 0, 5, 0.5)]
    assert most_confused(np.diag([3, 4])) == []


@pytest.mark.parametrize("epochs", [5, 10, 50])
def test_equally_good_epochs_are_as_optimistic_as_the_largest_of_as_many_normals(epochs):
    p, n, repeats = 0.8, 2000, 60
    rng = np.random.default_rng(epochs)
    found = [optimism(rng.random((epochs, n)) < p, halves=20, generator=rng) for _ in range(repeats)]
    expected = EXPECTED_MAXIMUM[epochs] * math.sqrt(p * (1 - p) / (n / 2))

    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / math.sqrt(repeats))


def test_one_truly_better_epoch_is_not_optimistic():
    rng = np.random.default_rng(3)
    sealed = rng.random((10, 4000)) < np.array([0.5] * 9 + [0.9])[:, None]

    assert abs(optimism(sealed, generator=rng)) < 0.001


def test_a_single_epoch_leaves_nothing_to_choose():
    sealed = np.random.default_rng(4).random((1, 1001)) < 0.7

    assert abs(optimism(sealed)) < 1e-12


def test_optimism_is_the_same_every_time():
    sealed = np.random.default_rng(5).random((8, 501)) < 0.7

    assert optimism(sealed) == optimism(sealed)


@pytest.mark.parametrize("shape", [(0, 10), (3, 1)])
def test_nothing_to_choose_from_is_refused(shape):
    with pytest.raises(ValueError, match="cannot be halved"):
        optimism(np.ones(shape, dtype=bool))


@given(arrays(np.int64, 40, elements=st.integers(0, 3)), arrays(np.int64, 40, elements=st.integers(0, 3)))
def test_class_scores_are_those_of_scikit_learn(labels, predicted):
    scores = class_scores(confusion_matrix(labels, predicted, 4))
    wanted = precision_recall_fscore_support(labels, predicted, labels=range(4), zero_division=np.nan)[:3]
    np.testing.assert_allclose([scores.precision, scores.recall, scores.f1], wanted)
