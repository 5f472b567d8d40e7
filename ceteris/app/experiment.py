"""`plan`, `run`, `status`, `report`: a study from question to answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ceteris.app.options import (
    Asked,
    asking,
    device_option,
    json_option,
    language_option,
    with_options,
    workers_option,
)

if TYPE_CHECKING:
    from rich.console import Console

    from ceteris.data.source import DataPlace
    from ceteris.lab.plan import Request
    from ceteris.report.evidence import Evidence
    from ceteris.store.records import Store
    from ceteris.study.manifest import Plan


@click.command(epilog="Example: ceteris plan cnn-vs-resnet --scale laptop")
@asking()
@with_options(workers_option, device_option, json_option)
def plan(
    asked: Asked,
    *,
    workers: int | None,
    device: str | None,
    as_json: bool,
) -> None:
    """Show trials, keys, counts, confounds, the detectable effect and the predicted cost; nothing runs.

    STUDY is a built-in name, a YAML file, or module:object.
    """
    from ceteris.app.planning import plan_values, print_plan
    from ceteris.app.screen import console, print_json
    from ceteris.lab.outlook import look_ahead
    from ceteris.lab.plan import make_plan
    from ceteris.lab.sharing import Resources, facts_for
    from ceteris.store.records import Store

    request, shelf, resources = asked.request(), Store(asked.store), Resources(workers=workers, device=device)
    made = make_plan(request, asked.place(), facts_for(shelf, resources))
    found = look_ahead(made, shelf, resources)
    view = plan_values(made, shelf, found, resources)
    if as_json:
        print_json(view)
    else:
        print_plan(console(), made, view, found)


@click.command(epilog="Example: ceteris run quickstart")
@asking()
@click.option(
    "--executor",
    type=click.Choice(["inline", "processes"]),
    help="Where trials run; by default processes. Inline, nobody notices a trial that hangs.",
)
@with_options(workers_option, device_option)
@click.option("--compile", "compiled", is_flag=True, help="Train through torch.compile: for long trials on CUDA.")
@click.option("--retry", type=click.Choice(["failed"]), help="Train failed trials again, with the same seeds.")
@with_options(language_option, json_option)
def run(
    asked: Asked,
    *,
    executor: Literal["inline", "processes"] | None,
    workers: int | None,
    device: str | None,
    compiled: bool,
    retry: str | None,
    lang: str,
    as_json: bool,
) -> int:
    """Plan, train what is missing, report. Ctrl-C and kill -9 are safe: run again to go on.

    STUDY is a built-in name, a YAML file, or module:object. Exit code 1 when some trial failed.
    """
    from ceteris.app.cli import SOME_TRIAL_FAILED
    from ceteris.app.running import run_request, stored_findings
    from ceteris.app.screen import console, print_json
    from ceteris.lab.sharing import Resources
    from ceteris.report.evidence import gather
    from ceteris.store.records import Store

    request = asked.request()
    resources = Resources(executor, workers, device, compiled)
    place = asked.place()
    finished = run_request(
        request, place, asked.store, resources, language=lang, retry_failed=retry == "failed", quiet=as_json
    )
    outcomes = [str(record.status) for record in finished.records.values()]
    evidence = gather(finished.plan, finished.records, stored_findings(finished.plan, Store(asked.store)))
    if as_json:
        print_json(_summary(evidence, lang) | {"report": str(finished.report)})
    else:
        _print_verdicts(console(), evidence, lang)
        console().print(f"report: {finished.report}", markup=False, soft_wrap=True)
    return SOME_TRIAL_FAILED if "failed" in outcomes else 0


@click.command(epilog="Example: ceteris report cnn-vs-resnet --scale laptop --lang zh")
@asking()
@language_option
@click.option("--to", type=click.Path(path_type=Path), help="Folder; by default `report` in the study's folder.")
@json_option
def report(
    asked: Asked,
    lang: str,
    to: Path | None,
    as_json: bool,
) -> None:
    """Rebuild the report from the plan and the records only; nothing is trained."""
    from ceteris.app.running import stored_findings, stored_records
    from ceteris.app.screen import console, print_json
    from ceteris.lab.looks import wanted_trials
    from ceteris.lab.run import study_folder
    from ceteris.report.evidence import gather
    from ceteris.report.page import write_report
    from ceteris.store.records import Store

    shelf = Store(asked.store)
    request = asked.request()
    made = _planned(request, asked.place(), shelf)
    records, findings = stored_records(made, shelf), stored_findings(made, shelf)
    folder = to or study_folder(shelf, request) / "report"
    page = write_report(made, records, folder, lang, findings)
    if as_json:
        print_json(_summary(gather(made, records, findings), lang) | {"report": str(page)})
    else:
        wanted = {trial.key for trial in wanted_trials(made, shelf)}
        if left := wanted - records.keys():
            console().print(f"{len(wanted) - len(left)} of {len(wanted)} trials have a record")
        console().print(f"report: {page}", markup=False, soft_wrap=True)


@click.command(epilog="Example: ceteris status quickstart")
@asking(required=False)
@json_option
def status(
    asked: Asked,
    as_json: bool,
) -> None:
    """Show done, begun and left trials and their outcomes; without STUDY, of every study of the store."""
    from ceteris.app.screen import console, print_json
    from ceteris.app.standing import print_status
    from ceteris.lab.state import state_of, states
    from ceteris.store.records import Store

    shelf = Store(asked.store)
    if asked.study is None:
        found = states(shelf)
    else:
        request = asked.request()
        found = [state_of(_planned(request, asked.place(), shelf), shelf)]
    if as_json:
        print_json(found if asked.study is None else found[0])
        return
    out = console()
    if not found:
        out.print(f"no study has run in {asked.store} yet: `ceteris run quickstart`", markup=False)
    for each in found:
        print_status(out, each, trials=asked.study is not None)


def _planned(request: Request, place: DataPlace, shelf: Store) -> Plan:
    """The plan as asked for now, priced for where it was last run; models that were planned before cost no torch."""
    from dataclasses import replace

    from ceteris.lab.plan import make_plan
    from ceteris.lab.run import kept_manifest, study_folder
    from ceteris.lab.sharing import Resources, facts_for

    kept = kept_manifest(study_folder(shelf, request))
    resources = dict(kept.resources) if kept else {}
    return replace(make_plan(request, place, facts_for(shelf, Resources(**resources))), resources=resources)


def _summary(evidence: Evidence, language: str) -> dict[str, Any]:
    from dataclasses import asdict

    from ceteris.report.claims import claim_values
    from ceteris.report.factors import factor_values
    from ceteris.report.looks import look_values
    from ceteris.report.ranking import ranking_values
    from ceteris.report.sentences import verdict_sentences
    from ceteris.report.uncertainty import uncertainties, uncertainty_values
    from ceteris.report.words import Words

    made, words = evidence.plan, Words(language)
    records = {record.key: record for record in evidence.records}
    return {
        "study": made.study.name,
        "scale": made.scale,
        "verdicts": verdict_sentences(evidence, words),
        "contrasts": [asdict(each) | {"relation": evidence.relation(each)} for each in evidence.contrasts],
        **look_values(evidence),
        "uncertainty": [uncertainty_values(one) for one in uncertainties(evidence)],
        "claims": claim_values(evidence, words),
        "ranking": ranking_values(evidence),
        "factors": factor_values(evidence, words),
        "trials": [
            {"arm": t.arm, "seed": t.seed, "key": t.key, "status": str(records[t.key].status), **records[t.key].metrics}
            for t in made.trials
            if t.key in records
        ],
        "missing": [trial.planned.key for trial in evidence.missing],
    }


def _print_verdicts(out: Console, evidence: Evidence, language: str) -> None:
    from ceteris.report.terminal import strip_text, verdict_lines
    from ceteris.report.words import Words

    words = Words(language)
    out.print(strip_text(evidence.contrasts, min(out.width, 80), words), markup=False)
    for line in verdict_lines(evidence, words):
        out.print(line, markup=False, soft_wrap=True)
