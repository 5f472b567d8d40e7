import dataclasses

import numpy as np
import pytest

from ceteris.data.source import DataPlace
from ceteris.errors import InputError
from ceteris.lab import job as job_module
from ceteris.lab.events import Ended, EpochDone, Started
from ceteris.lab.facts import KnownFacts
from ceteris.lab.plan import Request, make_plan
from ceteris.lab.run import missing_jobs, prepare_data, reopen_failed, run_jobs
from ceteris.lab.sharing import Resources
from ceteris.study.record import Status
from ceteris.study.vocabulary import Factor, Study

INLINE = Resources(executor="inline", device="cpu")


def run(plan, place, store, tell=lambda event: None):
    jobs = missing_jobs(plan, place, store, INLINE)
    run_jobs([dataclasses.replace(job, threads=1) for job in jobs], INLINE, len(plan.trials), tell)
    return jobs


def test_every_trial_leaves_a_record_and_tells_what_it_does(planned, place, store):
    events = []
    run(planned, place, store, events.append)

    assert store.missing(trial.key for trial in planned.trials) == []
    first = planned.trials[0].key
    own = [event for event in events if event.key == first]
    assert isinstance(own[0], Started)
    assert [event.row.epoch for event in own if isinstance(event, EpochDone)] == [1, 2]
    assert isinstance(own[-1], Ended)
    assert dict(own[-1].metrics)["top1"] == store.get(first).metrics["top1"]


def test_a_finished_trial_is_never_trained_again_in_any_study(planned, place, store, study):
    run(planned, place, store)
    other = Study(**(study.model_dump() | {"name": "other", "baseline_name": "same recipe"}))
    plan = make_plan(Request(other), place, KnownFacts(store.root / "facts"))

    assert missing_jobs(planned, place, store, INLINE) == []
    assert missing_jobs(plan, place, store, INLINE) == []


def test_the_same_recipe_under_two_names_is_trained_once(study, place, store):
    twice = Study(**(study.model_dump() | {"factors": [Factor("model.activation", {"one": "gelu", "two": "gelu"})]}))
    plan = make_plan(Request(twice), place, KnownFacts(store.root / "facts"))

    assert len(plan.trials) == 6
    assert len(missing_jobs(plan, place, store, INLINE)) == 4


def test_blocks_come_one_after_another_the_longest_trial_first(planned, place, store):
    arms = (dataclasses.replace(planned.arms[0], seconds=1.0), dataclasses.replace(planned.arms[1], seconds=9.0))
    jobs = missing_jobs(dataclasses.replace(planned, arms=arms), place, store, INLINE)

    assert [(job.recipe["model"]["activation"], job.seed) for job in jobs] == [
        ("gelu", 0), ("relu", 0), ("gelu", 1), ("relu", 1)
    ]  # fmt: skip


def test_a_failing_trial_is_a_record_and_the_others_go_on(planned, place, store, monkeypatch):
    from ceteris.engine import train as train_module

    real = train_module.train

    def fails_for_one(trial, *rest, **named):
        if trial.key == planned.trials[0].key:
            raise RuntimeError("no such luck")
        return real(trial, *rest, **named)

    monkeypatch.setattr(train_module, "train", fails_for_one)
    run(planned, place, store)

    record = store.get(planned.trials[0].key)
    assert record.status is Status.FAILED
    assert record.reason == "RuntimeError: no such luck"
    assert "fails_for_one" in record.log
    assert {str(store.get(trial.key).status) for trial in planned.trials[1:]} <= {"finished", "did not learn"}

    monkeypatch.setattr(train_module, "train", real)
    assert missing_jobs(planned, place, store, INLINE) == []
    assert reopen_failed(planned, store) == 1
    assert [job.seed for job in run(planned, place, store)] == [0]
    assert store.get(planned.trials[0].key).status is not Status.FAILED
    assert [kept.name for kept in (store.root / "failed").iterdir()] == [f"{planned.trials[0].key}.1"]


def test_a_store_that_refuses_stops_the_study_and_keeps_what_is_finished(planned, place, store, monkeypatch):
    jobs = missing_jobs(planned, place, store, INLINE)
    run_jobs(jobs[:1], INLINE, 4, lambda event: None)

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ceteris.store.checkpoints.write_atomically", no_space)
    with pytest.raises(InputError, match="the store cannot be written: No space left on device"):
        run(planned, place, store)
    assert store.has(jobs[0].key)
    assert not store.has(jobs[1].key)


def test_data_that_changed_since_the_plan_is_refused(planned, place, store):
    (first, *_) = missing_jobs(planned, place, store, INLINE)
    changed = dataclasses.replace(first, facts=dataclasses.replace(first.facts, fingerprint="other"))
    with pytest.raises(InputError, match="changed since it was planned"):
        job_module.do(changed, lambda event: None)


def test_interrupted_and_run_again_is_the_same_as_uninterrupted(planned, place, store, tmp_path, monkeypatch):
    from ceteris.store.records import Store

    monkeypatch.setattr("ceteris.lab.disk.SHARE", 1e9)  # as often as it can be

    def stop_after_first_epoch(event):
        if isinstance(event, Started) and event.epochs_done == 0:
            seen.append(event.key)
        if isinstance(event, EpochDone) and len(seen) == 1 and event.row.epoch == 2:
            raise KeyboardInterrupt

    seen: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run(planned, place, store, stop_after_first_epoch)
    assert store.checkpoints(seen[0]).epoch == 1
    resumed = []
    run(planned, place, store, resumed.append)
    assert Started(seen[0], 1) in resumed

    other = Store(tmp_path / "other")
    other.prepare()
    run(planned, place, other)
    for trial in planned.trials:
        one, two = store.get(trial.key, weights=True), other.get(trial.key, weights=True)
        assert one.metrics == two.metrics
        assert all(np.array_equal(one.weights[name], two.weights[name]) for name in two.weights)
        assert np.array_equal(one.steps["loss"], two.steps["loss"])


def test_prepare_data_loads_every_data_set_once(planned, place, monkeypatch):
    loaded = []
    monkeypatch.setattr("ceteris.lab.run.data_source", lambda spec, _: loaded.append(spec) or Loaded())

    class Loaded:
        def load(self):
            return None

    prepare_data(planned, place)
    assert len(loaded) == 1


@pytest.mark.parametrize("name", ["torch", "ceteris", "device", "processor"])
def test_a_trial_begun_under_something_else_begins_again_and_says_why(name, planned, place, store, monkeypatch):
    from ceteris.lab.surroundings import surroundings

    def stop_after_the_first_epoch(event):
        if isinstance(event, EpochDone) and event.row.epoch == 2:
            raise KeyboardInterrupt

    other = surroundings("cpu") | {name: "another"}
    monkeypatch.setattr(job_module, "surroundings", lambda *_: other)
    with pytest.raises(KeyboardInterrupt):
        run(planned, place, store, stop_after_the_first_epoch)
    monkeypatch.undo()
    events = []
    (first, *_) = run(planned, place, store, events.append)

    assert events[0] == Started(first.key, 0, f"{name} another is now {surroundings('cpu')[name]}")
    assert [e.row.epoch for e in events if isinstance(e, EpochDone) and e.key == first.key] == [1, 2]
    assert len(list((store.root / "set-aside").glob(f"{first.key}.*/epoch-*"))) == 1


def test_data_that_changed_and_was_planned_again_is_read_again_in_the_same_process(study, tmp_path, store):
    import numpy as np
    from PIL import Image

    def planned_with(colour):
        for n in range(24):
            file = tmp_path / "data" / "mine" / "ab"[n % 2] / f"{n}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((32, 32, 3), colour + n, np.uint8)).save(file)
        given = study.model_dump() | {"seeds": 1}
        given["baseline"] |= {"data": {"name": "folder", "path": "mine"}, "batch_size": 4}
        return make_plan(Request(Study.model_validate(given)), DataPlace(tmp_path / "data", tmp_path / "cache"), known)

    known = KnownFacts(store.root / "facts")
    keys = set()
    for colour in (0, 100):
        plan = planned_with(colour)
        keys |= {job.key for job in run(plan, DataPlace(tmp_path / "data", tmp_path / "cache"), store)}
    assert len(keys) == 4
    assert not store.missing(keys)
