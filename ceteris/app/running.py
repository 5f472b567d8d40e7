"""A study from request to report: what `ceteris run` and `run()` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ceteris.app.live import Board, reading_progress
from ceteris.app.screen import console
from ceteris.data.source import DataPlace
from ceteris.lab.facts import KnownFacts
from ceteris.lab.plan import Request, make_plan
from ceteris.lab.run import (
    Resources,
    check_resources,
    missing_jobs,
    prepare_data,
    reopen_failed,
    run_jobs,
    study_folder,
    write_manifest,
)
from ceteris.report.page import write_report
from ceteris.store.atomic import write_atomically
from ceteris.store.records import Store
from ceteris.study.findings import Findings
from ceteris.study.manifest import Plan
from ceteris.study.reading import write_study
from ceteris.study.record import Record

INTERRUPTED = "\ninterrupted: finished trials and epochs are kept. To go on, run the same command again"


@dataclass(frozen=True)
class Finished:
    """A study that ran: its plan, the records it has, the report, and whether some trial failed."""

    plan: Plan
    records: Mapping[str, Record]
    report: Path
    trained: int


def run_request(
    request: Request,
    place: DataPlace,
    store_folder: Path,
    resources: Resources,
    *,
    language: str = "en",
    retry_failed: bool = False,
    quiet: bool = False,
) -> Finished:
    """Plan, train what is missing, report. Raises InputError; KeyboardInterrupt leaves a report of what is there."""
    out = Console(quiet=True) if quiet else console()
    store = Store(store_folder)
    store.prepare()
    with reading_progress() as progress:
        place = DataPlace(place.data_dir, place.cache_dir, place.allow_modified, progress)
        plan = make_plan(request, place, KnownFacts(store.root / "facts"))
        folder = study_folder(store, request)
        write_manifest(plan, folder)
        write_atomically(folder / "study.yaml", write_study(request.study).encode())
        if retry_failed:
            reopen_failed(plan, store)
        check_resources(resources)
        jobs = missing_jobs(plan, place, store, resources)
        if jobs:
            prepare_data(plan, place)
    keys = {trial.key for trial in plan.trials}
    untrained = len(store.missing(keys))
    out.print(_counts(plan, len(keys), untrained, len(jobs) - untrained), markup=False)
    try:
        with Board(plan, keys - {job.key for job in jobs}, out, _strip_printer(plan, store, out)) as board:
            run_jobs(jobs, resources, len(keys), board.tell)
    except KeyboardInterrupt:
        out.print(INTERRUPTED, markup=False)
        _report(plan, store, folder, language)
        raise
    records, report = _report(plan, store, folder, language)
    return Finished(plan, records, report, untrained)


def _report(plan: Plan, store: Store, folder: Path, language: str) -> tuple[dict[str, Record], Path]:
    """The records that are there, and the page that was made of them and of what probes found."""
    records = stored_records(plan, store)
    return records, write_report(plan, records, folder / "report", language, stored_findings(plan, store))


def _counts(plan: Plan, trials: int, untrained: int, unmeasured: int) -> str:
    """What there is to do; a trial that only lacks findings is measured, not trained."""
    measured = f", {unmeasured} to measure" if unmeasured else ""
    done = f"{trials} trials, {trials - untrained - unmeasured} done, {untrained} to train{measured}"
    return f"{plan.study.name} at scale {plan.scale}: {done}"


def stored_records(plan: Plan, store: Store) -> dict[str, Record]:
    """The plan's records that are there, verified, without weights."""
    return {key: store.get(key) for key in dict.fromkeys(t.key for t in plan.trials) if store.has(key)}


def stored_findings(plan: Plan, store: Store) -> dict[str, list[Findings]]:
    """What the plan's probes left so far, by trial key, verified."""
    keys = dict.fromkeys(trial.key for trial in plan.trials) if plan.probes else {}
    return {key: found for key in keys if (found := store.findings(key, plan.probes))}


def _strip_printer(plan: Plan, store: Store, out: Console) -> Callable[[int], None]:
    def show(seed: int) -> None:
        from ceteris.report.evidence import gather
        from ceteris.report.terminal import strip_text

        evidence = gather(plan, stored_records(plan, store))
        if seed != plan.study.seeds[-1] and any(contrast.interval for contrast in evidence.contrasts):
            out.print(strip_text(evidence.contrasts, width=min(out.width, 80)), markup=False)

    return show
