"""Against a linear chain, whose gradients are products of its Jacobians, and units that are planted dead."""

from collections import OrderedDict
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from ceteris.errors import InputError
from ceteris.probes.gradient_flow import activation_statistics, layer_norms
from ceteris.probes.kind import EpochEnd, Step
from ceteris.registry import part


def chain(*matrices):
    model = nn.Sequential()
    for number, matrix in enumerate(matrices):
        layer = nn.Linear(matrix.shape[1], matrix.shape[0], bias=False)
        layer.weight.data = torch.tensor(matrix, dtype=torch.float32)
        model.add_module(f"layer{number}", layer)
    return model


@pytest.mark.parametrize("seed", range(3))
def test_the_gradients_of_a_linear_chain(seed):
    generator = np.random.default_rng(seed)
    widths = [3, 5, 4, 2]
    matrices = [generator.normal(size=(out, into)) for into, out in pairwise(widths)]
    given, wanted = generator.normal(size=3), generator.normal(size=2)
    model = chain(*matrices)
    (model(torch.tensor(given[None], dtype=torch.float32)) @ torch.tensor(wanted, dtype=torch.float32)).sum().backward()
    norms = layer_norms(model)
    assert list(norms) == ["layer0", "layer1", "layer2"]
    for number, norm in enumerate(norms.values()):
        behind, ahead = given, wanted
        for matrix in matrices[:number]:
            behind = matrix @ behind
        for matrix in reversed(matrices[number + 1 :]):
            ahead = matrix.T @ ahead
        gradient = np.linalg.norm(behind) * np.linalg.norm(ahead)
        assert norm.tolist() == pytest.approx([gradient, np.linalg.norm(matrices[number])], rel=1e-5)


def test_a_vanishing_gradient_falls_by_the_same_factor_at_every_layer():
    model = chain(*[np.array([[0.1]])] * 6)
    model(torch.ones(1, 1)).sum().backward()
    gradients = [float(norm[0]) for norm in layer_norms(model).values()]
    assert gradients == pytest.approx([1e-5] * 6, rel=1e-4)
    deep = chain(*[np.array([[2.0]])] * 6)
    (0.1 * deep(torch.ones(1, 1))).sum().backward()
    assert [float(norm[0]) for norm in layer_norms(deep).values()] == pytest.approx([3.2] * 6, rel=1e-4)


def test_all_parameters_of_a_layer_count_and_a_missing_gradient_is_zero():
    model = nn.Sequential(OrderedDict(conv=nn.Conv2d(1, 1, 1), norm=nn.BatchNorm2d(1), relu=nn.ReLU()))
    model.conv.weight.data.fill_(3.0)
    model.conv.bias.data.fill_(4.0)
    assert {name: norm.tolist() for name, norm in layer_norms(model).items()} == {"conv": [0, 5], "norm": [0, 1]}


def planted():
    """Channel 0 never fires, channel 1 fires at one place of one image, channels 2 and 3 always."""
    conv = nn.Conv2d(1, 4, 1)
    conv.weight.data = torch.tensor([1.0, 1.0, 0.0, 0.0]).reshape(4, 1, 1, 1)
    conv.bias.data = torch.tensor([-100.0, -0.5, 1.0, 3.0])
    images = torch.zeros(2, 1, 3, 3)
    images[1, 0, 2, 2] = 1.0
    return nn.Sequential(OrderedDict(conv=conv, relu=nn.ReLU())).eval(), images


def test_dead_units_and_statistics_of_planted_activations():
    model, images = planted()
    outputs = np.concatenate([np.zeros(18), [0.5], np.zeros(17), np.ones(18), 3 * np.ones(18)])
    seen = activation_statistics(model, images)["relu"]
    assert (seen.mean, seen.std, seen.dead_share) == pytest.approx((outputs.mean(), outputs.std(), 0.25), rel=1e-6)
    assert activation_statistics(model, images[:1])["relu"].dead_share == 0.5


def test_pooling_before_the_activation_hides_no_dead_unit():
    model, images = planted()
    pooled = nn.Sequential(model.conv, nn.MaxPool2d(3), model.relu)
    assert activation_statistics(pooled, images)["2"].dead_share == 0.25


def test_only_relu_units_can_be_dead_and_shared_modules_count_every_use():
    shared = nn.ReLU()
    model = nn.Sequential(nn.Linear(2, 3), shared, nn.Linear(3, 5), shared, nn.GELU())
    for layer, bias in ((model[0], -1.0), (model[2], 1.0)):
        nn.init.zeros_(layer.weight)
        nn.init.constant_(layer.bias, bias)
    seen = activation_statistics(model, torch.ones(4, 2))
    assert list(seen) == ["1", "4"]
    assert seen["1"].dead_share == pytest.approx(3 / 8)
    assert seen["1"].mean == pytest.approx(5 / 8)
    assert np.isnan(seen["4"].dead_share)


class Four:
    """Four images, the first two of zeros, the others of twos."""

    def __len__(self):
        return 4

    def at(self, rows):
        return torch.full((len(rows), 1, 3, 3), 2.0) * torch.from_numpy(rows >= 2)[:, None, None, None], rows


def test_an_epoch_is_the_mean_of_its_samples():
    model, _ = planted()
    probe = part("probe", "gradient-flow").build({"samples": 3, "images": 3})
    assert [step for step in range(1, 21) if probe.wants(step, 10)] == [1, 4, 7, 11, 14, 17]
    assert [step for step in range(1, 5) if probe.wants(step, 2)] == [1, 2, 3, 4]
    for epoch in (1, 2):
        for size in (1.0, 2.0, 6.0):
            for parameter in model.parameters():
                parameter.grad = torch.zeros_like(parameter)
            model.conv.bias.grad[0] = size * epoch
            probe.after_backward(Step(model, torch.zeros(0), torch.zeros(0), torch.zeros, 0.1, epoch, 1))
        probe.after_epoch(EpochEnd(model, epoch, Four()))
    found = probe.so_far()
    assert found.values == {"layers": ["conv"], "activations": ["relu"]}
    assert found.arrays["gradient_norm"].tolist() == [[3.0], [6.0]]
    assert found.arrays["weight_norm"][:, 0] == pytest.approx(np.sqrt(2 + 100**2 + 0.25 + 1 + 9))
    assert found.arrays["dead_share"].tolist() == [[0.25]] * 2
    assert found.arrays["activation_mean"].shape == found.arrays["activation_std"].shape == (2, 1)
    again = part("probe", "gradient-flow").build({})
    again.restore(found)
    assert again.so_far().values == found.values
    for name, array in again.so_far().arrays.items():
        np.testing.assert_array_equal(array, found.arrays[name])


def test_every_option_that_makes_no_sense_is_named():
    with pytest.raises(InputError, match=r"samples must be at least 1, not 0[^!]*images must be at least 1, not 0"):
        part("probe", "gradient-flow").build({"samples": 0, "images": 0})
