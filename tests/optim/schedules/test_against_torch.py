"""Each schedule against torch's own scheduler."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from ceteris.registry import part


def build(name, steps_per_epoch=1, epochs=1, lr=1.0, **options):
    return part("schedule", name).build(options, steps_per_epoch=steps_per_epoch, epochs=epochs, lr=lr)


def optimizer(lr):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def rates(scheduler, steps):
    """The learning rate at each step, torch's scheduler being stepped after each."""
    seen = []
    for _ in range(steps):
        seen.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return seen


def test_constant():
    assert {build("constant").factor(step) for step in range(100)} == {1.0}


@given(steps=st.integers(1, 5), every=st.integers(1, 4), factor=st.floats(0.01, 1))
@settings(max_examples=30, deadline=None)
def test_step(steps, every, factor):
    schedule = build("step", steps, 12, every=every, factor=factor)
    theirs = rates(lr_scheduler.StepLR(optimizer(0.3), steps * every, factor), 12 * steps)
    assert [0.3 * schedule.factor(step) for step in range(12 * steps)] == pytest.approx(theirs, rel=1e-9)


@given(steps=st.integers(1, 6), epochs=st.integers(1, 8), final=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_cosine(steps, epochs, final):
    schedule, total = build("cosine", steps, epochs, final=final), steps * epochs
    theirs = rates(lr_scheduler.CosineAnnealingLR(optimizer(0.3), total, eta_min=0.3 * final), total)
    assert [0.3 * schedule.factor(step) for step in range(total)] == pytest.approx(theirs, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("warmup_epochs", "warmup"), [(0.5, 5), (0.29, 3), (2.0, 20)])
def test_cosine_after_warm_up(warmup_epochs, warmup):
    schedule, total, sgd = build("cosine", 10, 5, final=0.1, warmup_epochs=warmup_epochs), 50, optimizer(1.0)
    rise = lr_scheduler.LinearLR(sgd, 1 / (warmup + 1), 1.0, warmup)
    fall = lr_scheduler.CosineAnnealingLR(sgd, total - warmup, eta_min=0.1)
    seen = [schedule.factor(step) for step in range(total)]
    assert seen[:warmup] == pytest.approx(rates(rise, warmup))
    sgd.param_groups[0]["lr"] = 1.0
    assert seen[warmup:] == pytest.approx(rates(fall, total - warmup))
    assert seen[warmup] == max(seen) == 1.0


@given(steps=st.integers(1, 6), epochs=st.integers(2, 8), rise=st.sampled_from([0.25, 0.3, 0.5, 0.9]))
@settings(max_examples=30, deadline=None)
def test_one_cycle(steps, epochs, rise):
    schedule, total = build("one-cycle", steps, epochs, rise=rise), steps * epochs
    assume(rise * total > 1)  # torch divides by zero, or begins before the start
    cycle = lr_scheduler.OneCycleLR(optimizer(0.3), 0.3, total, pct_start=rise, cycle_momentum=False)
    theirs = rates(cycle, total - 1)
    assert [0.3 * schedule.factor(step) for step in range(total - 1)] == pytest.approx(theirs, rel=1e-6, abs=1e-12)
    assert schedule.factor(total - 1) == pytest.approx(4e-6)


def test_one_cycle_without_a_way_up_begins_at_the_top():
    assert build("one-cycle", 5, 2, rise=0.0).factor(0) == 1.0
    assert build("one-cycle", 1, 1).factor(0) == 1.0


@given(accuracies=st.lists(st.floats(0, 1), min_size=1, max_size=60))
@settings(max_examples=150, deadline=None)
def test_plateau_as_the_reference_study_sets_it(accuracies):
    options = {"factor": 0.1, "patience": 2, "threshold": 1e-4, "min_lr": 1e-8}
    schedule, sgd = build("plateau", 1, len(accuracies), 0.015, **options), optimizer(0.015)
    scheduler = lr_scheduler.ReduceLROnPlateau(sgd, mode="max", **options)
    for epoch, accuracy in enumerate(accuracies):
        schedule.after_epoch(accuracy)
        scheduler.step(accuracy)
        assert 0.015 * schedule.factor(epoch) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-12)


@given(
    accuracies=st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.50001, 0.5001, 0.6, 0.9]), min_size=1, max_size=40),
    factor=st.sampled_from([0.1, 0.2, 0.5, 0.99]), patience=st.integers(0, 3), cooldown=st.integers(0, 3),
    threshold=st.sampled_from([0.0, 1e-4, 0.1]), min_lr=st.sampled_from([0.0, 1e-8, 1e-3]),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_plateau(accuracies, factor, patience, cooldown, threshold, min_lr):
    options = {
        "factor": factor, "patience": patience, "cooldown": cooldown, "threshold": threshold, "min_lr": min_lr,
    }  # fmt: skip
    schedule, sgd = build("plateau", 3, len(accuracies), 0.015, **options), optimizer(0.015)
    scheduler = lr_scheduler.ReduceLROnPlateau(sgd, mode="max", **options)
    for epoch, accuracy in enumerate(accuracies):
        schedule.after_epoch(accuracy)
        scheduler.step(accuracy)
        assert 0.015 * schedule.factor(3 * epoch) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-12)


def test_plateau_as_tiny_imagenet_uses_it():
    schedule = build("plateau", 1, 40, 0.015, factor=0.1, patience=2, threshold=1e-4, min_lr=1e-8)
    seen = []
    for epoch in range(40):
        schedule.after_epoch(0.5)
        seen.append(0.015 * schedule.factor(epoch))
    assert sorted(set(seen), reverse=True) == pytest.approx([1.5e-2, 1.5e-3, 1.5e-4, 1.5e-5, 1.5e-6, 1.5e-7, 1.5e-8])
    assert seen[2:4] == pytest.approx([1.5e-2, 1.5e-3])
