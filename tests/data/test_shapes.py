import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from ceteris.data.shapes import NAMES, shapes
from ceteris.errors import InputError


def linear_accuracy(place, difficulty):
    data = shapes(place, difficulty=difficulty).load()
    flat = [split.pixels.reshape(len(split.labels), -1) / 255 for split in (data.train, data.test)]
    return RidgeClassifier(alpha=10.0).fit(flat[0], data.train.labels).score(flat[1], data.test.labels)


def test_difficulty_goes_from_linear_to_hard(place):
    easy, hard = linear_accuracy(place, 0.0), linear_accuracy(place, 1.0)
    assert easy == 1.0
    assert hard < 0.35


def test_classes_are_as_equal_as_can_be(place):
    data = shapes(place, classes=4, train_images=10, test_images=9).load()
    assert sorted(np.bincount(data.train.labels)) == [2, 2, 3, 3]
    assert sorted(np.bincount(data.test.labels)) == [2, 2, 2, 3]
    assert data.facts.classes == NAMES[:4]


def test_an_easy_disc_has_its_area(place):
    data = shapes(place, difficulty=0.0).load()
    disc = data.train.pixels[data.train.labels == 0][..., 0] > 128
    radius = 11
    assert abs(disc.sum((1, 2)).mean() - np.pi * radius**2) < 8


def test_only_options_decide_the_pixels(place):
    first, again, other = (shapes(place, seed=seed).load() for seed in (1, 1, 2))
    assert np.array_equal(first.train.pixels, again.train.pixels)
    assert not np.array_equal(first.train.pixels, other.train.pixels)
    assert not np.array_equal(first.train.pixels[:300], first.test.pixels)


def test_the_fingerprint_knows_every_option(place):
    changes = [{}, {"classes": 5}, {"train_images": 60}, {"test_images": 60}, {"difficulty": 0.5}, {"seed": 1}]
    assert len({shapes(place, **change).facts().fingerprint for change in changes}) == len(changes)


def test_all_mistakes_are_told_at_once(place):
    with pytest.raises(InputError) as caught:
        shapes(place, classes=7, train_images=3, test_images=2, difficulty=1.5)
    assert [problem.where for problem in caught.value.problems] == [
        "classes",
        "difficulty",
        "train_images",
        "test_images",
    ]
