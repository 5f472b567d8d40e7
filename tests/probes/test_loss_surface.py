"""The loss surface of a quadratic bowl, and of a small network moved by hand."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from ceteris.errors import InputError
from ceteris.probes.kind import evenly_spaced
from ceteris.probes.loss_surface import filter_normalised, loss_slice, loss_surface, symmetric_offsets


class Bowl(nn.Module):
    """Its output is its weights; no input plays a part."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.weight = nn.Parameter(torch.randn(4, 6, generator=generator))

    def forward(self, inputs):
        return self.weight.expand(len(inputs), 4, 6)


def half_square_distance(model):
    lowest = model.weight.detach().clone()
    return lambda outputs, labels: 0.5 * (outputs - lowest).square().sum() / len(labels)


IMAGES, LABELS = torch.zeros(300, 3, 4, 4), torch.zeros(300, dtype=torch.long)


def test_a_bowl_rises_with_the_square_of_the_offset():
    model = Bowl()
    direction = filter_normalised(model, 0, "x")
    offsets = symmetric_offsets(5, 2.0)
    surface = loss_slice(model, half_square_distance(model), IMAGES, LABELS, [direction], offsets)
    np.testing.assert_allclose(surface, 0.5 * offsets**2 * float(model.weight.detach().square().sum()), rtol=1e-5)


def test_a_bowl_in_two_dimensions():
    model = Bowl()
    directions = [filter_normalised(model, 0, name) for name in ("x", "y")]
    offsets = symmetric_offsets(3, 1.0)
    surface = loss_slice(model, half_square_distance(model), IMAGES, LABELS, directions, offsets)
    length = float(model.weight.detach().square().sum())
    across = float((directions[0]["weight"] * directions[1]["weight"]).sum())
    a, b = np.meshgrid(offsets, offsets, indexing="ij")
    np.testing.assert_allclose(surface, 0.5 * (a**2 + b**2) * length + a * b * across, rtol=1e-4, atol=1e-5)


def small_network():
    generator = torch.Generator().manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.LayerNorm((20,)), nn.Linear(20, 3)
    )
    with torch.no_grad():
        for tensor in (*layers.parameters(), layers[1].running_mean):
            tensor.normal_(generator=generator)
    return layers


def test_every_filter_of_a_direction_is_as_long_as_the_models_own():
    model = small_network()
    direction = filter_normalised(model, 7, "x")
    assert set(direction) == {"0.weight", "5.weight"}, "biases and normalisation stay as they are"
    for name, change in direction.items():
        own = model.get_parameter(name)
        torch.testing.assert_close(change.flatten(1).norm(dim=1), own.detach().flatten(1).norm(dim=1))
        assert not change.requires_grad


def test_a_layer_norm_over_several_dimensions_stays_as_it_is():
    assert filter_normalised(nn.LayerNorm((2, 3, 3)), 0, "x") == {}


def test_a_direction_depends_on_seed_and_names_and_not_on_other_layers():
    model, deeper = small_network(), nn.Sequential(*small_network(), nn.Linear(3, 3))
    first = filter_normalised(model, 7, "x")
    shared = filter_normalised(deeper, 7, "x")
    assert all(torch.equal(shared[name], first[name]) for name in first)
    for other in (filter_normalised(model, 8, "x"), filter_normalised(model, 7, "y")):
        assert not torch.equal(other["0.weight"], first["0.weight"])


def test_a_slice_agrees_with_weights_moved_by_hand_and_leaves_the_model_alone():
    model = small_network().train()
    inputs, labels = torch.randn(300, 3, 4, 4, generator=torch.Generator().manual_seed(1)), torch.arange(300) % 3
    before = copy.deepcopy(model.state_dict())
    directions = [filter_normalised(model, 0, name) for name in ("x", "y")]
    offsets = symmetric_offsets(3, 0.5)
    surface = loss_slice(model, functional.cross_entropy, inputs, labels, directions, offsets)

    moved = copy.deepcopy(model).eval()
    with torch.no_grad():
        for name, change in directions[0].items():
            moved.get_parameter(name).add_(0.5 * change - 0.5 * directions[1][name])
        by_hand = functional.cross_entropy(moved(inputs), labels)
        in_the_middle = functional.cross_entropy(copy.deepcopy(model).eval()(inputs), labels)
    assert surface.shape == (3, 3)
    assert surface[2, 0] == pytest.approx(float(by_hand), rel=1e-5)
    assert surface[1, 1] == pytest.approx(float(in_the_middle), rel=1e-5)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_loss_that_is_not_finite_stays_so():
    model = Bowl()
    surface = loss_slice(
        model,
        lambda outputs, labels: outputs.sum() * float("inf"),
        IMAGES,
        LABELS,
        [filter_normalised(model, 0, "x")],
        np.zeros(1),
    )
    assert not np.isfinite(surface).any()


@pytest.mark.parametrize(("points", "span"), [(3, 0.1), (21, 0.3), (51, 1.0)])
def test_offsets_are_even_and_pass_through_the_weights_exactly(points, span):
    offsets = symmetric_offsets(points, span)
    assert len(offsets) == points
    assert offsets[points // 2] == 0
    np.testing.assert_allclose(offsets, np.linspace(-span, span, points), atol=1e-12)


def test_the_probe_leaves_a_surface_with_the_trained_weights_in_its_middle(trained, same_twice):
    view = trained("lenet", size=16)
    flat = same_twice(loss_surface(points=3, span=0.5, images=10, dimensions=1), view)
    surface = same_twice(loss_surface(points=3, span=0.5, images=10), view)
    assert flat.arrays["offsets"].tolist() == surface.arrays["offsets"].tolist() == [-0.5, 0, 0.5]
    np.testing.assert_array_equal(surface.arrays["loss"][:, 1], flat.arrays["loss"])
    assert surface.arrays["loss"].shape == (3, 3)
    assert surface.values == {"images": 10}
    inputs, labels = evenly_spaced(view.validation, 10)
    with torch.no_grad():
        assert flat.arrays["loss"][1] == pytest.approx(float(functional.cross_entropy(view.model(inputs), labels)))


def test_another_seed_looks_in_another_direction(trained):
    probe = loss_surface(points=3, images=10, dimensions=1)
    first, second = (probe.measure(trained("lenet", size=16, seed=seed)).arrays["loss"] for seed in (1, 2))
    assert first[1] == second[1]
    assert first[0] != second[0]


def test_options_out_of_bounds_are_named_all_at_once():
    with pytest.raises(InputError) as caught:
        loss_surface(points=4, span=0.0, images=0)
    assert [problem.where for problem in caught.value.problems] == ["points", "span", "images"]
    assert "points must be odd and at least 3, not 4" in str(caught.value)
