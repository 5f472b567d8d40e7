"""Who is given up, on a clock that the test turns."""

import gc
import multiprocessing

import pytest

from ceteris.lab.events import EpochDone, Started, Stepped
from ceteris.lab.executors import watch, worker
from ceteris.lab.executors.watch import LONGEST_LOOK, Alive, Clock, Watch

HOUR = 3600


def after(seconds, found, beat=None):
    """`found` after so long, looked at every second, with a heartbeat each time when `beat` says how busy it was."""
    for second in range(seconds):
        found.passed(1.0)
        if beat is not None:
            found.beat(Alive(beat(second)))
    return found.hangs()


def started():
    found = Watch()
    found.beat(Alive(0.0))
    found.news(Started("key"))
    return found


def test_a_process_without_heartbeat_is_given_up_after_the_bound_and_not_before():
    found = started()
    assert after(300, found) == ""
    assert "no sign of life for 300 s" in after(1, found)


def test_a_process_that_never_came_to_its_job_is_given_up_too():
    found = Watch()
    assert after(600, found) == ""
    assert "no sign of life for 600 s" in after(1, found)


def test_hours_of_silent_computing_are_no_hang():
    assert after(5 * HOUR, started(), beat=lambda second: 0.5 * second) == ""


def test_a_trial_that_waits_for_another_process_is_no_hang():
    assert after(5 * HOUR, Watch(), beat=lambda second: 0.01) == ""


@pytest.mark.parametrize("idle", [0.0, 0.0003])
def test_a_trial_that_does_nothing_is_given_up_though_its_heart_beats(idle):
    found = started()
    assert after(1800, found, beat=lambda second: idle * second) == ""
    assert "did nothing for 1800 s" in after(1, found, beat=lambda second: 0.0)


@pytest.mark.parametrize("event", [Stepped("key", 1, 1, 2), EpochDone("key", None, 2)])
def test_news_are_as_good_as_work(event):
    found = started()
    after(1700, found, beat=lambda second: 0.0)
    found.news(event)
    assert after(1700, found, beat=lambda second: 0.0) == ""


def test_a_parent_that_was_stopped_itself_accuses_nobody(monkeypatch):
    times = iter([0.0, 1.0, 1.0 + 10 * HOUR])
    monkeypatch.setattr(watch.time, "monotonic", lambda: next(times))
    clock = Clock()
    assert clock.passed() == 1.0
    assert clock.passed() == LONGEST_LOOK


def test_a_worker_without_a_parent_ends_instead_of_failing_its_trial(monkeypatch):
    """An OSError inside training would become the record of a failure."""
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    left = []
    monkeypatch.setattr(worker.os, "_exit", left.append)
    worker._Line(theirs).send(Started("key"))
    assert left == [1]


@pytest.fixture
def usual_garbage():
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_a_worker_seldom_looks_for_garbage_and_at_its_end_not_at_all(usual_garbage, monkeypatch):
    ours, theirs = multiprocessing.Pipe()
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    monkeypatch.setattr(worker, "_end_with_parent", lambda: None)
    monkeypatch.setattr(worker, "_beat", lambda line: None)
    ours.send(None)

    worker.work(theirs)

    assert gc.get_threshold()[0] == worker.OBJECTS
    assert gc.get_freeze_count() > 0
