"""Norms against their formula: subtract the mean and divide by the deviation, of different sets of values."""

import pytest
import torch
from torch import nn

from ceteris.errors import InputError
from ceteris.models.layers.norms import NORMS, groups_for, needs_area, norm_layer, vector_norm_layer

# The values that one mean is taken over, of maps seen as [batch, groups, channels of a group, height, width].
TOGETHER = {"batch": (0, 3, 4), "layer": (1, 2, 3, 4), "group": (2, 3, 4), "instance": (3, 4)}


@pytest.mark.parametrize("name", TOGETHER)
def test_values_are_those_of_the_formula(name):
    maps = 3 + 2 * torch.randn(4, 64, 5, 5, generator=torch.Generator().manual_seed(0))
    grouped = maps.reshape(4, 32, 2, 5, 5)
    mean = grouped.mean(TOGETHER[name], keepdim=True)
    variance = grouped.var(TOGETHER[name], keepdim=True, correction=0)
    expected = ((grouped - mean) / (variance + 1e-5).sqrt()).reshape(maps.shape)
    torch.testing.assert_close(norm_layer(name, 64)(maps), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", sorted(set(NORMS) - {"none"}))
def test_every_channel_has_a_scale_and_a_shift_under_the_same_names(name):
    shapes = {path: parameter.shape for path, parameter in norm_layer(name, 48).named_parameters()}
    assert shapes == {"weight": (48,), "bias": (48,)}


def test_none_changes_nothing():
    maps = torch.randn(2, 3, 4, 4)
    assert norm_layer("none", 3)(maps) is maps


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match=r"unknown norm 'grup' \(did you mean 'group'\?\)"):
        norm_layer("grup", 8)


@pytest.mark.parametrize(("channels", "groups"), [(64, 32), (512, 32), (48, 24), (16, 16), (37, 1), (74, 2), (1, 1)])
def test_groups_are_32_or_the_largest_divisor_below(channels, groups):
    assert groups_for(channels) == groups


@pytest.mark.parametrize("name", ["batch", "layer", "group"])
def test_hidden_units_are_normalised_like_maps_of_one_pixel(name):
    units = 3 + 2 * torch.randn(8, 64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        vector_norm_layer(name, 64)(units), norm_layer(name, 64)(units[:, :, None, None]).flatten(1)
    )


def test_hidden_units_have_no_area_to_normalise_over():
    assert isinstance(vector_norm_layer("instance", 64), nn.Identity)


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("channels", [8, 32, 64])
def test_a_map_of_one_pixel_becomes_0_exactly_where_area_is_said_to_be_needed(name, channels):
    pixels = torch.randn(4, channels, 1, 1, generator=torch.Generator().manual_seed(2))
    if name == "instance":
        with pytest.raises(ValueError, match="more than 1 spatial element"):
            norm_layer(name, channels)(pixels)
        assert needs_area(name, channels)
    else:
        assert needs_area(name, channels) == bool(norm_layer(name, channels)(pixels).abs().max() < 1e-3)
