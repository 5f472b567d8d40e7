"""What is said before trials are trained; bf16 on a processor without it is tested through the commands."""

import dataclasses

import pytest

from ceteris.lab import advice as module
from ceteris.lab.advice import advice
from ceteris.lab.sharing import Resources


@pytest.fixture(autouse=True)
def card(monkeypatch):
    """A card that several processes can share, beside 16 cores."""
    monkeypatch.setattr("ceteris.lab.likely.likely_device", lambda: "cuda")
    monkeypatch.setattr(module, "control_program", lambda: "nvidia-cuda-mps-control")
    monkeypatch.setattr(module, "usable_cores", lambda: 16)


def test_small_networks_on_a_card_are_better_trained_together(planned):
    (said,) = advice(planned, Resources(), left=4)
    assert "--workers 4 trains 4 trials at a time" in said
    assert "--workers 8 " in advice(planned, Resources(device="cuda:1"), left=40)[0]


def test_of_several_cards_each_can_take_several(planned, monkeypatch):
    monkeypatch.setattr("ceteris.lab.sharing.likely_cards", lambda: 2)
    assert "--workers 16 " in advice(planned, Resources(), left=40)[0]
    assert "--workers 8 " in advice(planned, Resources(device="cuda:1"), left=40)[0]
    assert advice(planned, Resources(), left=3) == []


@pytest.mark.parametrize(
    "resources", [Resources(workers=1), Resources(device="cpu"), Resources(executor="inline")], ids=str
)
def test_whoever_chose_is_not_told(planned, resources):
    assert advice(planned, resources, left=4) == []


@pytest.mark.parametrize("left", [0, 1])
def test_one_trial_has_nobody_beside_it(planned, left):
    assert advice(planned, Resources(), left) == []


def test_without_the_service_processes_would_only_take_turns(planned, monkeypatch):
    monkeypatch.setattr(module, "control_program", lambda: None)
    assert advice(planned, Resources(), left=4) == []


def test_one_large_network_fills_the_card(planned):
    large = dataclasses.replace(planned.arms[1], model=dataclasses.replace(planned.arms[1].model, macs=10**9))
    assert advice(dataclasses.replace(planned, arms=(planned.arms[0], large)), Resources(), left=4) == []
