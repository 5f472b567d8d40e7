from dataclasses import replace

import numpy as np
import pytest
import torch

from ceteris.models.layers.activations import ACTIVATIONS, activation_layer
from ceteris.report.evidence import gather
from ceteris.report.figures.activations import FORMULAS, activations
from ceteris.report.words import Words


def test_every_activation_of_the_models_has_its_formula():
    assert set(FORMULAS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_against_torch(name):
    x = torch.linspace(-5, 5, 400, dtype=torch.float64, requires_grad=True)
    y = activation_layer(name)(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    values, derivative = FORMULAS[name](x.detach().numpy())
    np.testing.assert_allclose(values, y.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(derivative, slope.numpy(), atol=1e-12)


def test_the_arms_activations_are_drawn_once_each(world):
    made = world({"a": 0.6, "b": 0.6, "c": 0.7}, seeds=1)
    names = ("sigmoid", "relu", "relu")
    arms = tuple(
        replace(arm, recipe=dict(arm.recipe) | {"model": {"name": "m", "activation": name}})
        for arm, name in zip(made.plan.arms, names, strict=True)
    )
    drawing = activations(gather(replace(made.plan, arms=arms), made.records), Words("en"))
    assert "sigmoid 0.25; relu 1.00" in drawing.caption
    assert list(dict.fromkeys(row["activation"] for row in drawing.data)) == ["sigmoid", "relu"]


def test_networks_without_a_named_activation_have_no_plot(two_arms):
    assert activations(gather(two_arms.plan, two_arms.records), Words("en")) is None
