"""Optimizers without their ties to the compiler take the steps of torch's own."""

import pytest
import torch
from torch.optim import SGD, Adam, AdamW
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.profiler import ProfilerActivity, profile

from ceteris.optim.eager import eager

KINDS = [(SGD, {"momentum": 0.9, "nesterov": True}), (Adam, {"weight_decay": 0.1}), (AdamW, {})]


def stepped(kind, options, steps=7):
    """Weights and state after some steps down a quadratic, the last of them after saving and restoring."""
    weights = [torch.nn.Parameter(torch.linspace(-1, 1, 40)), torch.nn.Parameter(torch.ones(3, 5))]
    optimizer = kind(weights, lr=0.03, fused=True, **options)
    for step in range(steps):
        optimizer.zero_grad()
        sum((one - 0.3).square().sum() for one in weights).backward()
        optimizer.step()
        if step == steps - 2:
            saved = optimizer.state_dict()
            optimizer = kind(weights, lr=1.0, fused=True, **options)
            optimizer.load_state_dict(saved)
    return [one.detach() for one in weights], optimizer


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_its_steps_have_the_bits_of_torchs_own(kind, options):
    (ours, optimizer), (theirs, own) = stepped(eager(kind), options), stepped(kind, options)
    assert all(map(torch.equal, ours, theirs))
    assert isinstance(optimizer, kind)
    assert not any(one.requires_grad for state in optimizer.state.values() for one in state.values())
    mine, theirs = (one.state_dict()["state"] for one in (optimizer, own))
    assert all(torch.equal(mine[i][name], theirs[i][name]) for i in theirs for name in theirs[i])


def test_torchs_own_is_left_as_it_is():
    before = Adam.step
    eager(Adam)([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    assert Adam.step is before


def hung_before(optimizer, note):
    return optimizer.register_step_pre_hook(note)


def hung_after(optimizer, note):
    return optimizer.register_step_post_hook(note)


def hung_before_all(_, note):
    return register_optimizer_step_pre_hook(note)


def hung_after_all(_, note):
    return register_optimizer_step_post_hook(note)


@pytest.mark.parametrize("hang", [hung_before, hung_after, hung_before_all, hung_after_all])
def test_what_a_caller_hangs_on_a_step_is_called_once(hang):
    optimizer, seen = eager(SGD)([torch.nn.Parameter(torch.ones(2))], lr=0.1), []
    hung = hang(optimizer, lambda *_: seen.append("stepped"))
    optimizer.step()
    hung.remove()
    optimizer.step()
    assert seen == ["stepped"]


def test_torchs_profiler_sees_a_step():
    optimizer = eager(SGD)([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        optimizer.step()
    assert "Optimizer.step#SGD.step" in {event.key for event in seen.key_averages()}


def test_a_step_that_nobody_watches_is_not_announced(monkeypatch):
    optimizer = eager(SGD)([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    monkeypatch.setattr("torch.autograd.profiler.record_function", None)
    optimizer.step()
