import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.data.splits import draw_share, limit_images, split_images
from ceteris.errors import InputError

counts_of_classes = st.lists(st.integers(20, 60), min_size=2, max_size=6)


def shuffled_labels(counts: list[int]) -> np.ndarray:
    return np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))


@given(counts_of_classes, st.floats(0.1, 0.5), st.integers(0, 2**40))
def test_the_parts_share_nothing_lose_nothing_and_keep_the_class_shares(counts, validation, seed):
    labels = shuffled_labels(counts)
    train, held_out = split_images(labels, validation, seed)
    assert np.array_equal(np.sort(np.concatenate([train, held_out])), np.arange(len(labels)))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(held_out) > 0)
    assert len(held_out) == round(len(labels) * validation)
    exact = np.array(counts) * (len(held_out) / len(labels))
    assert np.all(np.abs(np.bincount(labels[held_out], minlength=len(counts)) - exact) < 1)


@given(counts_of_classes, st.integers(20, 100), st.integers(0, 99))
def test_a_limit_keeps_the_class_shares(counts, limit, seed):
    labels = shuffled_labels(counts)
    used = limit_images(labels, limit, seed)
    assert len(used) == min(limit, len(labels))
    exact = np.array(counts) * (len(used) / len(labels))
    assert np.all(np.abs(np.bincount(labels[used], minlength=len(counts)) - exact) < 1)


def test_a_limited_split_divides_only_what_is_used():
    labels = np.arange(1000) % 10
    train, held_out = split_images(labels, 0.1, 0, limit=200)
    assert (len(train), len(held_out)) == (180, 20)
    assert np.array_equal(np.sort(np.concatenate([train, held_out])), limit_images(labels, 200, 0))


def test_only_the_split_seed_decides():
    labels = np.arange(500) % 5
    first, again, other = (split_images(labels, 0.2, seed)[1] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_image_is_equally_likely_to_be_held_out():
    labels = np.arange(40) % 2
    times = np.zeros(40)
    for seed in range(400):
        times[split_images(labels, 0.25, seed)[1]] += 1
    # Binomial(400, 1/4): five standard deviations.
    assert np.all(np.abs(times - 100) < 5 * np.sqrt(400 * 0.25 * 0.75))


def test_a_small_class_still_gives_one_image():
    labels = np.repeat([0, 1], [97, 3])
    train, held_out = split_images(labels, 0.05, 0)
    assert np.bincount(labels[held_out])[1] == 1
    assert np.bincount(labels[train])[1] == 2


def test_a_class_that_cannot_be_divided_is_named():
    with pytest.raises(InputError, match=r"split\.validation: class 7 has 1 images: too few") as caught:
        split_images(np.array([3] * 20 + [7]), 0.1, 0)
    assert caught.value.problems[0].hint


def test_a_limit_below_the_number_of_classes_is_refused():
    with pytest.raises(InputError, match=r"split\.test_images: with 4 images some class would have none.*5 classes"):
        limit_images(np.arange(50) % 5, 4, 0)
    with pytest.raises(InputError, match=r"split\.train_images"):
        split_images(np.arange(50) % 5, 0.1, 0, limit=4)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 2.0])
def test_a_share_lies_between_0_and_1(share):
    with pytest.raises(InputError, match="between 0 and 1"):
        draw_share(np.arange(50) % 5, share, 0, "split/x", where="test")
