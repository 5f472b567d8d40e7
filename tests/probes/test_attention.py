"""Gates that are planted by class."""

import numpy as np
import pytest
import torch
from scipy.special import expit
from torch import nn

from ceteris.errors import InputError
from ceteris.models.layers.squeeze import SqueezeExcitation
from ceteris.probes.attention import attention, gate_statistics


@pytest.fixture
def model():
    """Its gates are the sigmoid of the mean of the image's first and second channel."""
    squeeze = SqueezeExcitation(2, 1, "leaky_relu")
    with torch.no_grad():
        for layer in (squeeze.fc1, squeeze.fc2):
            layer.weight.copy_(torch.eye(2))
            layer.bias.zero_()
    return nn.Sequential(squeeze, nn.Flatten(), nn.Dropout(), nn.Linear(8, 3)).train()


def batches():
    """Class 0 is bright in the first channel, class 1 in the second, by 1 or by 3; there is no class 2."""
    images = torch.zeros(4, 2, 2, 2)
    for row, (channel, level) in enumerate([(0, 1.0), (1, 1.0), (0, 3.0), (1, 3.0)]):
        images[row, channel] = level
    labels = torch.tensor([0, 1, 0, 1])
    return [(images[:3], labels[:3]), (images[3:], labels[3:])]


def test_means_and_deviations_by_class(model):
    gates = gate_statistics(model, batches(), 3)["0"]
    mean, deviation = np.mean(expit([1.0, 3.0])), np.std(expit([1.0, 3.0]))
    np.testing.assert_allclose(gates.mean, [[mean, 0.5], [0.5, mean], [np.nan, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(gates.deviation, [[deviation, 0], [0, deviation], [np.nan, np.nan]], atol=1e-7)


def test_every_module_is_measured_and_the_model_left_alone(model):
    deep = nn.Sequential(SqueezeExcitation(2, 2, "relu"), model)
    gates = gate_statistics(deep, batches(), 2)
    assert list(gates) == ["0", "1.0"]
    assert all(0 < statistics.mean.min() <= statistics.mean.max() < 1 for statistics in gates.values())
    assert all(module.training for module in deep.modules())
    assert not any(module._forward_hooks for module in deep.modules())


def test_a_model_without_gates_has_none():
    assert gate_statistics(nn.Flatten(), batches(), 2) == {}


def test_the_probe_leaves_the_gates_of_every_block(trained, same_twice):
    found = same_twice(attention(images=12), trained("se-resnet18", width=4))
    assert len(found.values["modules"]) == 8
    assert found.values["images"] == 12
    assert set(found.arrays) == {f"{name}/{what}" for name in found.values["modules"] for what in ("mean", "deviation")}
    assert [found.arrays[f"{name}/mean"].shape for name in found.values["modules"]] == [
        (3, channels) for channels in (4, 4, 8, 8, 16, 16, 32, 32)
    ]


def test_the_probe_finds_nothing_in_a_network_without_gates(trained):
    found = attention().measure(trained("resnet14", width=4))
    assert found.arrays == {}
    assert found.values == {"modules": [], "images": 20}


def test_no_image_is_refused():
    with pytest.raises(InputError, match="images must be at least 1, not 0"):
        attention(images=0)
