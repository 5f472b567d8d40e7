"""Against a quadratic, where every number is known: f(w) = w'Hw / 2, gradient Hw."""

import numpy as np
import pytest
import torch
from torch import nn

from ceteris.errors import InputError
from ceteris.probes.gradient_predictiveness import along_gradient
from ceteris.probes.kind import Step
from ceteris.registry import part

LENGTHS = [0.5, 1.0, 4.0]


class Quadratic(nn.Module):
    def __init__(self, hessian, start):
        super().__init__()
        self.hessian = torch.tensor(hessian, dtype=torch.float32)
        self.w = nn.Parameter(torch.tensor(start, dtype=torch.float32))
        self.unused = nn.Parameter(torch.ones(2))

    def forward(self):
        return self.w @ self.hessian @ self.w / 2


def expected(hessian, start, rate):
    hessian, start = np.array(hessian), np.array(start)
    gradient = hessian @ start
    points = [start - rate * length * gradient for length in LENGTHS]
    losses = [point @ hessian @ point / 2 for point in points]
    changes = [rate * length * np.linalg.norm(hessian @ gradient) for length in LENGTHS]
    return gradient, losses, changes


@pytest.mark.parametrize(
    ("hessian", "start"), [([[1.0, 0.0], [0.0, 10.0]], [3.0, 0.5]), ([[2.0, 0.5], [0.5, 1.0]], [-1.0, 4.0])]
)
def test_a_quadratic_gives_what_its_hessian_says(hessian, start):
    gradient, losses, changes = expected(hessian, start, 0.1)
    model = Quadratic(hessian, start)
    seen = along_gradient(model, model, 0.1, LENGTHS)
    assert seen.loss == pytest.approx(np.array(start) @ hessian @ start / 2, rel=1e-6)
    assert seen.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-6)
    assert seen.loss_along == pytest.approx(losses, rel=1e-5)
    assert seen.gradient_change == pytest.approx(changes, rel=1e-5)
    beta = np.linalg.norm(np.array(hessian) @ gradient) / np.linalg.norm(gradient)
    assert seen.smoothness == pytest.approx(beta, rel=1e-5)


def test_along_an_eigenvector_the_smoothness_is_its_eigenvalue():
    model = Quadratic([[1.0, 0.0], [0.0, 10.0]], [0.0, 0.7])
    assert along_gradient(model, model, 0.01, LENGTHS).smoothness == pytest.approx(10, rel=1e-5)


def test_the_model_comes_back_bit_for_bit():
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2)).train()
    model[0].bias.requires_grad_(False)
    inputs = torch.randn(16, 4, generator=torch.Generator().manual_seed(0))
    model(inputs).sum().backward()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    gradients = [None if p.grad is None else p.grad.clone() for p in model.parameters()]

    def loss():
        return (model(inputs) ** 2).mean()

    seen = along_gradient(model, loss, 0.1, LENGTHS)
    assert len(set(seen.loss_along.tolist())) == 3
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert (parameter.grad is None) if gradient is None else torch.equal(parameter.grad, gradient)
    assert [p.requires_grad for p in model.parameters()] == [True, False, True, True, True, True]


def test_a_flat_place_has_no_smoothness():
    model = Quadratic([[0.0, 0.0], [0.0, 0.0]], [1.0, 1.0])
    seen = along_gradient(model, model, 0.1, LENGTHS)
    assert seen.gradient_norm == 0
    assert np.isnan(seen.smoothness)


def test_one_row_for_every_step_asked_for():
    probe = part("probe", "gradient-predictiveness").build({"every": 3, "points": 8})
    model = Quadratic([[1.0, 0.0], [0.0, 10.0]], [3.0, 0.5])
    assert [step for step in range(1, 11) if probe.wants(step, 5)] == [1, 4, 7, 10]
    nothing = probe.so_far()
    assert {name: array.shape for name, array in nothing.arrays.items()} == {
        "step": (0,), "loss": (0,), "gradient_norm": (0,), "loss_along": (0, 8), "gradient_change": (0, 8),
        "smoothness": (0,),
    }  # fmt: skip
    for step in (1, 4):
        probe.after_backward(Step(model, torch.zeros(0), torch.zeros(0), model, 0.1 / step, 1, step))
    found = probe.so_far()
    assert found.values["lengths"] == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0])
    assert found.arrays["step"].tolist() == [1, 4]
    assert found.arrays["gradient_change"][0] == pytest.approx(4 * found.arrays["gradient_change"][1], rel=1e-4)
    again = part("probe", "gradient-predictiveness").build({"every": 3, "points": 8})
    again.restore(found)
    for name, array in again.so_far().arrays.items():
        np.testing.assert_array_equal(array, found.arrays[name])


def test_every_option_that_makes_no_sense_is_named():
    with pytest.raises(InputError, match=r"every must be at least 1, not 0[^!]*points must be at least 1, not -1"):
        part("probe", "gradient-predictiveness").build({"every": 0, "points": -1})
