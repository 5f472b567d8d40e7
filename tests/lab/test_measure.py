"""Findings of trials that are in the store already: from their weights, or by training again, never a second record."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from ceteris.errors import InputError
from ceteris.lab.events import EpochDone, Started
from ceteris.lab.facts import KnownFacts
from ceteris.lab.plan import Request, make_plan
from ceteris.lab.run import missing_jobs, run_jobs
from ceteris.lab.sharing import Resources
from ceteris.store.records import Store
from ceteris.study.manifest import Plan
from ceteris.study.reading import StudyFile, write_study
from ceteris.study.record import Status
from ceteris.study.vocabulary import Study

INLINE = Resources(executor="inline", device="cpu")
FLOW = {"name": "gradient-flow", "samples": 2, "images": 4}
FILTERS = {"name": "filters", "images": 1, "layers": 1}


@pytest.fixture
def asking(study, place, store):
    """asking(*probes) -> the plan of one seed of the same study with these probes."""

    def plan(*probes):
        asked = Study(**(study.model_dump() | {"probes": list(probes), "seeds": 1}))
        return make_plan(Request(asked), place, KnownFacts(store.root / "facts"))

    return plan


def run(plan, place, store, tell=lambda event: None):
    jobs = missing_jobs(plan, place, store, INLINE)
    run_jobs([dataclasses.replace(job, threads=1) for job in jobs], INLINE, len(plan.trials), tell)
    return len(jobs)


def files(store, *folders):
    """Every file of every trial with its bytes and time, but those in the folders named."""
    found = (file for file in store.root.glob("??/*/**/*") if file.is_file() and file.name != "claim")
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in found if file.parent.name not in folders}


def contents(findings):
    arrays = {name: (array.dtype, array.shape, array.tobytes()) for name, array in findings.arrays.items()}
    return findings.probe, arrays, findings.values, findings.error, findings.same_training


def test_probes_move_no_key_and_no_file(asking, place, store):
    plain, probing = asking(), asking(FLOW, "filters")
    assert plain.trials == probing.trials
    run(plain, place, store)
    assert not list(store.root.glob("??/*/probes"))
    assert "probes" not in write_study(plain.study)


def test_the_plan_carries_identities_with_every_default(asking):
    plan = asking("gradient_predictiveness", FLOW)
    assert plan.probes == (
        {"name": "gradient-predictiveness", "version": "1", "every": 1, "points": 4},
        {"name": "gradient-flow", "version": "1", "samples": 2, "images": 4},
    )
    assert Plan.from_json(plan.to_json()) == plan


def test_a_plan_written_before_there_were_probes_is_read(planned):
    text = planned.to_json().decode()
    assert text.count('"probes": []') == 2
    older = text.replace(',\n "probes": []', "", 1).replace('  "probes": [],\n', "", 1)
    assert older.count("probes") == 0
    assert Plan.from_json(older.encode()) == planned


def test_a_trial_leaves_a_record_and_findings_at_once(asking, place, store):
    plan = asking(FLOW, FILTERS)
    assert run(plan, place, store) == 2
    for trial in plan.trials:
        flow, kernels = store.findings(trial.key, plan.probes)
        assert flow.error == kernels.error == ""
        assert flow.same_training
        assert flow.arrays["gradient_norm"].shape == (2, 6)
        weights = store.get(trial.key, weights=True).weights
        np.testing.assert_array_equal(kernels.arrays["kernels"], weights["conv1.weight"])
    assert missing_jobs(plan, place, store, INLINE) == []


def test_findings_asked_for_later_are_those_of_the_first_run(asking, place, store, tmp_path):
    run(asking(), place, store)
    before = files(store)
    events = []
    assert run(asking(FLOW, FILTERS), place, store, events.append) == 2
    assert files(store, "probes") == before  # not a byte of any record, nor a checkpoint left
    assert [event.row.epoch for event in events if isinstance(event, EpochDone)] == [1, 2] * 2
    fresh, plan = Store(tmp_path / "other"), asking(FLOW, FILTERS)
    fresh.prepare()
    run(plan, place, fresh)
    for trial in plan.trials:
        late, early = store.findings(trial.key, plan.probes), fresh.findings(trial.key, plan.probes)
        assert [contents(f) for f in late] == [contents(f) for f in early]
    assert run(plan, place, store) == 0


def test_stored_weights_are_enough_for_a_probe_of_the_model(asking, place, store):
    run(asking(), place, store)
    events = []
    run(asking(FILTERS), place, store, events.append)
    assert not [event for event in events if isinstance(event, EpochDone)]
    assert all(store.missing_findings(trial.key, asking(FILTERS).probes) == [] for trial in asking().trials)


def test_another_option_is_another_probe(asking, place, store):
    run(asking(FILTERS), place, store)
    plan = asking(FILTERS, FILTERS | {"images": 2})
    assert run(plan, place, store) == 2
    one, two = store.findings(plan.trials[0].key, plan.probes)
    assert (len(one.arrays["images"]), len(two.arrays["images"])) == (1, 2)


def test_training_again_takes_the_thread_count_of_the_record(asking, place, store, monkeypatch):
    from ceteris.engine import train as train_module

    run(asking(), place, store)
    seen, real = [], train_module.train

    def watched(trial, data, conditions, *rest, **named):
        seen.append((conditions.threads, conditions.sealed_test_curve))
        return real(trial, data, conditions, *rest, **named)

    monkeypatch.setattr(train_module, "train", watched)
    jobs = missing_jobs(asking(FLOW), place, store, INLINE)
    run_jobs([dataclasses.replace(job, threads=2) for job in jobs], INLINE, 2, lambda event: None)
    assert seen == [(1, False)] * 2


def test_training_that_comes_out_otherwise_is_said_to(asking, place, store, monkeypatch):
    from ceteris.engine import train as train_module

    run(asking(), place, store)
    real = train_module.train

    def other(trial, *rest, **named):
        record = real(trial, *rest, **named)
        return dataclasses.replace(record, steps={"loss": record.steps["loss"] + np.float32(1e-6)})

    monkeypatch.setattr(train_module, "train", other)
    plan = asking(FLOW)
    run(plan, place, store)
    assert [store.findings(trial.key, plan.probes)[0].same_training for trial in plan.trials] == [False, False]


def test_a_second_training_that_fails_costs_the_findings_and_leaves_the_record(asking, place, store, monkeypatch):
    from ceteris.engine import train as train_module

    run(asking(), place, store)
    before = files(store)

    def fails(*rest, **named):
        raise RuntimeError("no memory")

    monkeypatch.setattr(train_module, "train", fails)
    plan = asking(FLOW)
    run(plan, place, store)
    (found,) = store.findings(plan.trials[0].key, plan.probes)
    assert found.error == "training the trial again failed: RuntimeError: no memory"
    assert files(store, "probes") == before
    assert missing_jobs(plan, place, store, INLINE) == []


def test_of_a_failed_trial_every_probe_says_so_and_is_asked_no_more(asking, place, store, monkeypatch):
    from ceteris.engine import train as train_module

    def fails(*rest, **named):
        raise RuntimeError("no such luck")

    monkeypatch.setattr(train_module, "train", fails)
    plan = asking(FLOW, FILTERS)
    run(plan, place, store)
    for trial in plan.trials:
        assert store.get(trial.key).status is Status.FAILED
        errors = [found.error for found in store.findings(trial.key, plan.probes)]
        assert errors == ["the trial failed: RuntimeError: no such luck"] * 2
    assert missing_jobs(plan, place, store, INLINE) == []


@pytest.mark.parametrize("retraining", [False, True])
def test_interrupted_and_run_again_finds_the_same(asking, place, store, tmp_path, monkeypatch, retraining):
    monkeypatch.setattr("ceteris.lab.disk.SHARE", 1e9)  # saved as often as can be
    plan, key, epochs = asking(FLOW, FILTERS), [], []
    if retraining:
        run(asking(), place, store)

    def stop_in_the_second_epoch(event):
        if isinstance(event, EpochDone) and event.row.epoch == 2:
            key.append(event.key)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(plan, place, store, stop_in_the_second_epoch)
    run(plan, place, store, epochs.append)
    assert Started(key[0], 1) in epochs
    fresh = Store(tmp_path / "other")
    fresh.prepare()
    run(plan, place, fresh)
    for trial in plan.trials:
        late, early = store.findings(trial.key, plan.probes), fresh.findings(trial.key, plan.probes)
        assert [contents(f) for f in late] == [contents(f) for f in early]


def test_a_disk_that_refuses_stops_the_study(asking, place, store, monkeypatch):
    run(asking(), place, store)

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "put_findings", no_space)
    with pytest.raises(InputError, match="the store cannot be written: No space left on device"):
        run(asking(FILTERS), place, store)


def test_mistakes_in_probes_stand_at_their_lines_beside_all_others(study, place, store):
    given = study.model_dump() | {"probes": [FLOW, {"name": "filters", "imges": 3}, "filtres", FLOW]}
    text = write_study(Study(**given)).replace("lr: 0.003", "lr: fast")
    file = StudyFile(text, "tiny.yaml")
    with pytest.raises(InputError) as caught:
        make_plan(Request(file.study(), locate=file.line), place, KnownFacts(store.root / "facts"))
    lines = text.splitlines()

    def line(row):
        return f"tiny.yaml:{lines.index(row) + 1}: "

    found = [str(problem) for problem in caught.value.problems]
    assert found[0] == line("  imges: 3") + "probe 'filters' has no option 'imges' (did you mean 'images'?)"
    assert found[1] == line("- name: filtres") + "unknown probe 'filtres' (did you mean 'filters'?)"
    assert found[2].endswith("probe 'gradient-flow (samples=2, images=4)' is asked for twice")
    assert found[3].startswith(line("    lr: fast"))


def test_a_study_whose_findings_are_there_needs_no_torch(asking, place, store):
    plan = asking(FILTERS)
    run(plan, place, store)
    (store.root / "plan.json").write_bytes(plan.to_json())
    code = f"""
import json, sys
from pathlib import Path
from ceteris.data.source import DataPlace
from ceteris.lab.facts import KnownFacts
from ceteris.lab.plan import Request, make_plan
from ceteris.lab.run import missing_jobs
from ceteris.lab.sharing import Resources
from ceteris.store.records import Store
from ceteris.study.manifest import Plan
store, place = Store(Path({str(store.root)!r})), DataPlace(Path("d"), Path("c"))
old = Plan.from_json((store.root / "plan.json").read_bytes())
plan = make_plan(Request(old.study), place, KnownFacts(store.root / "facts"))
left = missing_jobs(plan, place, store, Resources())
found = [f.probe["name"] for t in plan.trials for f in store.findings(t.key, plan.probes)]
print(json.dumps([plan.trials == old.trials, len(left), found, "torch" in sys.modules]))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(said.stdout) == [True, 0, ["filters"] * 2, False]
