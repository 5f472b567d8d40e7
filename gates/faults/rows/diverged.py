"""Numbers that are not finite, in the loss, the weights and the outputs of a trial."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ceteris.data.source import DataPlace
from ceteris.lab.facts import KnownFacts
from ceteris.lab.job import Job
from ceteris.lab.plan import Request, make_plan
from ceteris.report.evidence import gather
from ceteris.report.ranking import ranked
from ceteris.report.sentences import warnings
from ceteris.report.words import Words
from ceteris.stats.contrast import Verdict
from ceteris.study.manifest import Plan
from ceteris.study.record import Record, Status
from ceteris.study.vocabulary import Factor, Recipe, Study
from gates.faults.row import Injection, Outcome
from gates.faults.trials import RECIPE, STEPS, breaking_parts, done, job

FAULT = "NaN or infinity in the loss, a weight or the outputs, at every step and every look of a trial"
PROMISE = "status `diverged` with its place, in the denominator, in a warning, and never better or best"
SOURCE = "engine"

EPOCHS = 3
VALUES = ("nan", "inf", "-inf")
SEEDS = 4
BAD, TESTS = "factor", 2


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Each value at the first, a middle and the last step (at every step in the full run), and at every look."""
    cases = list(_cases(short))
    with breaking_parts(), tempfile.TemporaryDirectory() as folder:
        plan = _plan(Path(folder))
        sound = done(job(Path(folder), epochs=EPOCHS))
        for number, (label, fields) in enumerate(cases, 1):
            if only in (None, number):
                outcome, detail = _outcome(plan, sound, job(Path(folder), epochs=EPOCHS, **fields))
                yield Injection(number, label, outcome, detail)


def _cases(short: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    last = EPOCHS * STEPS
    for value in VALUES:
        for step in (1, last // 2, last) if short else range(1, last + 1):
            yield f"the loss times {value} at step {step}", {"loss": {"name": "frail-loss", "at": step, "value": value}}
            yield f"a weight is {value} at step {step}", _model(weight_at=step, value=value)
        # After each epoch the validation images, then the test images; at the end the test images once more.
        for look in range(1, TESTS * EPOCHS + 2):
            if look % TESTS or look == TESTS * EPOCHS + 1:
                yield f"the outputs times {value} at look {look}", _model(output_at=look, value=value)


def _model(**options: object) -> dict[str, Any]:
    return {"model": {"name": "frail", **options}}


def _plan(folder: Path) -> Plan:
    """A baseline and two arms."""
    study = Study(
        name="diverged", question="?", baseline=Recipe.model_validate(RECIPE), seeds=SEEDS,
        factors=[Factor("model.width", [5, 6])],
    )  # fmt: skip
    return make_plan(Request(study), DataPlace(folder, folder / "cache"), KnownFacts(folder / "facts"))


def _outcome(plan: Plan, sound: Record, one: Job) -> tuple[Outcome, str]:
    try:
        record = done(one)
    except Exception as error:
        return Outcome.WRONG, f"no words: {type(error).__name__}: {error}"
    wrong = "; ".join(_wrong(plan, sound, record))
    return (Outcome.WRONG, wrong) if wrong else (Outcome.REFUSED, "")


def _wrong(plan: Plan, sound: Record, record: Record) -> Iterator[str]:
    if record.status is not Status.DIVERGED or not record.reason:
        yield f"its status is {record.status}"
    if record.metrics or record.predictions or record.weights:
        yield "it has a score, predictions or weights"
    evidence = gather(plan, dict(_records(plan, sound, record)))
    arm, contrast = evidence.arms[1], evidence.contrasts[0]
    if arm.statuses() != {"finished": SEEDS - 1, "diverged": 1}:
        yield f"it is not in the denominator: {arm.statuses()}"
    if contrast.verdict is not Verdict.UNSTABLE:
        yield f"its arm is called {contrast.verdict}"
    best = next(rank for rank in ranked(evidence) if rank.arm == arm.name).best
    if best is not None:
        yield f"its arm is the best with probability {best}"
    if not any("diverged" in said for said in warnings(evidence, Words("en"))):
        yield "no warning names it"


def _records(plan: Plan, sound: Record, record: Record) -> Iterator[tuple[str, Record]]:
    """The trials of an arm that would be the best by far, but for one that is `record`."""
    for trial in plan.trials:
        place = [arm.name for arm in plan.arms].index(trial.arm)
        score = (0.7, 0.99, 0.71)[place] + 0.001 * trial.seed
        each = record if (place, trial.seed) == (1, SEEDS - 1) else replace(sound, metrics={"top1": score, "nll": 0.5})
        yield trial.key, replace(each, key=trial.key, seed=trial.seed, status=each.status)
