"""Real worker processes: each test starts one or two, as torch takes seconds to import."""

import contextlib
import dataclasses
import os
import signal
from collections import deque

import numpy as np
import psutil
import pytest

from ceteris.data.source import DataPlace
from ceteris.errors import InputError
from ceteris.lab.events import Elsewhere, Ended, EpochDone, Retried, Started
from ceteris.lab.executors.processes import _Crew, _Worker, run_processes
from ceteris.lab.executors.worker import cores_for, environment
from ceteris.lab.facts import KnownFacts
from ceteris.lab.plan import Request, make_plan
from ceteris.lab.run import missing_jobs, run_jobs
from ceteris.lab.sharing import Resources
from ceteris.store.records import Store
from ceteris.study.record import Status
from ceteris.study.vocabulary import Factor, Recipe, Study

PROCESSES = Resources(executor="processes", workers=1, device="cpu")


@pytest.fixture
def setting(tmp_path):
    data = {"name": "shapes", "train_images": 60, "test_images": 30, "classes": 3}
    baseline = Recipe(
        data=data, model={"name": "plain-cnn", "width": 4}, optimizer={"name": "sgd", "lr": 0.01}, epochs=3
    )
    study = Study(name="two", question="?", baseline=baseline, factors=[Factor("epochs", [2])], seeds=1)
    store = Store(tmp_path / "store")
    store.prepare()
    place = DataPlace(tmp_path / "data", tmp_path / "cache")
    plan = make_plan(Request(study), place, KnownFacts(store.root / "facts"))
    jobs = [dataclasses.replace(j, threads=1) for j in missing_jobs(plan, place, store, PROCESSES)]
    return plan, place, store, jobs


def children():
    """The workers that live."""
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(command_of(child))]


def command_of(process):
    with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile, or has ended and waits to be asked how
        return process.cmdline()
    return []


def test_processes_give_the_bits_of_inline_and_leave_nobody_behind(setting, tmp_path):
    _, _, store, jobs = setting
    run_jobs(jobs, PROCESSES, 2, lambda event: None)
    other = tmp_path / "inline"
    inline = [dataclasses.replace(job, store=other) for job in jobs]
    run_jobs(inline, Resources(executor="inline"), 2, lambda event: None)

    for job in jobs:
        one, two = store.get(job.key, weights=True), Store(other).get(job.key, weights=True)
        assert all(np.array_equal(one.weights[name], two.weights[name]) for name in two.weights)
        assert one.environment["threads"] == two.environment["threads"] == 1
    assert children() == []


def test_a_worker_that_is_killed_costs_an_epoch_and_one_that_dies_again_is_a_failure(setting):
    _, _, store, jobs = setting
    long, short = jobs
    events = []

    def retried():
        return any(isinstance(event, Retried) for event in events)

    def kill(event):
        events.append(event)
        if event.key == long.key and isinstance(event, EpochDone) and event.row.epoch == 2 and not retried():
            os.kill(children()[0].pid, signal.SIGKILL)
        if event.key == short.key and isinstance(event, Started):
            os.kill(children()[0].pid, signal.SIGKILL)

    run_jobs([long, short], PROCESSES, 2, kill)

    assert [event.key for event in events if isinstance(event, Retried)] == [long.key, short.key]
    assert "SIGKILL" in next(event.why for event in events if isinstance(event, Retried))
    assert store.get(long.key).status is not Status.FAILED
    assert len(store.get(long.key).epochs) == 3
    failed = store.get(short.key)
    assert failed.status is Status.FAILED
    assert "SIGKILL" in failed.reason
    assert [event.status for event in events if isinstance(event, Ended)][-1] == "failed"


@pytest.mark.parametrize("executor", ["processes", "inline"])
def test_what_another_run_has_under_way_is_waited_for_last(setting, executor):
    _, _, store, (first, second) = setting
    events = []
    with contextlib.ExitStack() as other_run:
        other_run.enter_context(store.claim(first.key))

        def follow(event):
            events.append(event)
            if isinstance(event, Ended) and event.key == second.key:
                other_run.close()

        run_jobs([first, second], dataclasses.replace(PROCESSES, executor=executor), 2, follow)

    told = [(type(event), event.key) for event in events if isinstance(event, Elsewhere | Started | Ended)]
    assert told[:3] == [(Elsewhere, first.key), (Started, second.key), (Ended, second.key)]
    assert told[3:] == [(Started, first.key), (Ended, first.key)]
    assert store.has(first.key)
    assert store.has(second.key)


def test_to_find_a_trial_under_way_elsewhere_is_no_attempt(setting):
    _, _, store, (job, _) = setting
    events = []
    with contextlib.ExitStack() as other_run:
        other_run.enter_context(store.claim(job.key))

        def follow(event):
            events.append(event)
            if isinstance(event, Elsewhere):
                other_run.close()
            if isinstance(event, Started) and not any(isinstance(event, Retried) for event in events):
                os.kill(children()[0].pid, signal.SIGKILL)

        run_jobs([job], PROCESSES, 1, follow)

    assert [type(event) for event in events if isinstance(event, Elsewhere | Retried | Ended)] == [
        Elsewhere, Retried, Ended,
    ]  # fmt: skip
    assert store.get(job.key).status is not Status.FAILED


def test_every_worker_sees_the_card_that_has_the_fewest(setting, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    _, _, store, jobs = setting
    seen, waiting = {}, {job.key for job in jobs}

    def follow(event):
        if isinstance(event, Started):
            seen.update({child.pid: child.environ()["CUDA_VISIBLE_DEVICES"] for child in children()})
        if isinstance(event, Started) and event.key == jobs[1].key and len(seen) == 2:
            os.kill(next(pid for pid, card in seen.items() if card == "9"), signal.SIGKILL)
        waiting.discard(event.key if isinstance(event, Ended) else None)

    run_processes(jobs, 2, follow, ["7", "9"])
    assert sorted(seen.values())[:2] == ["7", "9"]
    assert set(seen.values()) == {"7", "9"}
    assert waiting == set()
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert all(store.get(job.key).status is not Status.FAILED for job in jobs)


def test_cards_are_filled_evenly():
    crew = _Crew(deque(), 7, lambda event: None, {}, ["a", "b", "c"])
    for _ in range(7):
        crew.staff.append(_Worker(None, None, crew._emptiest_card()))
    assert sorted(worker.card for worker in crew.staff) == ["a", "a", "a", "b", "b", "c", "c"]
    crew.staff = [worker for worker in crew.staff if worker.card != "b"]
    assert crew._emptiest_card() == "b"
    assert _Crew(deque(), 2, lambda event: None, {}, [])._emptiest_card() == ""


def test_a_mistake_found_in_a_worker_stops_the_study(setting):
    _, _, _, jobs = setting
    changed = [dataclasses.replace(job, facts=dataclasses.replace(job.facts, fingerprint="x")) for job in jobs]
    with pytest.raises(InputError, match="changed since it was planned"):
        run_jobs(changed, PROCESSES, 2, lambda event: None)
    assert children() == []


def test_what_the_user_set_stays(monkeypatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")

    assert "GOMP_SPINCOUNT" not in environment(2)
    assert environment(2)["OMP_NUM_THREADS"] == "2"
    assert environment(2)["MALLOC_TRIM_THRESHOLD_"] == "8589934592"


def test_threads_with_a_core_each_wait_longer_for_each_other(monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    spins = [int(environment(2, own_cores)["GOMP_SPINCOUNT"]) for own_cores in (True, False)]
    assert spins[0] > spins[1] > 0


@pytest.mark.parametrize(
    ("busy", "own", "enough"),
    [
        ([0, 0], {0, 1}, {1: True, 2: True, 3: False}),
        ([100, 0], {0, 1}, {1: True, 2: False}),
        ([30, 10], {0, 1}, {2: True}),
        ([100, 100], {0, 1}, {1: False}),
        ([100, 0, 100, 5], {1, 3}, {2: True, 3: False}),
        ([0], {0, 7}, {1: True, 2: False}),  # a core that the system does not tell of
    ],
)
def test_cores_are_counted_by_what_else_runs_on_those_of_this_process(busy, own, enough, monkeypatch):
    monkeypatch.setattr(psutil, "cpu_percent", lambda interval, percpu: busy)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: own, raising=False)
    assert {threads: cores_for(threads) for threads in enough} == enough
