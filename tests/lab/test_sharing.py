import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ceteris.lab import sharing
from ceteris.lab.executors.tryout import Tryout, images_per_second
from ceteris.lab.run import kept_manifest, missing_jobs, write_manifest
from ceteris.lab.sharing import (
    Resources,
    facts_for,
    fastest,
    makespan,
    measured_threads,
    share_cores,
    with_shared_cores,
)
from ceteris.study.manifest import PlannedTrial

PROCESSES = Resources(executor="processes", device="cpu")


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(sharing, "usable_cores", lambda: 2)


@pytest.fixture
def measuring(monkeypatch):
    """Speeds to be found by threads; what was measured stands in `.asked`."""

    class Measuring:
        speeds = {1: 100.0, 2: 190.0}
        asked: list[tuple[int, int]] = []

    Measuring.asked = []

    def tried(tryout, threads, processes):
        Measuring.asked.append((threads, processes))
        return Measuring.speeds[threads]

    monkeypatch.setattr(sharing, "images_per_second", tried)
    return Measuring


def long(plan, trials, seconds=1000.0):
    """The plan with so many trials of its baseline, each of so many seconds."""
    arms = tuple(dataclasses.replace(arm, seconds=seconds) for arm in plan.arms)
    made = tuple(PlannedTrial(arms[0].name, plan.study.seeds[0], f"key {number}") for number in range(trials))
    return dataclasses.replace(plan, arms=arms, trials=made)


@pytest.mark.parametrize(
    ("trials", "resources", "device", "expected"),
    [
        (6, Resources(), "cpu", (1, 4)),
        (1, Resources(), "cpu", (4, 1)),
        (2, Resources(), "cpu", (2, 2)),
        (6, Resources(workers=2), "cpu", (2, 2)),
        (6, Resources(executor="inline"), "cpu", (4, 1)),
        (6, Resources(), "cuda", (4, 1)),
        (6, Resources(workers=2), "cuda", (2, 2)),
    ],
)
def test_cores_are_shared_by_the_whole_plan(trials, resources, device, expected, monkeypatch):
    monkeypatch.setattr("ceteris.lab.sharing.usable_cores", lambda: 4)

    assert share_cores(trials, resources, device) == expected


def test_measured_threads_leave_room_for_fewer_trials(monkeypatch):
    monkeypatch.setattr(sharing, "usable_cores", lambda: 4)

    assert share_cores(6, Resources(), "cpu", threads=2) == (2, 2)
    assert share_cores(1, Resources(), "cpu", threads=2) == (2, 1)
    assert share_cores(6, Resources(workers=3), "cpu", threads=2) == (2, 3)
    assert share_cores(6, Resources(), "cuda", threads=2) == (4, 1)


def test_several_cards_train_a_trial_each(monkeypatch):
    monkeypatch.setattr(sharing, "usable_cores", lambda: 16)
    assert share_cores(6, Resources(), "cuda", cards=4) == (4, 4)
    assert share_cores(3, Resources(), "cuda", cards=4) == (5, 3)
    assert share_cores(6, Resources(workers=8), "cuda", cards=4) == (2, 8)
    assert share_cores(6, Resources(executor="inline"), "cuda", cards=4) == (16, 1)


@pytest.mark.parametrize(
    ("resources", "cards"),
    [
        (Resources(), ("4", "6")),
        (Resources(device="cuda"), ("4", "6")),
        (Resources(device="cuda:1"), ()),
        (Resources(device="cpu"), ()),
        (Resources(executor="inline"), ()),
    ],
)
def test_trials_are_dealt_out_to_all_cards_unless_one_is_named(resources, cards, planned, place, store, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("ceteris.engine.device.best_device", lambda: "cuda")
    monkeypatch.setattr("ceteris.lab.likely.likely_device", lambda: "cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert sharing.spread_over(resources) == cards
    assert sharing.likely_spread(resources) == max(1, len(cards))
    monkeypatch.setattr(sharing, "usable_cores", lambda: 4)
    (job, *_) = missing_jobs(planned, place, store, resources)
    assert (job.shared_machine, job.threads) == ((True, 2) if cards else (resources.device == "cpu", job.threads))


def test_one_card_is_not_dealt_out_to(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("ceteris.engine.device.best_device", lambda: "cuda")
    assert sharing.spread_over(Resources()) == ()


def test_a_trial_that_has_a_card_for_itself_is_priced_as_one_alone(store, monkeypatch):
    monkeypatch.setattr(sharing, "likely_cards", lambda: 4)
    monkeypatch.setattr("ceteris.lab.likely.likely_device", lambda: "cuda")
    on_a_card = {n: facts_for(store, Resources(workers=n))._at_a_time for n in (None, 1, 4, 5, 12)}
    assert on_a_card == {None: 1, 1: 1, 4: 1, 5: 2, 12: 3}
    assert facts_for(store, Resources(workers=12, device="cuda:2"))._at_a_time == 12
    assert facts_for(store, Resources(workers=12, executor="inline"))._at_a_time == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)  # the plan is only read
@given(trials=st.integers(1, 9), slowness=st.floats(0.1, 10))
def test_equal_trials_take_whole_rounds(planned, trials, slowness):
    plan = long(planned, trials, 10.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "usable_cores", lambda: 4)
        for threads in (1, 2, 4):
            rounds = -(-trials // (4 // threads))
            assert makespan(plan, threads, slowness) == pytest.approx(rounds * 10 * slowness)


def test_a_trial_that_two_arms_share_counts_once(planned, two_cores):
    plan = long(planned, 2)
    twice = dataclasses.replace(plan, trials=plan.trials * 2)

    assert makespan(twice, 1, 1.0) == makespan(plan, 1, 1.0) == 1000.0


def test_an_odd_trial_out_is_why_one_core_each_can_lose(planned, two_cores):
    # Three trials: two rounds of one core each, or three times 1 / 1.9 on both.
    assert fastest(long(planned, 3), 1, {1: 100.0, 2: 190.0}) == 2
    # Threads that help too little do not pay: 3 / 1.4 is longer than 2.
    assert fastest(long(planned, 3), 1, {1: 100.0, 2: 140.0}) is None
    # With an even number, one core each is never slower.
    assert fastest(long(planned, 4), 1, {1: 100.0, 2: 199.0}) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)  # the plan is only read
@given(trials=st.integers(1, 12), gain=st.floats(1, 4), more=st.floats(1, 2))
def test_the_choice_is_never_clearly_slower_than_the_better_of_both_extremes(planned, trials, gain, more):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "usable_cores", lambda: 4)
        plan, speeds = long(planned, trials), {1: 100.0, 2: 100.0 * more, 4: 100.0 * gain}
        counted, _ = share_cores(trials, Resources())
        chosen = fastest(plan, counted, speeds) or counted

        spans = {threads: makespan(plan, threads, 1 / speed) for threads, speed in speeds.items()}
        assert spans[chosen] * (1 - sharing.CLEARLY) <= min(spans[1], spans[4]) * (1 + 1e-9)


def test_nothing_is_measured_where_it_could_not_save_much(planned, two_cores, measuring):
    for plan in (long(planned, 4), long(planned, 3, 20.0), long(planned, 1), long(planned, 21)):
        assert measured_threads(plan) is None
    assert measuring.asked == []


def test_the_cores_are_full_in_every_measurement(planned, two_cores, measuring):
    said = []
    assert measured_threads(long(planned, 3), said.append) == 2
    assert said == ["measuring for some seconds how trials share 2 cores"]
    assert measuring.asked == [(1, 2), (2, 1)]


def test_what_cannot_be_measured_is_counted(planned, two_cores, measuring):
    measuring.speeds = {1: None, 2: 190.0}
    assert measured_threads(long(planned, 3)) is None
    measuring.speeds = {1: 100.0, 2: None}
    assert measured_threads(long(planned, 3)) is None


def test_the_decision_is_kept_with_the_plan_and_stands_when_the_study_goes_on(planned, two_cores, measuring, tmp_path):
    plan = long(planned, 3)
    assert kept_manifest(tmp_path) is None
    write_manifest(with_shared_cores(plan, None, PROCESSES, missing=3), tmp_path)
    assert kept_manifest(tmp_path).threads == 2
    measuring.speeds = {1: 100.0, 2: 100.0}

    assert with_shared_cores(plan, kept_manifest(tmp_path), PROCESSES, missing=2).threads == 2
    assert len(measuring.asked) == 2


def test_a_study_that_was_counted_stays_counted(planned, two_cores, measuring):
    plan = long(planned, 3)

    assert with_shared_cores(plan, plan, PROCESSES, missing=2).threads is None
    assert measuring.asked == []


def test_other_trials_or_fewer_cores_are_decided_anew(planned, two_cores, measuring):
    plan = long(planned, 3)
    grown = dataclasses.replace(plan, threads=2, trials=plan.trials[:2])
    assert with_shared_cores(plan, grown, PROCESSES, missing=1).threads == 2
    assert len(measuring.asked) == 2

    assert with_shared_cores(plan, dataclasses.replace(plan, threads=16), PROCESSES, missing=1).threads is None


@pytest.mark.parametrize(
    ("resources", "missing"),
    [(PROCESSES, 0), (Resources("inline", device="cpu"), 3), (Resources(workers=1, device="cpu"), 3),
     (Resources(device="cuda"), 3)],
)  # fmt: skip
def test_nothing_is_measured_where_nothing_is_to_be_decided(planned, two_cores, measuring, resources, missing):
    assert with_shared_cores(long(planned, 3), None, resources, missing).threads is None
    assert measuring.asked == []


def test_jobs_take_the_threads_of_the_plan(planned, place, store, two_cores):
    jobs = missing_jobs(dataclasses.replace(planned, threads=2), place, store, PROCESSES)

    assert {(job.threads, job.shared_machine) for job in jobs} == {(2, False)}


def test_a_tryout_trains_and_keeps_nothing(planned):
    arm = planned.baseline
    speed = images_per_second(Tryout(arm.recipe, arm.data), 1, 2)

    assert speed is not None
    assert speed > 0


def test_a_tryout_that_fails_has_no_speed(planned, capfd):
    arm = planned.baseline
    broken = {**arm.recipe, "model": {**arm.recipe["model"], "no_such_option": 1}}

    assert images_per_second(Tryout(broken, arm.data), 1, 1) is None
    assert capfd.readouterr().err == ""
