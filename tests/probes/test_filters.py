"""Kernels that were set, and what they make of an image."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from torch import nn

from ceteris.errors import InputError
from ceteris.probes.filters import feature_maps, first_kernels
from ceteris.registry import part

EDGE = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float32)  # Sobel


def edges():
    model = nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(3, 2, 3, padding=1, bias=False),
            squeeze=nn.Conv2d(2, 2, 1),
            relu=nn.ReLU(),
            deep=nn.Conv2d(2, 4, 3),
            flatten=nn.Flatten(),
            fc=nn.Linear(4 * 36, 3),
        )
    )
    kernels = torch.zeros(2, 3, 3, 3)
    kernels[0, 1], kernels[1, 2, 1, 1] = torch.tensor(EDGE), 1.0
    model.conv.weight.data = kernels
    return model.to(memory_format=torch.channels_last)


def test_the_kernels_are_those_that_were_set():
    name, kernels = first_kernels(edges())
    assert name == "conv"
    assert kernels.shape == (2, 3, 3, 3)
    assert kernels.flags.c_contiguous
    np.testing.assert_array_equal(kernels[0], [np.zeros((3, 3)), EDGE, np.zeros((3, 3))])


def test_kernels_are_a_copy():
    model = edges()
    first_kernels(model)[1][:] = 7
    assert model.conv.weight.max() < 7


def test_feature_maps_are_the_correlation_with_the_kernel():
    images = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    maps = feature_maps(edges(), images)
    assert list(maps) == ["conv", "deep"]
    for image, out in zip(images.numpy(), maps["conv"].numpy(), strict=True):
        np.testing.assert_allclose(out[0], correlate2d(image[1], EDGE, mode="same"), atol=1e-5)
        np.testing.assert_array_equal(out[1], image[2])
    assert maps["deep"].shape == (2, 4, 6, 6)


def test_an_activation_in_place_does_not_reach_the_maps():
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(inplace=True))
    nn.init.constant_(model[0].weight, -1.0)
    assert feature_maps(model, torch.ones(1, 1, 3, 3))["0"].item() < 0


def test_the_probe_keeps_kernels_images_and_maps_through_the_network(trained, same_twice):
    found = same_twice(part("probe", "filters").build({"images": 2, "layers": 2, "maps": 3}), trained(edges(), test=20))
    assert found.values == {"kernel_layer": "conv", "layers": ["conv", "deep"]}
    shapes = {name: (array.dtype.name, array.shape) for name, array in found.arrays.items()}
    assert shapes == {
        "kernels": ("float32", (2, 3, 3, 3)),
        "images": ("uint8", (2, 8, 8, 3)),
        "labels": ("int64", (2,)),
        "maps_0": ("float32", (2, 2, 8, 8)),
        "maps_1": ("float32", (2, 3, 6, 6)),
    }
    shown = found.arrays["maps_0"][:, 1] * 0.1 + 0.5  # the second kernel copies the third channel
    assert np.abs(found.arrays["images"][..., 2] - 255 * shown.clip(0, 1)).max() <= 0.5 + 1e-3


def test_the_images_come_from_the_whole_test_set(trained):
    view = trained(edges(), test=20, classes=2)
    assert part("probe", "filters").build({"images": 2}).measure(view).arrays["labels"].tolist() == [0, 1]


@pytest.mark.parametrize(("layers", "kept"), [(1, 1), (3, 3), (99, 3)])
def test_layers_are_spread_from_the_first_to_the_last(trained, layers, kept):
    view = trained("plain-cnn", size=8, width=2)
    names = part("probe", "filters").build({"layers": layers}).measure(view).values["layers"]
    assert names == ["conv1", "conv2", "conv3"][:kept]


def test_a_model_without_convolutions_is_told_so(trained):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 3))
    with pytest.raises(InputError, match="the model has no convolution"):
        part("probe", "filters").build({}).measure(trained(model))
