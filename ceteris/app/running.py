"""A study from request to report: what `ceteris run` and `run()` share."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from ceteris.app.live import Board, reading_progress
from ceteris.app.options import DEFAULT_STORE, data_place
from ceteris.app.screen import console, warn
from ceteris.data.source import DataPlace
from ceteris.lab.advice import advice
from ceteris.lab.disk import writing
from ceteris.lab.interrupts import interrupts
from ceteris.lab.looks import rounds, standing
from ceteris.lab.plan import Request, make_plan
from ceteris.lab.run import (
    check_resources,
    kept_manifest,
    missing_jobs,
    prepare_data,
    reopen_failed,
    run_jobs,
    study_folder,
    write_manifest,
)
from ceteris.lab.sharing import Resources, facts_for, with_shared_cores
from ceteris.report.page import write_report
from ceteris.stats.contrast import Contrast
from ceteris.store.atomic import write_atomically
from ceteris.store.records import Store
from ceteris.study.findings import Findings
from ceteris.study.manifest import Plan
from ceteris.study.reading import write_study
from ceteris.study.record import Record

INTERRUPTED = "\ninterrupted: finished trials are kept, the others go on where they were saved. To go on:"
NO_LOCKS = "{}: this file system has no locks, so runs that share it may train a trial twice"
STOPPING = b"\nstopping once the current step is done; Ctrl-C again stops at once\n"


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
    """Plan, train what is missing, report. Raises InputError; KeyboardInterrupt leaves a report of what is there.

    A first Ctrl-C or SIGTERM lets the current step end, a second stops at once.
    """
    with interrupts(noticed=(lambda: None) if quiet else _say_so):
        return _run(request, place, store_folder, resources, language, retry_failed=retry_failed, quiet=quiet)


def _say_so() -> None:
    os.write(2, STOPPING)  # from inside a signal handler, where nothing that buffers may be called


def _run(
    request: Request,
    place: DataPlace,
    store_folder: Path,
    resources: Resources,
    language: str,
    *,
    retry_failed: bool,
    quiet: bool,
) -> Finished:
    out = Console(quiet=True) if quiet else console()
    store = Store(store_folder)
    store.prepare()
    with reading_progress() as progress:
        place = DataPlace(place.data_dir, place.cache_dir, place.allow_modified, progress)
        plan = make_plan(request, place, facts_for(store, resources))
    if retry_failed:
        reopen_failed(plan, store)
    check_resources(resources)
    folder = study_folder(store, request)
    left = len(store.missing({trial.key for trial in plan.trials}))
    plan = with_shared_cores(plan, kept_manifest(folder), resources, left, partial(out.print, markup=False))
    for line in advice(plan, resources, left):
        warn(out, line)
    if not store.has_locks:
        warn(out, NO_LOCKS.format(store.root))
    if left and plan.threads:
        out.print(f"threads a trial: {plan.threads}, as measured; kept with the plan", markup=False)
    write_manifest(replace(plan, resources=asdict(resources)), folder)
    with writing(folder):
        write_atomically(folder / "study.yaml", write_study(request.study).encode())
    with _saying_how_to_go_on(out, _again(plan, store, place, resources)):
        try:
            trained = _train(plan, place, store, resources, out)
        except KeyboardInterrupt:
            _report(plan, store, folder, language)
            raise
        records, report = _report(plan, store, folder, language)
    return Finished(plan, records, report, trained)


@contextmanager
def _saying_how_to_go_on(out: Console, command: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        out.print(f"{INTERRUPTED}\n{command}", markup=False, soft_wrap=True)
        raise


def _again(plan: Plan, store: Store, place: DataPlace, resources: Resources) -> str:
    """The command that goes on, with all that is not the default."""
    usual = data_place(Path(given) if (given := os.environ.get("CETERIS_DATA")) else None, False)
    said = {
        "--store": store.root if store.root != Path(DEFAULT_STORE) else None,
        "--data-dir": place.data_dir if place.data_dir != usual.data_dir else None,
        "--executor": resources.executor,
        "--workers": resources.workers,
        "--device": resources.device,
    }
    chosen = [str(x) for item in said.items() if item[1] for x in item]
    return shlex.join([*shlex.split(plan.command("run")), *chosen, *(["--compile"] if resources.compiled else [])])


def _train(plan: Plan, place: DataPlace, store: Store, resources: Resources, out: Console) -> int:
    """Train and measure what is missing, look by look when the study has looks; how many trials were trained."""
    trained, prepared = 0, False
    for wanted in rounds(plan, store):
        jobs = missing_jobs(plan, place, store, resources, wanted)
        keys = {trial.key for trial in wanted}
        untrained = len(store.missing(keys))
        if jobs and not prepared:
            with reading_progress() as progress:
                prepare_data(plan, DataPlace(place.data_dir, place.cache_dir, place.allow_modified, progress))
            prepared = True
        out.print(_counts(plan, len(keys), untrained, len(jobs) - untrained), markup=False)
        shown = replace(plan, trials=wanted)
        with Board(shown, keys - {job.key for job in jobs}, out, _strip_printer(plan, store, out)) as board:
            run_jobs(jobs, resources, len({trial.key for trial in plan.trials}), board.tell)
        trained += untrained
        if plan.study.looks:
            out.print(_look_line(standing(plan, store)), markup=False, soft_wrap=True)
    return trained


def _look_line(found: Sequence[Contrast]) -> str:
    """What the latest look closed, and how many arms go on."""
    look = max(contrast.look for contrast in found)
    closed = [contrast for contrast in found if contrast.look == look and not contrast.open]
    said = [f"{c.arm} {'stopped for futility' if c.futile else c.verdict}" for c in closed] or ["nothing closed"]
    going = sum(contrast.open for contrast in found)
    on = f"; {going} {'arm goes' if going == 1 else 'arms go'} on" if going else ""
    return f"look at {look} seeds: {', '.join(said)}{on}"


def _report(plan: Plan, store: Store, folder: Path, language: str) -> tuple[dict[str, Record], Path]:
    """The records that are there, and the page that was made of them and of what probes found."""
    records = stored_records(plan, store)
    return records, write_report(plan, records, folder / "report", language, stored_findings(plan, store))


def _counts(plan: Plan, trials: int, untrained: int, unmeasured: int) -> str:
    """What there is to do, up to the next look; a trial that only lacks findings is measured, not trained."""
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

        study = plan.study
        if (seed + 1 not in study.looks[:-1]) if study.looks else (seed == study.seeds[-1]):
            return
        evidence = gather(plan, stored_records(plan, store))
        if any(contrast.interval for contrast in evidence.contrasts):
            out.print(strip_text(evidence.contrasts, width=min(out.width, 80)), markup=False)

    return show
