"""Calibration against torchmetrics and scikit-learn, and on predictions made by hand."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, mean_squared_error
from torchmetrics.functional.classification import multiclass_calibration_error

from ceteris.stats.calibration import brier, probabilities, reliability, selective


@st.composite
def predictions(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, classes = draw(st.integers(1, 80)), draw(st.integers(2, 9))
    return rng.normal(0, draw(st.floats(0.1, 20)), (n, classes)).astype(np.float16), rng.integers(0, classes, n)


def logits_of(*rows):
    return np.log(np.array(rows))


@given(predictions(), st.integers(1, 20))
def test_ece_agrees_with_torchmetrics(given_predictions, bins):
    logits, labels = given_predictions[0].astype(np.float64) / 10, given_predictions[1]
    shares = softmax(logits, axis=1)
    # On an edge torchmetrics takes the bin above, and a bin of its own for a confidence of 1.
    assume(np.abs(shares.max(axis=1)[:, None] - np.arange(bins + 1) / bins).min() > 1e-6)
    theirs = multiclass_calibration_error(
        torch.from_numpy(shares),
        torch.from_numpy(labels),
        num_classes=logits.shape[1],
        n_bins=bins,
    )
    assert reliability(logits, labels, bins).ece == pytest.approx(float(theirs), abs=1e-6)


@given(predictions())
def test_the_diagram_agrees_with_sklearn(given_predictions):
    logits, labels = given_predictions
    chosen = probabilities(logits).max(axis=1)
    correct = (logits.argmax(axis=1) == labels).astype(int)
    diagram = reliability(logits, labels, bins=10)
    used = diagram.count > 0
    share, mean = calibration_curve(correct, chosen, n_bins=10)
    np.testing.assert_allclose(diagram.accuracy[used], share)
    np.testing.assert_allclose(diagram.confidence[used], mean)
    assert np.isnan(diagram.accuracy[~used]).all()
    assert np.isnan(diagram.confidence[~used]).all()
    assert diagram.count.sum() == len(labels)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    diagram = reliability(logits_of([0.5, 0.25, 0.25], [1.0 - 2e-300, 1e-300, 1e-300]), np.array([0, 0]), bins=2)
    assert diagram.count.tolist() == [1, 1]


def test_overconfidence_is_the_difference_of_what_was_promised_and_kept():
    logits = logits_of(*[[0.9, 0.1]] * 10)
    assert reliability(logits, np.array([0] * 6 + [1] * 4)).ece == pytest.approx(0.3)
    assert reliability(logits, np.array([0] * 9 + [1])).ece == pytest.approx(0)


@given(predictions())
def test_brier_agrees_with_sklearn(given_predictions):
    logits, labels = given_predictions
    classes = logits.shape[1]
    one_hot = (labels[:, None] == np.arange(classes)).astype(float)
    theirs = classes * mean_squared_error(one_hot, softmax(logits.astype(np.float64), axis=1))
    assert brier(logits, labels) == pytest.approx(theirs)


def test_brier_from_0_for_certain_and_right_to_2_for_certain_and_wrong():
    logits = np.array([[1000.0, -1000.0]])
    assert brier(logits, np.array([0])) == 0
    assert brier(logits, np.array([1])) == 2
    assert brier(np.zeros((1, 4)), np.array([3])) == pytest.approx(0.75)


def test_selective_accuracy_by_hand():
    logits = logits_of([0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7])
    curve = selective(logits, np.array([1, 0, 1, 0]))
    np.testing.assert_allclose(curve.threshold, [0.9, 0.8, 0.7, 0.6])
    np.testing.assert_allclose(curve.coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve.accuracy, [1, 1, 2 / 3, 0.5])


def test_equal_confidences_are_answered_together():
    curve = selective(np.array([[3.0, 0], [3, 0], [3, 0], [0, 9]]), np.array([0, 1, 1, 1]))
    np.testing.assert_allclose(curve.coverage, [0.25, 1])
    np.testing.assert_allclose(curve.accuracy, [1, 0.5])


@given(predictions(), st.randoms(use_true_random=False))
def test_selective_accuracy_ends_at_top_1_in_any_order(given_predictions, random):
    logits, labels = given_predictions
    curve = selective(logits, labels)
    assert curve.coverage[-1] == 1
    assert curve.accuracy[-1] == pytest.approx(accuracy_score(labels, logits.argmax(axis=1)))
    assert (np.diff(curve.coverage) > 0).all()
    assert (np.diff(curve.threshold) < 0).all()
    order = random.sample(range(len(labels)), len(labels))
    np.testing.assert_array_equal(selective(logits[order], labels[order]).accuracy, curve.accuracy)


@pytest.mark.parametrize(("images", "bins"), [(0, 15), (3, 0)])
def test_nothing_to_show_is_refused(images, bins):
    with pytest.raises(ValueError, match="needs an image and a bin"):
        reliability(np.zeros((images, 2)), np.zeros(images, int), bins)
