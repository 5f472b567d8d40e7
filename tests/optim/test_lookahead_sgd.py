"""The moving average by hand, and beside plain SGD."""

import pytest
import torch

from ceteris.errors import InputError
from ceteris.registry import part

GRADIENTS = [1.0, -0.5, 2.0, 0.25, 1.0, -1.0]


def places(gradients, **options):
    """Where a parameter that starts at 1 is after each of the gradients."""
    weight, context = torch.nn.Parameter(torch.ones(1)), {"steps_per_epoch": len(gradients), "epochs": 1}
    built = part("optimizer", "lookahead-sgd").build({"lr": 0.1} | options, parameters=[weight], **context)
    seen = []
    for gradient in gradients:
        weight.grad = torch.tensor([gradient])
        built.step()
        seen.append(weight.item())
    return seen


def test_the_average_by_hand():
    weight = average = 1.0
    velocity, expected = 0.0, []
    for step, gradient in enumerate(GRADIENTS, 1):
        velocity = 0.8 * velocity + gradient
        weight -= 0.1 * (gradient + 0.8 * velocity)
        if step % 2 == 0:
            kept = 0.9**2 * (step / len(GRADIENTS)) ** 3
            average = weight = kept * average + (1 - kept) * weight
        expected.append(weight)
    assert places(GRADIENTS, momentum=0.8, every=2, decay=0.9) == pytest.approx(expected)


def test_the_last_step_ends_on_the_average():
    ended = places(GRADIENTS[:5], every=4, decay=1.0)
    assert ended[4] == pytest.approx(ended[3])
    assert ended[3] != pytest.approx(ended[2])


def test_before_its_first_move_it_is_nesterov():
    weight = torch.nn.Parameter(torch.ones(1))
    plain, seen = torch.optim.SGD([weight], lr=0.1, momentum=0.9, nesterov=True), []
    for gradient in GRADIENTS:
        weight.grad = torch.tensor([gradient])
        plain.step()
        seen.append(weight.item())
    assert places(GRADIENTS, every=6)[:5] == pytest.approx(seen[:5])


@pytest.mark.parametrize(("option", "value"), [("momentum", 0.0), ("momentum", 1.0), ("every", 0), ("decay", 1.1)])
def test_options_out_of_bounds_are_refused_by_name(option, value):
    with pytest.raises(InputError, match=f"{option} must be"):
        places(GRADIENTS, **{option: value})


def test_parameters_without_gradients_stay():
    weight = torch.nn.Parameter(torch.ones(1))
    context = {"parameters": [weight], "steps_per_epoch": 1, "epochs": 1}
    part("optimizer", "lookahead-sgd").build({"lr": 0.1}, **context).step()
    assert weight.item() == 1.0
