"""Curvature of quadratics of known spectrum, and of a small network against its whole Hessian."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, hessian
from torch.nn import functional

from ceteris.errors import InputError
from ceteris.probes.sharpness import Hessian, sharpness, top_eigenvalues, trace
from ceteris.study.streams import stream


class Point(nn.Module):
    """A position and nothing else."""

    def __init__(self, size):
        super().__init__()
        self.position = nn.Parameter(torch.linspace(-1, 1, size))

    def forward(self, inputs):
        return self.position


def quadratic(spectrum, rotated=True):
    """The Hessian of x'Ax/2 for a matrix A of that spectrum, and A."""
    axes = (
        np.linalg.qr(stream(0, "axes").standard_normal((len(spectrum),) * 2))[0] if rotated else np.eye(len(spectrum))
    )
    matrix = axes @ np.diag(spectrum) @ axes.T
    bent = torch.from_numpy(matrix).float()
    nothing = torch.zeros(1)
    return Hessian(Point(len(spectrum)), lambda x, _: 0.5 * x @ bent @ x, nothing, nothing), matrix


SPECTRUM = np.concatenate([[50, 20, 10, 5], np.linspace(-2, 1, 60)])


def test_the_top_of_a_known_spectrum():
    found, bounds = top_eigenvalues(quadratic(SPECTRUM)[0], 3, stream(1, "start"))
    np.testing.assert_allclose(found, [50, 20, 10], rtol=1e-3)
    assert (np.abs(found - [50, 20, 10]) <= bounds + 1e-4).all()
    assert (bounds <= 0.01 * found).all()


def test_few_steps_give_wide_bounds_that_hold():
    found, bounds = top_eigenvalues(quadratic(SPECTRUM)[0], 1, stream(1, "start"), steps=3)
    assert np.abs(SPECTRUM - found[0]).min() <= bounds[0] + 1e-4
    assert bounds[0] > 0.1


def test_all_eigenvalues_of_a_small_hessian_and_no_more():
    found, bounds = top_eigenvalues(quadratic([3.0, -4.0, 1.0])[0], 5, stream(1, "start"))
    np.testing.assert_allclose(found, [3, 1, -4], rtol=1e-4)
    assert (bounds < 1e-3).all()


def test_a_repeated_eigenvalue_is_found_once():
    found, _ = top_eigenvalues(quadratic([3.0, 3.0, 1.0])[0], 3, stream(1, "start"))
    np.testing.assert_allclose(found, [3, 1], rtol=1e-4)


def test_a_flat_loss_has_no_curvature():
    found, bounds = top_eigenvalues(quadratic(np.zeros(4))[0], 2, stream(1, "start"))
    assert (found.tolist(), bounds.tolist()) == ([0], [0])


def test_the_trace_of_a_diagonal_hessian_is_exact():
    mean, error = trace(quadratic(SPECTRUM, rotated=False)[0], 2, stream(2, "signs"))
    assert mean == pytest.approx(SPECTRUM.sum(), rel=1e-5)
    assert error == pytest.approx(0, abs=1e-4)


def test_the_trace_is_unbiased_with_the_error_that_theory_gives():
    product, matrix = quadratic(SPECTRUM)
    draws = 400
    mean, error = trace(product, draws, stream(2, "signs"))
    off_diagonal = matrix - np.diag(np.diag(matrix))
    expected = np.sqrt(2 * np.square(off_diagonal).sum() / draws)  # Hutchinson 1990
    assert error == pytest.approx(expected, rel=0.2)
    assert abs(mean - SPECTRUM.sum()) < 4 * expected


def small_network():
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(), nn.Linear(6, 3))
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.normal_(generator=generator)
    return model.train()


def test_a_network_against_its_whole_hessian():
    model = small_network()
    inputs = torch.randn(70, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(70) % 3
    before = copy.deepcopy(model.state_dict())
    product = Hessian(model, functional.cross_entropy, inputs, labels)

    names, shapes = zip(*[(name, tensor.shape) for name, tensor in model.named_parameters()], strict=True)
    sizes = [shape.numel() for shape in shapes]
    calm = copy.deepcopy(model).eval()

    def whole_loss(flat):
        parts = [part.view(shape) for part, shape in zip(flat.split(sizes), shapes, strict=True)]
        return functional.cross_entropy(functional_call(calm, dict(zip(names, parts, strict=True)), inputs), labels)

    flat = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    whole = hessian(whole_loss)(flat)
    vector = torch.randn(len(flat), generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(product @ vector, whole @ vector, rtol=1e-4, atol=1e-5)
    found, bounds = top_eigenvalues(product, 3, stream(1, "start"))
    expected = np.linalg.eigvalsh(whole.double().numpy())[::-1][:3]
    assert (np.abs(found - expected) <= bounds + 1e-3).all()

    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(module.training for module in model.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_parameter_that_plays_no_part_has_no_curvature():
    model = nn.Sequential(nn.Linear(2, 2))
    model.register_parameter("idle", nn.Parameter(torch.ones(3)))
    product = Hessian(model, lambda x, _: x.pow(4).sum(), torch.ones(1, 2), torch.zeros(1))
    assert product.size == 9
    assert not (product @ torch.ones(9))[:3].any()


def test_the_probe_leaves_eigenvalues_their_bounds_and_the_trace(trained, same_twice):
    found = same_twice(sharpness(count=2, images=12, steps=40, draws=3), trained("resnet14", width=4))
    eigenvalues, bounds = found.arrays["eigenvalues"], found.arrays["bounds"]
    assert eigenvalues.shape == bounds.shape == (2,)
    assert eigenvalues[0] > eigenvalues[1] > 0
    assert (bounds <= 0.01 * eigenvalues).all()
    assert set(found.values) == {"trace", "trace_error", "parameters", "images"}
    assert found.values["images"] == 12


def test_options_out_of_bounds_are_named_all_at_once():
    with pytest.raises(InputError) as caught:
        sharpness(count=6, images=0, steps=5, draws=1)
    assert [problem.where for problem in caught.value.problems] == ["count", "images", "steps", "draws"]
