"""Training what a plan still misses: jobs in order, on the executor that suits the machine."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from ceteris.data.source import DataPlace, no_progress
from ceteris.errors import InputError, Problem
from ceteris.lab.disk import writing
from ceteris.lab.events import Tell
from ceteris.lab.executors.inline import run_inline
from ceteris.lab.executors.processes import run_processes
from ceteris.lab.job import Job
from ceteris.lab.plan import Request, data_source
from ceteris.lab.sharing import Resources, device_of, in_order, share_cores, spread_over
from ceteris.registry import modules_added
from ceteris.store.atomic import write_atomically
from ceteris.store.records import Store
from ceteris.study.arms import arms
from ceteris.study.keys import sha256_of, sha256_of_json
from ceteris.study.manifest import Plan, PlannedTrial
from ceteris.study.record import Status

MANIFEST = "plan.json"


def study_folder(store: Store, request: Request) -> Path:
    """Where the plan manifest and the report of a study lie."""
    return store.root / "studies" / request.folder


def write_manifest(plan: Plan, folder: Path) -> None:
    """Write the plan down, with its own sha256, before anything runs. Raises InputError when the disk refuses."""
    said = json.loads(plan.to_json())
    content = json.dumps(said | {"sha256": sha256_of(said)}, indent=1).encode()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / MANIFEST, content)


def read_manifest(file: Path) -> Plan:
    """The plan as it was written down. Raises InputError when it cannot be read or is not what was written."""
    try:
        content = file.read_bytes()
        said = json.loads(content)
        if said.pop("sha256") == sha256_of_json(said):
            plan = Plan.from_json(content)
            Resources(**plan.resources)  # of a newer version there may be more
            return plan
        why = "it does not match its own sha256"
    except OSError as error:
        why = error.strerror or str(error)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        why = "it is not a plan"
    hint = "run the study again: finished trials are kept, and the plan is written anew"
    raise InputError(Problem(f"the plan cannot be read: {why}", str(file), hint))


def kept_manifest(folder: Path) -> Plan | None:
    """The plan of a study folder, if one was written there and can be read."""
    try:
        return read_manifest(folder / MANIFEST)
    except InputError:
        return None


def kept_plans(root: Path) -> tuple[list[Plan], list[str]]:
    """The plans of a store's studies, and what is wrong with those that cannot be read, in words."""
    plans, broken = [], []
    for file in sorted((root / "studies").glob(f"*/{MANIFEST}")):
        try:
            plans.append(read_manifest(file))
        except InputError as error:
            broken.append(str(error))
    return plans, broken


def missing_jobs(
    plan: Plan, place: DataPlace, store: Store, resources: Resources, wanted: Collection[PlannedTrial] | None = None
) -> list[Job]:
    """Jobs for the trials that have no record, or lack findings of the study's probes; of all, or of the wanted ones.

    Block by block, the longest of a block first; a shared key once.
    """
    keys = {trial.key for trial in plan.trials}
    asked = {trial.key for trial in (plan.trials if wanted is None else wanted)}
    left = {key for key in asked if not store.has(key) or store.missing_findings(key, plan.probes)}
    if not left:
        return []
    device = device_of(resources)
    cards = max(1, len(spread_over(resources)))
    threads, workers = share_cores(len(keys), resources, device, plan.threads, cards)
    specs = {arm.name: arm.recipe.data.model_dump() for arm in arms(plan.study, plan.scale, plan.overrides)}
    planned = {arm.name: arm for arm in plan.arms}
    silent = DataPlace(place.data_dir, place.cache_dir, place.allow_modified, no_progress)
    jobs: dict[str, Job] = {}
    for trial in in_order(plan):
        arm = planned[trial.arm]
        if trial.key in left and trial.key not in jobs:
            jobs[trial.key] = Job(
                key=trial.key,
                recipe=arm.recipe,
                seed=trial.seed,
                data=specs[trial.arm],
                facts=arm.data,
                place=silent,
                store=store.root,
                device=device,
                threads=threads,
                shared_machine=workers > 1,
                sealed_test_curve=plan.study.sealed_test_curve,
                probes=plan.probes,
                modules=modules_added(),
                compiled=resources.compiled,
            )
    return list(jobs.values())


def prepare_data(plan: Plan, place: DataPlace) -> None:
    """Download, verify and decode once, before any process starts. Raises InputError."""
    done: set[str] = set()
    for arm in arms(plan.study, plan.scale, plan.overrides):
        spec = arm.recipe.data
        if spec.model_dump_json() not in done:
            done.add(spec.model_dump_json())
            data_source(spec, place).load()


def run_jobs(jobs: Sequence[Job], resources: Resources, trials: int, tell: Tell) -> None:
    """Train every job. Raises InputError when the study cannot go on; failed trials are records, not errors."""
    if not jobs:
        return
    if resources.executor == "inline":
        run_inline(jobs, tell)
        return
    cards = spread_over(resources)
    _, workers = share_cores(trials, resources, jobs[0].device, jobs[0].threads, max(1, len(cards)))
    run_processes(jobs, min(workers, len(jobs)), tell, cards)


def reopen_failed(plan: Plan, store: Store) -> int:
    """Let every failed trial of the plan be trained again, under the same key and seed; how many."""
    keys = {trial.key for trial in plan.trials if store.has(trial.key)}
    again = [key for key in keys if store.statement(key)["status"] == Status.FAILED]
    for key in again:
        store.reopen(key)
    return len(again)


def check_resources(resources: Resources) -> None:
    """Raises InputError for resources that are not there."""
    if resources.device is not None:
        from ceteris.engine.device import check_device

        check_device(resources.device)
    if resources.compiled:
        from ceteris.engine.device import check_compiler

        check_compiler(device_of(resources))
