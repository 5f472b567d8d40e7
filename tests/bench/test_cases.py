"""What is compared is the same on both sides."""

import pytest
import torch

from bench.cases import CPU_CASES, case, recipe
from bench.ours import flops_per_image
from ceteris.models.counting import count
from ceteris.registry import part


@pytest.mark.parametrize("one", CPU_CASES, ids=lambda one: one.model)
def test_operations_are_three_forward_passes_less_the_gradient_of_the_images(one):
    with torch.device("meta"):
        facts = count(part("model", one.model).build({}, classes=10, channels=3, image_size=32), 3, 32)
    first = next(layer for layer in facts.layers if layer.macs)

    assert flops_per_image(one) == 2 * (3 * facts.macs - first.macs)


@pytest.mark.parametrize("one", CPU_CASES, ids=lambda one: one.model)
def test_the_recipe_is_the_case(one):
    made = recipe(one)

    assert made["model"]["name"] == one.model
    assert {name: made["optimizer"][name] for name in one.optimizer} == dict(one.optimizer)
    assert case(one.model) == one
