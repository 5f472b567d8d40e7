"""Counting against the formulas: o = floor((n + 2p - f) / s) + 1 and k * k * c_in * c_out * h_out * w_out."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ceteris.models.counting import count, training_macs
from ceteris.study.record import Layer


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(7, 40), f=st.integers(1, 7), s=st.integers(1, 3), p=st.integers(0, 3),
    c_in=st.integers(1, 4), c_out=st.integers(1, 9), bias=st.booleans(),
)  # fmt: skip
def test_one_convolution(n, f, s, p, c_in, c_out, bias):
    with torch.device("meta"):
        facts = count(nn.Sequential(nn.Conv2d(c_in, c_out, f, s, p, bias=bias)), c_in, n)
    o = (n + 2 * p - f) // s + 1
    parameters = f * f * c_in * c_out + bias * c_out
    assert facts.layers == (
        Layer("0", "Conv2d", (c_in, n, n), (c_out, o, o), parameters, f * f * c_in * c_out * o * o),
    )
    assert (facts.parameters, facts.macs) == (parameters, facts.layers[0].macs)


def test_lenet_by_hand(build):
    facts = count(build("lenet"), 3, 32)
    macs = {layer.name: layer.macs for layer in facts.layers if layer.macs}
    assert macs == {
        "conv1": 5 * 5 * 3 * 6 * 28 * 28,
        "conv2": 5 * 5 * 6 * 16 * 10 * 10,
        "fc1": 400 * 120,
        "fc2": 120 * 84,
        "fc3": 84 * 10,
    }
    shapes = [(layer.input_shape, layer.output_shape) for layer in facts.layers if layer.kind == "MaxPool2d"]
    assert shapes == [((6, 28, 28), (6, 14, 14)), ((16, 10, 10), (16, 5, 5))]


def test_a_grouped_convolution_counts_its_groups():
    facts = count(nn.Sequential(nn.Conv2d(4, 8, 3, padding=1, groups=4)), 4, 5)
    assert facts.macs == 3 * 3 * 1 * 8 * 5 * 5


class Twice(nn.Module):
    """One convolution called twice, and a matrix product outside any layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x):
        x = self.conv(self.conv(x)).flatten(1)
        return x @ x.new_zeros(x.shape[1], 5)


def test_a_module_called_twice_has_a_row_per_call_and_its_parameters_once():
    facts = count(Twice(), 2, 4)
    assert [(layer.name, layer.parameters, layer.macs) for layer in facts.layers] == [
        ("conv", 38, 3 * 3 * 2 * 2 * 4 * 4),
        ("conv", 0, 3 * 3 * 2 * 2 * 4 * 4),
    ]
    assert facts.parameters == 38
    assert facts.macs == 2 * 3 * 3 * 2 * 2 * 4 * 4 + 32 * 5


@pytest.mark.parametrize(("views", "times"), [("plain", 1), ("mirror", 2), ("mirror-shift", 6)])
def test_views_of_test_images_are_no_work_of_the_training(build, views, times):
    with torch.device("meta"):
        model = build("airbench94", test_views=views)
    assert count(model, 3, 32).macs == times * training_macs(model, 3, 32)


@pytest.mark.parametrize("name", ["lenet", "resnet14", "basic-cnn"])
def test_other_networks_do_the_same_in_training_and_test(build, name):
    with torch.device("meta"):
        model = build(name)
    assert training_macs(model, 3, 32) == count(model, 3, 32).macs


def test_training_that_needs_the_numbers_is_not_counted():
    class Curious(nn.Linear):
        def forward(self, x):
            return super().forward(x.flatten(1)) if not self.training or x.sum().item() else x

    assert training_macs(Curious(12, 2, device="meta"), 3, 2) is None


def test_frozen_parameters_are_not_counted():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 4, 3))
    model[0].requires_grad_(False)
    facts = count(model, 1, 4)
    assert facts.parameters == 2 * 4 * 3 + 3
    assert [layer.parameters for layer in facts.layers] == [0, 0, 27]


def test_a_model_without_parameters():
    facts = count(nn.Sequential(nn.AvgPool2d(2), nn.Flatten()), 3, 4)
    assert (facts.parameters, facts.macs) == (0, 0)
    assert facts.layers[-1].output_shape == (12,)


def test_the_model_is_left_as_it_was(build):
    model = build("resnet14").train()
    model.norm.eval()
    modes = [module.training for module in model.modules()]
    buffers = {name: tensor.clone() for name, tensor in model.named_buffers()}
    random = torch.get_rng_state()
    count(model, 3, 32)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(tensor, buffers[name]) for name, tensor in model.named_buffers())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.equal(torch.get_rng_state(), random)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_model_is_left_as_it_was_when_it_cannot_be_run():
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Linear(7, 2)).train()
    with pytest.raises(RuntimeError):
        count(model, 3, 4)
    assert model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_layer_made_from_one_of_torchs_has_its_kind():
    class Biased(nn.Conv2d):
        pass

    class Doubled(nn.Module):
        def forward(self, inputs):
            return 2 * inputs

    assert [layer.kind for layer in count(nn.Sequential(Biased(3, 4, 1), Doubled()), 3, 8).layers] == [
        "Conv2d",
        "Doubled",
    ]
