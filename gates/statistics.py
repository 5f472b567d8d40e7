"""The simulation gate: how often the product's own verdicts are wrong when nothing differs.

`make gate-statistics`, or `python -m gates.statistics [--short]`. Thousands of studies in which all arms have the same
mean go through `ceteris.stats.decide.contrasts`; a false win is any `better` or `worse` among a study's verdicts. A
bound of two Monte Carlo errors is missed by chance once in a while: a row with normal noise that misses it is repeated
on fresh draws with ten times as many studies, both are shown, and only the repetition can fail. Exit code 1 when one
does. Draws come from named streams: the same command prints the same table.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import math
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ceteris.stats.contrast import ArmScores, Contrast, Verdict
from ceteris.stats.decide import contrasts
from ceteris.study.streams import stream

ALPHA = 0.05
STUDIES, SHORT_STUDIES, REPEATED = 2000, 1000, 10
DRAWS, FRESH_DRAWS = "gate/statistics", "gate/statistics/again"
SEEDS, ARMS = (3, 5, 10), (1, 5)
LOOKS = {5: (3, 5), 10: (3, 5, 10)}
"""Registered looks of a study of so many seeds; three seeds leave nothing to look at early."""
NOISE: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda generator, shape: generator.normal(size=shape),
    "skewed": lambda generator, shape: 1 - generator.exponential(size=shape),
    "heavy-tailed": lambda generator, shape: generator.standard_t(3, size=shape) / math.sqrt(3),
}
"""Each of mean 0 and sd 1: Gaussian, exponential to the left (skewness -2), Student's t of 3 degrees of freedom."""
MEAN, SD, LARGE_SD, MARGIN = 0.9, 0.002, 0.008, 0.0001
"""As fractions. The margin is far below the sd: no contrast is closed early as practically the same."""
COVERED = (0.93, 0.97)
RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "statistics.md"
Decide = Callable[..., list[Contrast]]


@dataclass(frozen=True)
class Cell:
    """One kind of study: seeds per arm, arms beside the baseline, the last one's sd, looks (none when fixed), noise."""

    seeds: int
    arms: int
    sd: float
    looks: tuple[int, ...]
    noise: str

    @property
    def name(self) -> str:
        spread = "equal sd" if self.sd == SD else "one 4x sd"
        design = f"looks {', '.join(map(str, self.looks))}" if self.looks else "fixed"
        return f"{self.noise} | {self.seeds} | {self.arms} | {spread} | {design}"


@dataclass(frozen=True)
class Outcome:
    """What came of a cell's studies: shares of 1, and the standard error of the coverage."""

    cell: Cell
    studies: int
    false_wins: float
    coverage: float
    coverage_error: float

    @property
    def most(self) -> float:
        """False wins that pass: alpha and two Monte Carlo standard errors."""
        return ALPHA + 2 * math.sqrt(ALPHA * (1 - ALPHA) / self.studies)

    @property
    def passed(self) -> bool | None:
        """None where nothing is promised: the t-test assumes normal noise."""
        if self.cell.noise != "normal":
            return None
        covered = bool(self.cell.looks) or COVERED[0] <= self.coverage <= COVERED[1]
        return self.false_wins <= self.most and covered


def cells(noises: Sequence[str] = tuple(NOISE)) -> Iterator[Cell]:
    """Every combination that differs: looks only where there is more than one."""
    for noise, seeds, arms, sd in itertools.product(noises, SEEDS, ARMS, (SD, LARGE_SD)):
        for looks in ((), LOOKS[seeds]) if seeds in LOOKS else ((),):
            yield Cell(seeds, arms, sd, looks, noise)


def simulate(cell: Cell, studies: int, decide: Decide = contrasts, draws: str = DRAWS) -> Outcome:
    """Studies without any true difference, decided one by one."""
    generator = stream(0, f"{draws}/{cell.name}")
    scores = MEAN + SD * NOISE[cell.noise](generator, (studies, cell.arms + 1, cell.seeds))
    scores[:, -1] = MEAN + (scores[:, -1] - MEAN) * cell.sd / SD
    options: dict[str, Any] = {"looks": cell.looks} if cell.looks else {}
    wins, covered = np.zeros(studies, bool), np.zeros((studies, cell.arms))
    for index, study in enumerate(scores.tolist()):
        arms = [ArmScores(f"arm {i}", dict(enumerate(row)), {}) for i, row in enumerate(study)]
        found = decide(arms, {}, MARGIN, ALPHA, **options)
        wins[index] = any(contrast.verdict in (Verdict.BETTER, Verdict.WORSE) for contrast in found)
        covered[index] = [contrast.interval is not None and _holds_zero(contrast.interval) for contrast in found]
    shares = covered.mean(axis=1)
    return Outcome(
        cell, studies, float(wins.mean()), float(shares.mean()), float(shares.std(ddof=1)) / math.sqrt(studies)
    )


def _holds_zero(interval: tuple[float, float]) -> bool:
    return interval[0] <= 0 <= interval[1]


def bootstrap_alarms(seeds: int, studies: int = 20_000, resamples: int = 1000) -> float:
    """Share of null studies whose percentile bootstrap "95 % interval" over the seeds' differences excludes 0."""
    generator = stream(0, f"gate/statistics/bootstrap/{seeds}")
    alarms = 0
    for _ in range(studies // 100):
        differences = generator.normal(size=(100, seeds))
        drawn = generator.integers(seeds, size=(100, resamples, seeds))
        means = np.take_along_axis(differences[:, None, :], drawn, axis=2).mean(axis=2)
        low, high = np.quantile(means, (ALPHA / 2, 1 - ALPHA / 2), axis=1)
        alarms += int(((low > 0) | (high < 0)).sum())
    return alarms / studies


def peeking_alarms(looks: Sequence[int], studies: int = 200_000) -> float:
    """Share of null studies in which a plain t-test at 5 % rejects at any of the looks."""
    from scipy.special import stdtr

    differences = stream(0, f"gate/statistics/peeking/{list(looks)}").normal(size=(studies, max(looks)))
    rejected = np.zeros(studies, bool)
    for n in looks:
        seen = differences[:, :n]
        t = seen.mean(axis=1) / seen.std(axis=1, ddof=1) * math.sqrt(n)
        rejected |= 2 * stdtr(n - 1, -np.abs(t)) < ALPHA
    return float(rejected.mean())


def said_of(outcomes: Sequence[Outcome]) -> list[str]:
    """A word for every row; a row that is followed by its own repetition leaves the judgement to it."""
    words = {None: "as it is", True: "pass", False: "**FAIL**"}
    after = [*(one.cell for one in outcomes[1:]), None]
    return ["repeated" if one.cell == cell else words[one.passed] for one, cell in zip(outcomes, after, strict=True)]


def table(outcomes: Sequence[Outcome]) -> str:
    """The cells as a Markdown table."""
    lines = [
        "| noise | seeds | arms | spread | design | studies | false wins, % | at most, % | coverage, % | |",
        "| --- | ---: | ---: | --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for one, said in zip(outcomes, said_of(outcomes), strict=True):
        error = 100 * math.sqrt(one.false_wins * (1 - one.false_wins) / one.studies)
        wins = f"{100 * one.false_wins:.2f} ± {error:.2f}"
        covered = "" if one.cell.looks else f"{100 * one.coverage:.2f} ± {100 * one.coverage_error:.2f}"
        promised = "" if one.passed is None else f"{100 * one.most:.2f}"
        lines.append(f"| {one.cell.name} | {one.studies:,} | {wins} | {promised} | {covered} | {said} |")
    return "\n".join(lines)


def warnings_table() -> str:
    """What the usual short cuts would have done with such studies."""
    rows = [(f"percentile bootstrap over {n} seeds", bootstrap_alarms(n)) for n in SEEDS]
    rows.append(("t-test looked at after 3, 5 and 10 seeds, unadjusted", peeking_alarms((3, 5, 10))))
    rows.append(("t-test looked at after every seed from 3 to 10, unadjusted", peeking_alarms(range(3, 11))))
    lines = ["| instead, at a nominal 5 % | false wins, % |", "| --- | ---: |"]
    return "\n".join([*lines, *(f"| {name} | {100 * share:.1f} |" for name, share in rows)])


def page(outcomes: Sequence[Outcome]) -> str:
    """The results page."""
    studies, worst = outcomes[0].studies, max(outcomes, key=lambda one: one.false_wins)
    return f"""# False wins and coverage, by simulation

{studies:,} simulated studies per row, none with a true difference, each decided by the product's own `ceteris.stats.decide.contrasts` (paired by seed, Holm over the family, alpha {ALPHA:g}). A false win is any
`better` or `worse` among a study's verdicts. Coverage is the share of 95 % intervals, each for its contrast alone, that hold the true difference. ± is one Monte Carlo standard error.

Made by `make gate-statistics` on {datetime.date.today().isoformat()}. Draws come from named streams, so the command prints the same numbers again.

A row of normal noise passes with at most {100 * ALPHA:g} % false wins plus two standard errors, and, at a fixed number of seeds, {100 * COVERED[0]:.0f} to {100 * COVERED[1]:.0f} % coverage. Where the true rate is exactly {100 * ALPHA:g} %, one row in forty
misses that by chance, so a row that does is repeated once on fresh draws with {REPEATED} times as many studies, and judged by these; both are shown. With other noise nothing is promised and
the numbers are reported as they are: exponential, and Student's t of 3 degrees of freedom. "One 4x sd" means that one arm's seeds spread four times as much. Registered looks stop a contrast as soon as it is decided and pay for it in the
level; three seeds leave nothing to look at early, so there the two designs are one.

The highest share of false wins is {100 * worst.false_wins:.2f} %, in the row `{worst.cell.name}`: what the t-test promises for normal noise it does not keep for every other.

{table(outcomes)}

## What the usual short cuts would have done

One contrast, normal noise; 20,000 studies of the bootstrap with 1,000 resamples each (± at most 0.3), 200,000 of peeking (± 0.1).

{warnings_table()}
"""  # noqa: E501


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gate; 0 when every cell that promises something keeps it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--short", action="store_true", help="normal noise only, fewer studies, nothing written")
    options.add_argument("--workers", type=int, default=None, help="processes; one per core by default")
    chosen = options.parse_args(arguments)
    planned = list(cells(("normal",) if chosen.short else tuple(NOISE)))
    studies, begun = SHORT_STUDIES if chosen.short else STUDIES, time.monotonic()
    with ProcessPoolExecutor(chosen.workers, multiprocessing.get_context("spawn")) as pool:
        outcomes = list(pool.map(simulate, planned, itertools.repeat(studies)))
        missed = [one.cell for one in outcomes if one.passed is False]
        fresh = (itertools.repeat(value) for value in (REPEATED * studies, contrasts, FRESH_DRAWS))
        for again in pool.map(simulate, missed, *fresh):
            outcomes.insert(1 + [one.cell for one in outcomes].index(again.cell), again)
    print(table(outcomes))
    failed = sum("FAIL" in said for said in said_of(outcomes))
    print(f"{studies:,} studies a row, {failed} of {len(outcomes)} rows fail, {time.monotonic() - begun:.0f} s")
    if not chosen.short:
        RESULTS.write_text(page(outcomes), encoding="utf-8")
        print(f"written to {RESULTS}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
