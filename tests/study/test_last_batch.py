"""A last batch of one image is refused where a batch norm would see one value per channel."""

import pytest

from ceteris.errors import InputError
from ceteris.study.last_batch import check_last_batch
from ceteris.study.record import Layer, ModelFacts


def facts(kind, *shape):
    return ModelFacts(1, 1, (Layer("norm", kind, shape, shape, 0, 0),))


@pytest.mark.parametrize("model", [facts("BatchNorm1d", 8), facts("BatchNorm2d", 8, 1, 1)])
@pytest.mark.parametrize(("images", "batch_size"), [(9, 8), (1, 8), (5, 1), (101, 100)])
def test_one_value_per_channel_is_refused(model, images, batch_size):
    with pytest.raises(InputError, match=rf"batches of {batch_size} has one of the {images} .* 'norm' has one value"):
        check_last_batch(model, images, batch_size)


@pytest.mark.parametrize("model", [facts("BatchNorm1d", 8), facts("BatchNorm2d", 8, 1, 1)])
@pytest.mark.parametrize(("images", "batch_size"), [(8, 8), (10, 8), (2, 2)])
def test_two_images_or_more_are_enough(model, images, batch_size):
    check_last_batch(model, images, batch_size)


@pytest.mark.parametrize("model", [facts("BatchNorm2d", 8, 2, 1), facts("GroupNorm", 8, 1, 1), facts("Linear", 8)])
def test_more_values_and_other_layers_are_left_alone(model):
    check_last_batch(model, 9, 8)
