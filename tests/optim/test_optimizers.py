"""Every registered optimizer, run because it is registered, and each against its published update."""

import copy
import inspect

import pytest
import torch

from ceteris.errors import InputError
from ceteris.registry import part, parts

OPTIMIZERS = [entry.name for entry in parts("optimizer")]


def parameter(values):
    return torch.nn.Parameter(torch.tensor(values, dtype=torch.float32))


def build(name, parameters, **options):
    context = {"parameters": parameters, "steps_per_epoch": 50, "epochs": 4}
    return part("optimizer", name).build({"lr": 0.05} | options, **context)


def descend(optimizer, weights, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        ((weights - torch.tensor([1.0, -2.0])).square() * torch.tensor([1.0, 3.0])).sum().backward()
        optimizer.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_quadratic_is_lowered(name):
    weights = parameter([3.0, 1.0])
    descend(build(name, [weights]), weights, 200)
    torch.testing.assert_close(weights.detach(), torch.tensor([1.0, -2.0]), atol=0.05, rtol=0)


@pytest.mark.parametrize(
    ("name", "options"), [*((name, {}) for name in OPTIMIZERS), ("sgd", {"momentum": 0.9, "nesterov": True})]
)
def test_going_on_from_a_saved_state_is_the_same_descent(name, options):
    weights = parameter([3.0, 1.0])
    optimizer = build(name, [weights], **options)
    descend(optimizer, weights, 5)
    resumed = parameter(weights.tolist())
    other = build(name, [resumed])
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    descend(optimizer, weights, 5)
    descend(other, resumed, 5)
    assert torch.equal(weights, resumed)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_is_fused_takes_groups_and_can_be_planned_on_the_meta_device(name):
    groups = [
        {"params": [parameter([1.0])], "lr": 0.5},
        {"params": [torch.nn.Parameter(torch.empty(2, device="meta"))]},
    ]
    optimizer = build(name, groups)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.05]
    assert all(group["fused"] for group in optimizer.param_groups)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("lr", [-0.1, 0.0, float("nan"), float("inf")])
def test_a_learning_rate_that_makes_no_sense_is_refused(name, lr):
    with pytest.raises(InputError, match=rf"^lr: optimizer '{name}': lr must be .*, not {lr}$"):
        build(name, [parameter([1.0])], lr=lr)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [("sgd", "momentum", 1.0), ("sgd", "momentum", -0.1), ("sgd", "weight_decay", -1.0), ("sgd", "nesterov", True)]
    + [
        (name, option, value)
        for name in ("adam", "adamw")
        for option, value in [("beta1", 1.0), ("beta2", -0.1), ("eps", 0.0), ("weight_decay", -1e-9)]
    ],
)
def test_options_out_of_bounds_are_refused_by_name(name, option, value):
    with pytest.raises(InputError) as refused:
        build(name, [parameter([1.0])], **{option: value})
    assert [problem.where for problem in refused.value.problems] == [option]


def test_all_mistakes_are_told_at_once():
    with pytest.raises(InputError) as refused:
        build("adam", [parameter([1.0])], lr=-1.0, beta1=2.0, weight_decay=-1.0)
    assert [problem.where for problem in refused.value.problems] == ["lr", "beta1", "weight_decay"]


def steps_of(name, gradients, **options):
    """Where a parameter that starts at 1 is after each of the gradients."""
    weight = parameter([1.0])
    optimizer, places = build(name, [weight], **options), []
    for gradient in gradients:
        weight.grad = torch.tensor([gradient])
        optimizer.step()
        places.append(weight.item())
    return places


def test_sgd_by_hand():
    assert steps_of("sgd", [1.0, 1.0], lr=0.1) == pytest.approx([0.9, 0.8])
    assert steps_of("sgd", [1.0, 1.0], lr=0.1, momentum=0.9) == pytest.approx([0.9, 0.9 - 0.1 * 1.9])
    nesterov = steps_of("sgd", [1.0, 1.0], lr=0.1, momentum=0.9, nesterov=True)
    assert nesterov == pytest.approx([1 - 0.19, 1 - 0.19 - 0.1 * (1 + 0.9 * 1.9)])
    assert steps_of("sgd", [0.0], lr=0.1, weight_decay=0.5) == pytest.approx([0.95])


def test_the_first_step_of_adam_is_the_learning_rate():
    assert steps_of("adam", [1e-3], lr=0.1) == pytest.approx([0.9], rel=1e-4)
    assert steps_of("adam", [-7.0], lr=0.1) == pytest.approx([1.1], rel=1e-4)


def test_adam_by_the_paper():
    gradients, beta1, beta2, mean, square, expected = [0.3, -0.2, 0.5], 0.8, 0.95, 0.0, 0.0, [1.0]
    for time, gradient in enumerate(gradients, start=1):
        mean = beta1 * mean + (1 - beta1) * gradient
        square = beta2 * square + (1 - beta2) * gradient**2
        unbiased, spread = mean / (1 - beta1**time), square / (1 - beta2**time)
        expected.append(expected[-1] - 0.1 * unbiased / (spread**0.5 + 1e-3))
    places = steps_of("adam", gradients, lr=0.1, beta1=beta1, beta2=beta2, eps=1e-3)
    assert places == pytest.approx(expected[1:], rel=1e-5)


def test_only_adamw_decays_weights_apart_from_the_gradient():
    assert steps_of("adamw", [0.0], lr=0.1, weight_decay=0.5) == pytest.approx([0.95])
    assert steps_of("adam", [0.0], lr=0.1, weight_decay=0.5) == pytest.approx([0.9], rel=1e-4)


@pytest.mark.parametrize(
    ("name", "theirs"), [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
def test_defaults_are_those_of_torch(name, theirs):
    default = {key: value.default for key, value in inspect.signature(theirs).parameters.items()}
    options = {option.name: option.default for option in part("optimizer", name).options}
    if "beta1" in options:
        options["betas"] = (options.pop("beta1"), options.pop("beta2"))
    assert {key: value for key, value in options.items() if key != "lr"} == {
        key: default[key] for key in options if key != "lr"
    }
