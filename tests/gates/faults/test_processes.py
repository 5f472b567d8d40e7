"""Rows with real processes, each at its smallest: the whole of them is `make gate-faults`."""

import contextlib

import pytest

from ceteris.lab.executors import processes
from gates.faults.rows import clocks, drivers, memory, whole_runs, workers


def only(row, number):
    (injection,) = row.inject(short=True, only=number)
    assert injection.number == number
    return injection


@pytest.mark.parametrize(("number", "fault"), [(1, "SIGKILL"), (2, "SIGSTOP"), (8, "sleep with"), (12, "nothing")])
def test_a_worker_that_dies_or_hangs_costs_its_trial_nothing(number, fault):
    injection = only(workers, number)
    assert injection.outcome == "survived", injection.detail
    assert injection.label.startswith(fault)


def test_a_worker_that_dies_twice_is_a_failed_record():
    assert only(workers, 9).outcome == "refused"


def test_the_row_sees_a_trial_that_is_given_up_at_once(monkeypatch):
    monkeypatch.setattr(processes, "ATTEMPTS", 1)
    assert "it was tried again 0 times" in only(workers, 1).detail


@pytest.mark.parametrize("number", [4, 14, 18])
def test_no_clock_decides(number):
    injection = only(clocks, number)
    assert injection.outcome == "survived", injection.detail


def test_the_next_driver_goes_on():
    injection = only(drivers, 1)
    assert injection.outcome == "survived", injection.detail


def test_a_trial_without_memory_is_a_failed_record_beside_the_others():
    assert only(memory, 1).outcome == "refused"


def test_a_chain_of_cut_runs_ends_as_the_run_that_nobody_touched():
    injection = only(whole_runs, 2)
    assert injection.outcome == "survived", injection.detail


def test_the_row_sees_a_signal_that_is_not_heard(monkeypatch):
    monkeypatch.setattr("ceteris.app.running.interrupts", lambda **_: contextlib.nullcontext())
    monkeypatch.setattr(whole_runs, "WEIGHTS", (0, 0, 1, 0))
    assert "wrong" in {each.outcome for each in whole_runs.inject(short=True, only=None)}
