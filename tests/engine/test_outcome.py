"""How a trial is judged and what of its test images is kept, on predictions made by hand."""

import numpy as np
import pytest
import torch

from ceteris.data.source import Images
from ceteris.engine.evaluate import Predictions
from ceteris.engine.outcome import (
    CONFUSED_PAIRS,
    EXAMPLES_PER_PAIR,
    MOST_EXAMPLES,
    examples_of,
    metrics_of,
    predictions_of,
    status_of,
)
from ceteris.study.record import Status


def predictions(labels, answers, sureness=None, classes=10):
    """Logits that name `answers`, each as surely as it is told."""
    logits = torch.zeros(len(labels), classes)
    logits[torch.arange(len(labels)), torch.as_tensor(answers)] = torch.as_tensor(
        np.full(len(labels), 2.0) if sureness is None else sureness, dtype=torch.float32
    )
    return Predictions(logits, torch.as_tensor(labels))


def pictures(n, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    return Images(pixels, np.zeros(n, dtype=np.int64))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_outputs_that_are_not_finite_have_diverged(wrong):
    made = predictions(np.arange(100) % 10, np.arange(100) % 10)
    made.logits[17, 3] = wrong
    assert status_of(made) == (Status.DIVERGED, "the network's outputs are not finite")


def test_chance_is_told_from_learning():
    labels = np.arange(100) % 10
    guessing = predictions(labels, np.zeros(100, dtype=np.int64))
    assert status_of(guessing)[0] is Status.DID_NOT_LEARN
    assert status_of(guessing)[1].startswith("10 of 100 test images are right")
    assert status_of(predictions(labels, labels)) == (Status.FINISHED, "")


def test_naming_the_largest_class_is_not_learning():
    labels = np.array([0] * 90 + [1] * 10)
    assert status_of(predictions(labels, np.zeros(100, dtype=np.int64)))[0] is Status.DID_NOT_LEARN


def test_top5_is_given_where_it_says_something():
    labels = np.arange(12) % 5
    assert metrics_of(predictions(labels, labels, classes=5), 0.5).keys() == {"top1", "nll", "validation_top1"}
    metrics = metrics_of(predictions(labels, labels, classes=6), 0.5)
    assert metrics["top5"] == metrics["top1"] == 1.0
    assert metrics["validation_top1"] == 0.5


@pytest.mark.parametrize("size", [1e5, 3e38])
def test_large_logits_are_kept_as_the_largest_that_fit(size):
    made = predictions([1, 2], [1, 3], [size, -size])
    kept = predictions_of(made, np.arange(2), [])
    assert np.isfinite(kept["logits"]).all()
    assert kept["logits"].dtype == np.float16
    assert kept["logits"].argmax(1).tolist()[0] == 1
    assert kept["predicted"].tolist() == made.predicted.tolist()


def test_the_sealed_curve_is_one_row_per_epoch():
    made = predictions([1, 2], [1, 3])
    rows = [np.array([1, 3], np.int16), np.array([1, 2], np.int16)]
    assert predictions_of(made, np.arange(2), rows)["sealed_predicted"].tolist() == [[1, 3], [1, 2]]
    assert "sealed_predicted" not in predictions_of(made, np.arange(2), [])


def test_examples_are_the_worst_of_the_most_confused_pairs_first():
    labels = [0] * 9 + [1] * 3 + [2, 3]
    answers = [1] * 9 + [2] * 3 + [2, 4]
    sureness = [1, 9, 2, 8, 3, 7, 4, 6, 5, 1, 3, 2, 50, 99]
    index = np.arange(100, 114)
    made = examples_of(predictions(labels, answers, sureness), pictures(114), index)
    by_pair = [1, 3, 5, 7, 8, 6]  # six of 0 -> 1, by falling loss
    assert made["image"].tolist() == [100 + i for i in [*by_pair, 10, 11, 9, 13, 4, 2, 0]]
    assert made["labels"].tolist() == [0] * 6 + [1] * 3 + [3] + [0] * 3
    assert made["predicted"].tolist() == [1] * 6 + [2] * 3 + [4] + [1] * 3


def test_examples_are_wrong_few_and_the_pixels_of_the_data_set():
    generator = np.random.default_rng(1)
    labels, answers = generator.integers(0, 10, (2, 500))
    images, index = pictures(700), generator.permutation(700)[:500]
    made = examples_of(predictions(labels, answers, generator.uniform(1, 5, 500)), images, index)
    rows = np.array([np.flatnonzero(index == image)[0] for image in made["image"]])
    assert len(made["image"]) == len(set(made["image"].tolist())) == MOST_EXAMPLES
    assert (made["labels"] != made["predicted"]).all()
    assert (made["labels"] == labels[rows]).all()
    assert (made["predicted"] == answers[rows]).all()
    assert (made["pixels"] == images.pixels[made["image"]]).all()
    pairs = list(zip(made["labels"].tolist(), made["predicted"].tolist(), strict=True))[
        : CONFUSED_PAIRS * EXAMPLES_PER_PAIR
    ]
    assert len(dict.fromkeys(pairs)) >= CONFUSED_PAIRS


def test_there_are_no_examples_when_all_is_right():
    made = examples_of(predictions([1, 2], [1, 2]), pictures(2), np.arange(2))
    assert made["pixels"].shape == (0, 4, 4, 3)
    assert len(made["image"]) == 0
