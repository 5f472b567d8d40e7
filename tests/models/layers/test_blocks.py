"""Residual, squeeze-and-excitation, Ghost and dense pieces against what their papers say."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from ceteris.models.layers.classifier import classifier
from ceteris.models.layers.convolutions import convolution, convolution_stage
from ceteris.models.layers.dense import DenseLayer, dense_blocks
from ceteris.models.layers.ghost import GhostModule
from ceteris.models.layers.residual import ResidualBlock, projection, shortcut
from ceteris.models.layers.squeeze import SqueezeExcitation


@pytest.fixture
def maps():
    return torch.randn(2, 8, 6, 6, generator=torch.Generator().manual_seed(0))


def test_a_residual_block_adds_its_branch_in_order(maps):
    branch = OrderedDict(first=nn.Hardtanh(-1, 1), second=nn.Threshold(0.5, 0))
    block = ResidualBlock(branch, nn.Identity(), "relu")
    assert torch.equal(block(maps), (torch.where(maps > 0.5, maps.clamp(-1, 1), 0) + maps).relu())
    assert [name for name, _ in block.named_children()] == ["first", "second", "shortcut", "activation2"]


def test_the_input_is_projected_only_where_the_shape_changes(maps):
    assert isinstance(shortcut(8, 8, 1, "batch"), nn.Identity)
    assert shortcut(8, 8, 2, "batch")(maps).shape == (2, 8, 3, 3)
    assert shortcut(8, 16, 1, "batch")(maps).shape == (2, 16, 6, 6)
    assert [type(layer).__name__ for layer in projection(8, 8, 1, "batch")] == ["Conv2d", "BatchNorm2d"]


def test_gates_are_those_of_the_formula(maps):
    layer = SqueezeExcitation(8, 4, "relu")
    gates = []
    layer.gate.register_forward_hook(lambda module, inputs, output: gates.append(output))
    means = maps.mean((2, 3))
    hidden = (means @ layer.fc1.weight.T + layer.fc1.bias).relu()
    expected = 1 / (1 + torch.exp(-(hidden @ layer.fc2.weight.T + layer.fc2.bias)))
    torch.testing.assert_close(layer(maps), maps * expected[:, :, None, None])
    torch.testing.assert_close(gates[0], expected)
    assert hidden.shape == (2, 2)


def test_a_gate_has_at_least_one_hidden_unit(maps):
    assert SqueezeExcitation(8, 16, "relu").fc1.out_features == 1


@pytest.mark.parametrize(("channels", "half"), [(16, 8), (7, 4), (1, 1)])
def test_a_ghost_module_convolves_half_and_makes_the_rest_from_it(channels, half, maps):
    ghost = GhostModule(8, channels, 2, norm="none", activation=None)
    with torch.no_grad():
        ghost.cheap.conv.weight.zero_()[:, 0, 1, 1] = 1  # each ghost is then the map it is made from
        ghost.cheap.conv.bias.zero_()
        made, first = ghost(maps), ghost.primary(maps)
    assert first.shape == (2, half, 3, 3)
    assert made.shape == (2, channels, 3, 3)
    torch.testing.assert_close(made, torch.cat([first, first], 1)[:, :channels])


def test_a_ghost_module_with_an_activation_has_it_after_both_norms(maps):
    ghost = GhostModule(8, 16, 1, norm="batch", activation="relu")
    kinds = [[type(layer).__name__ for layer in half] for half in (ghost.primary, ghost.cheap)]
    assert kinds == [["Conv2d", "BatchNorm2d", "ReLU"]] * 2
    assert ghost(maps).min() == 0


def test_a_dense_layer_appends_to_its_input(maps):
    layer = DenseLayer(8, 3, norm="batch", activation="relu", dropout=0)
    out = layer(maps)
    assert out.shape == (2, 11, 6, 6)
    assert torch.equal(out[:, :8], maps)
    assert layer.conv1.out_channels == 12


def test_dense_blocks_say_how_many_channels_they_end_with(maps):
    layers, channels = dense_blocks(8, 4, (2, 3), norm="layer", activation="gelu", dropout=0.1)
    assert list(layers) == ["block1", "transition1", "block2", "norm_last", "activation_last"]
    assert channels == (8 + 2 * 4) // 2 + 3 * 4
    assert nn.Sequential(layers)(maps).shape == (2, channels, 3, 3)


@pytest.mark.parametrize("norm", ["batch", "none", "group"])
def test_a_convolution_has_a_bias_only_where_no_norm_takes_it_away(norm):
    layers = convolution(3, 8, 5, norm=norm)
    assert (layers["conv"].bias is None) == (norm != "none") == ("norm" in layers)
    assert convolution(3, 8, 5, norm=norm, bias=True)["conv"].bias is not None


@pytest.mark.parametrize(("activation", "dropout", "last"), [
    ("relu", 0, ["conv2", "norm2", "halve"]),
    ("relu", 0.3, ["conv2", "norm2", "activation2", "dropout2", "halve"]),
])  # fmt: skip
def test_a_stage_ends_with_pooling(activation, dropout, last, maps):
    stage = convolution_stage(8, [4, 12], activation=activation, norm="batch", dropout=dropout)
    assert [name for name, _ in stage.named_children()][-len(last) :] == last
    assert stage(maps).shape == (2, 12, 3, 3)
    assert stage.eval()(maps).min() >= 0


def test_dropout_makes_no_difference_to_a_stage_in_evaluation(maps):
    stages = [convolution_stage(8, [4, 12], activation="relu", dropout=share).eval() for share in (0, 0.3)]
    stages[1].load_state_dict(stages[0].state_dict())
    torch.testing.assert_close(stages[0](maps), stages[1](maps))


def test_the_end_of_a_network_in_order(maps):
    layers = classifier(288, [20, 10], 5, activation="tanh", dropout=0.1, norm="batch")
    hidden = ["fc{}", "fc_norm{}", "activation{}", "dropout{}"]
    assert list(layers) == ["flatten", *(name.format(n) for n in (1, 2) for name in hidden), "fc3"]
    assert nn.Sequential(layers)(maps).shape == (2, 5)
