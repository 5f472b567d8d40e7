"""The gate of registered looks: false words and trials saved, through the scheduler that real studies use.

`make gate-looks`, or `python -m gates.looks [--short]`. Thousands of studies run look by look through
`ceteris.lab.looks.rounds`; training is replaced by draws from named streams, everything else is the product's. Exit
code 1 when a row errs more often than alpha allows.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import math
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ceteris.lab.looks import rounds, standing
from ceteris.stats.contrast import ArmScores, Verdict
from ceteris.stats.decide import contrasts
from ceteris.store.records import Store
from ceteris.study.keys import trial_key
from ceteris.study.manifest import Plan, PlannedArm, PlannedTrial
from ceteris.study.record import DataFacts, ModelFacts, Status
from ceteris.study.streams import stream
from ceteris.study.vocabulary import Factor, Recipe, Study

ALPHA = 0.05
STUDIES, SHORT_STUDIES = 600, 200
LOOKS = (3, 5, 10)
MEAN, SD = 0.9, 0.002
FINE, WIDE = 0.0001, 0.005
"""Margins: far below the spread, so that nothing ends as practically the same, and well above it."""
WON, SAME, LOST = (Verdict.BETTER, Verdict.WORSE), (Verdict.SAME,), (Verdict.WORSE, Verdict.SAME)
RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "looks.md"


@dataclass(frozen=True)
class Cell:
    """One kind of study.

    Attributes:
        name: what is simulated.
        differences: true difference of each arm from the baseline, in seed sds of one arm.
        false: words that are wrong: better and worse of the arms without a difference (worse and practically the same
            of those that are better), others of every arm.
        margin: of the study.
        futility: whether it is registered.
    """

    name: str
    differences: tuple[float, ...]
    false: tuple[Verdict, ...] = WON
    margin: float = FINE
    futility: bool = False


CELLS = (
    Cell("no difference, 1 arm", (0.0,)),
    Cell("no difference, 3 arms", (0.0,) * 3),
    Cell("no difference, 3 arms, futility", (0.0,) * 3, futility=True),
    Cell("no difference, 3 arms, wide margin", (0.0,) * 3, margin=WIDE),
    Cell("no difference, 3 arms, wide margin, futility", (0.0,) * 3, margin=WIDE, futility=True),
    Cell("as large as the margin, 3 arms", (WIDE / SD,) * 3, SAME, WIDE),
    Cell("1 of 3 arms better by 3 sd", (3.0, 0.0, 0.0)),
    Cell("1 of 3 arms better by 3 sd, futility", (3.0, 0.0, 0.0), futility=True),
    Cell("1 arm better by 3 sd", (3.0,)),
    Cell("1 arm better by 6 sd", (6.0,)),
    Cell("1 arm worse by 3 sd, futility", (-3.0,), (Verdict.BETTER, Verdict.SAME), futility=True),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a cell's studies: how many said a false word; shares of true differences found; trials saved."""

    cell: Cell
    studies: int
    false: int
    found: float | None
    found_fixed: float | None
    saved: float

    @property
    def most(self) -> float:
        """The share of false words that passes: alpha and two Monte Carlo standard errors."""
        return ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / self.studies)

    @property
    def passed(self) -> bool:
        return self.false / self.studies <= self.most

    def interval(self) -> tuple[float, float]:
        """95 % interval of the share of false words (Wilson 1927)."""
        n, share, z = self.studies, self.false / self.studies, 1.96
        middle, reach = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        return (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n)


class Shelf(Store):
    """A store in memory that holds what records state."""

    def __init__(self) -> None:
        super().__init__(Path())
        self.said: dict[str, dict[str, Any]] = {}

    def has(self, key: str) -> bool:
        return key in self.said

    def statement(self, key: str) -> dict[str, Any]:
        return self.said[key]


def plan_of(cell: Cell) -> Plan:
    """A plan with looks, as `ceteris plan` would make it, of a network that is never built."""
    recipe = {"data": {"name": "digits"}, "model": {"name": "made-up"}, "epochs": 1}
    study = Study(
        name="made-up",
        question="Do the looks keep their promise?",
        baseline=Recipe.model_validate({"data": "digits", "model": "made-up", "optimizer": "sgd", "epochs": 1}),
        factors=[Factor("model.width", list(range(1, len(cell.differences) + 1)))],
        seeds={"looks": LOOKS, "futility": cell.futility},
        margin=cell.margin,
        alpha=ALPHA,
    )
    data, model = DataFacts("digits", "sha256:0", True, ("0", "1"), 8, 1, 100, 100), ModelFacts(1, 1, ())
    names = ["baseline", *(f"arm {i + 1}" for i in range(len(cell.differences)))]
    arms = tuple(PlannedArm(name, {}, recipe, {}, False, data, model, 1.0, "guess") for name in names)
    trials = tuple(
        PlannedTrial(name, seed, trial_key({**recipe, "arm": name}, data.fingerprint, seed))
        for seed in study.seeds
        for name in names
    )
    return Plan(study, "full", {}, arms, trials, "made-up.yaml", (), "0")


def run_study(plan: Plan, store: Store, train: Callable[[PlannedTrial], None]) -> int:
    """Run a study through the scheduler; how many trials it trained."""
    trained = 0
    for wanted in rounds(plan, store):
        for trial in wanted:
            if not store.has(trial.key):
                train(trial)
                trained += 1
    return trained


def simulate(cell: Cell, studies: int) -> Outcome:
    """Studies of one kind, each run look by look and then judged."""
    plan = plan_of(cell)
    names, shifts = [arm.name for arm in plan.arms], np.array([0.0, *cell.differences])
    drawn = stream(0, f"gate/looks/{cell.name}").normal(size=(studies, len(names), LOOKS[-1]))
    false, saved, found, fixed = 0, 0.0, [], []
    for scores in MEAN + SD * (drawn + shifts[:, None]):
        table = {(name, seed): float(row[seed]) for name, row in zip(names, scores, strict=True) for seed in range(10)}
        verdicts, trained = _looked(plan, table)
        differs = dict(zip(names[1:], cell.differences, strict=True))
        wrong = [verdicts[name] in (LOST if by and cell.false == WON else cell.false) for name, by in differs.items()]
        false, saved = false + any(wrong), saved + 1 - trained / len(plan.trials)
        planted = [name for name, by in differs.items() if by > 0]
        if planted and cell.false == WON:
            found += [verdicts[name] is Verdict.BETTER for name in planted]
            without = _fixed(cell, names, table)
            fixed += [without[name] is Verdict.BETTER for name in planted]
    shares = [float(np.mean(each)) if each else None for each in (found, fixed)]
    return Outcome(cell, studies, false, shares[0], shares[1], saved / studies)


def _looked(plan: Plan, scores: Mapping[tuple[str, int], float]) -> tuple[dict[str, Verdict], int]:
    shelf = Shelf()

    def train(trial: PlannedTrial) -> None:
        shelf.said[trial.key] = {"status": Status.FINISHED, "metrics": {"top1": scores[trial.arm, trial.seed]}}

    trained = run_study(plan, shelf, train)
    return {contrast.arm: contrast.verdict for contrast in standing(plan, shelf)}, trained


def _fixed(cell: Cell, names: Sequence[str], scores: Mapping[tuple[str, int], float]) -> dict[str, Verdict]:
    """The same draws under the fixed plan of the last look's seeds."""
    arms = [ArmScores(name, {seed: scores[name, seed] for seed in range(LOOKS[-1])}, {}) for name in names]
    return {contrast.arm: contrast.verdict for contrast in contrasts(arms, {}, cell.margin, ALPHA)}


def table(outcomes: Sequence[Outcome]) -> str:
    """The cells as a Markdown table."""
    lines = [
        "| true state | false words, % (95 % interval) | at most, % | found, % | fixed plan, % | trials saved, % | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]  # fmt: skip
    for one in outcomes:
        low, high = one.interval()
        false = f"{100 * one.false / one.studies:.2f} ({100 * low:.2f} to {100 * high:.2f})"
        shares = ["" if share is None else f"{100 * share:.1f}" for share in (one.found, one.found_fixed)]
        cells = [one.cell.name, false, f"{100 * one.most:.2f}", *shares, f"{100 * one.saved:.1f}"]
        lines.append(f"| {' | '.join(cells)} | {'pass' if one.passed else '**FAIL**'} |")
    return "\n".join(lines)


def page(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The results page."""
    return f"""# Registered looks, by simulation

{outcomes[0].studies:,} simulated studies per row with looks after {", ".join(map(str, LOOKS))} seeds, each run look by look through the product's own scheduler (`ceteris.lab.looks`) and judged by its own statistics (paired by seed, Holm over the
family, alpha {ALPHA:g}). Only training is replaced: a trial's score is normal, sd {100 * SD:g} pp for every arm, no correlation over seeds. The margin is {100 * FINE:g} pp, a wide one {100 * WIDE:g} pp.

A false word is any *better* or *worse* of an arm without a difference; of a better arm any *worse* or *practically the same*; of arms as far apart as the margin any *practically the same*; of the worse arm any *better* or *practically the same*. "Found" is the share of planted
differences that came out *better*, with looks and under a fixed plan of 10 seeds on the same draws: the price of looking. Trials saved are against that fixed plan.

Made by `make gate-looks` on {datetime.date.today().isoformat()} in {seconds / 60:.0f} min. Draws come from named streams (seed 0), so the command prints the same numbers again. A row passes with at most {100 * ALPHA:g} % false words plus two Monte
Carlo standard errors.

{table(outcomes)}
"""  # noqa: E501


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gate; 0 when every row keeps its promise."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--short", action="store_true", help="fewer studies, nothing written")
    options.add_argument("--workers", type=int, default=None, help="processes; one per core by default")
    chosen = options.parse_args(arguments)
    studies, begun = SHORT_STUDIES if chosen.short else STUDIES, time.monotonic()
    with ProcessPoolExecutor(chosen.workers, multiprocessing.get_context("spawn")) as pool:
        outcomes = []
        for one in pool.map(simulate, CELLS, itertools.repeat(studies)):
            outcomes.append(one)
            print(table([one]).splitlines()[-1], flush=True)
    print(table(outcomes))
    print(f"{studies:,} studies a row, {time.monotonic() - begun:.0f} s")
    if not chosen.short:
        RESULTS.write_text(page(outcomes, time.monotonic() - begun), encoding="utf-8")
        print(f"written to {RESULTS}")
    return 0 if all(one.passed for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
