"""What every registered schedule does, run because it is registered."""

import json
import math

import pytest

from ceteris.errors import InputError
from ceteris.registry import part, parts

SCHEDULES = [entry.name for entry in parts("schedule")]
WARMED = [entry.name for entry in parts("schedule") if "warmup_epochs" in {one.name for one in entry.options}]
NEEDED = {"step": {"every": 2}}
ACCURACIES = [0.1, 0.3, 0.3, 0.2, 0.3, 0.3, 0.31, 0.3, 0.3, 0.3]
STEPS, EPOCHS = 7, len(ACCURACIES)


def build(name, **options):
    given = NEEDED.get(name, {}) | options
    return part("schedule", name).build(given, steps_per_epoch=STEPS, epochs=EPOCHS, lr=0.1)


def factors(schedule, epochs):
    """Of every step of those epochs (counted from 0), telling the schedule of each epoch's end."""
    seen = []
    for epoch in epochs:
        seen += [schedule.factor(epoch * STEPS + step) for step in range(STEPS)]
        schedule.after_epoch(ACCURACIES[epoch])
    return seen


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_are_finite_and_between_nothing_and_all(name):
    seen = factors(build(name), range(EPOCHS))
    assert all(math.isfinite(factor) and 0 <= factor <= 1 for factor in seen)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("done", range(EPOCHS + 1))
def test_going_on_from_a_saved_state_gives_the_same_factors(name, done):
    whole, first, resumed = build(name), build(name), build(name)
    begun = factors(first, range(done))
    resumed.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    assert begun + factors(resumed, range(done, EPOCHS)) == factors(whole, range(EPOCHS))


@pytest.mark.parametrize("name", SCHEDULES)
def test_asking_twice_changes_nothing(name):
    schedule = build(name)
    assert [schedule.factor(3), schedule.factor(0), schedule.factor(3)] == [schedule.factor(step) for step in (3, 0, 3)]


@pytest.mark.parametrize("name", WARMED)
@pytest.mark.parametrize("warmup_epochs", [0.5, 2.0])
def test_a_warm_up_rises_in_equal_steps_to_what_the_schedule_says_without(name, warmup_epochs):
    steps = round(warmup_epochs * STEPS)
    plain, warm = (build(name, warmup_epochs=epochs).factor for epochs in (0.0, warmup_epochs))
    assert [warm(step) for step in range(steps)] == pytest.approx([(step + 1) / (steps + 1) for step in range(steps)])
    if name != "cosine":  # its whole course lies after the warm-up
        assert [warm(step) for step in range(steps, 70)] == [plain(step) for step in range(steps, 70)]


@pytest.mark.parametrize("name", WARMED)
@pytest.mark.parametrize("value", [-1.0, float(EPOCHS)])
def test_a_warm_up_is_shorter_than_the_training(name, value):
    with pytest.raises(InputError, match="warmup_epochs must be"):
        build(name, warmup_epochs=value)


def test_a_warmed_plateau_goes_on_from_its_saved_state():
    whole, first, resumed = (build("plateau", warmup_epochs=2.0, patience=1) for _ in range(3))
    begun = factors(first, range(6))
    resumed.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    assert begun + factors(resumed, range(6, EPOCHS)) == factors(whole, range(EPOCHS))
    assert resumed.factor(69) < 1


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("step", "every", 0), ("step", "factor", 0.0), ("step", "factor", 1.5),
        ("cosine", "final", -0.1), ("cosine", "final", 1.1),
        ("plateau", "factor", 1.0), ("plateau", "factor", 0.0), ("plateau", "patience", -1),
        ("plateau", "threshold", -1e-4), ("plateau", "cooldown", -1), ("plateau", "min_lr", -1.0),
        ("plateau", "min_lr", 0.2), ("plateau", "threshold", float("nan")),
        ("one-cycle", "rise", 1.0), ("one-cycle", "start", 1.1), ("one-cycle", "final", -0.1),
    ],
)  # fmt: skip
def test_options_out_of_bounds_are_refused_by_name(name, option, value):
    with pytest.raises(InputError) as refused:
        build(name, **{option: value})
    assert [problem.where for problem in refused.value.problems] == [option]
