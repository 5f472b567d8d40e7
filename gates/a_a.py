"""The A/A gate on real images: what is equal must hardly ever be called different, and a planted difference is found.

`make gate-a-a DATA=folder`, or `python -m gates.a_a --data-dir folder [--allow-modified-data]`, with CIFAR-10 in the
folder. Every repeat is one study: a small network, the same once more under other seeds (the study option `again`), and
the same on more training images. All repeats have seeds of their own, drawn from one stream. Exit code 1 when the gate
fails.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import math
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ceteris.data.source import DataPlace
from ceteris.errors import InputError
from ceteris.lab.events import Event
from ceteris.lab.facts import KnownFacts
from ceteris.lab.plan import Request, make_plan
from ceteris.lab.run import missing_jobs, prepare_data, run_jobs
from ceteris.lab.sharing import Resources, usable_cores
from ceteris.report.evidence import gather
from ceteris.report.numbers import p_value, percent, points
from ceteris.stats.contrast import Contrast, Verdict
from ceteris.stats.power import detectable_effect
from ceteris.store.records import Store
from ceteris.study.manifest import Plan
from ceteris.study.streams import stream
from ceteris.study.vocabulary import Factor, Recipe, Split, Study

REPEATS, SEEDS = 20, 5
MOST_ALARMS, LEAST_FOUND = 3 / 20, 16 / 20
"""Shares of the repeats: of A/A checks that raise a false alarm, of planted differences that come out `better`."""
IMAGES, MORE_IMAGES, EPOCHS = 1000, 5000, 2
RECIPE = Recipe(
    data="cifar10",
    model="lenet",
    optimizer={"name": "adam", "lr": 0.002},
    epochs=EPOCHS,
    batch_size=16,
    split=Split(train_images=IMAGES, test_images=2000),
    weights="last",
)
RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "a-a.md"


@dataclass(frozen=True)
class Outcome:
    """One repeat: seeds of the baseline and of its A/A check, both contrasts, and where it ran."""

    seeds: tuple[int, ...]
    again: tuple[int, ...]
    check: Contrast
    planted: Contrast
    machine: str

    @property
    def alarm(self) -> bool:
        """The same recipe was called better or worse than itself."""
        return self.check.verdict in (Verdict.BETTER, Verdict.WORSE)

    @property
    def found(self) -> bool:
        """Training on more images was called better."""
        return self.planted.verdict is Verdict.BETTER


def studies(repeats: int, seeds: int = SEEDS) -> list[Study]:
    """The studies of all repeats; no seed is in two of them."""
    drawn = stream(0, "gate/a-a/seeds").choice(10**6, size=(REPEATS, 2, 10), replace=False).tolist()
    return [
        Study(
            name=f"a-a-{place}",
            question="Does a network that sees more images score higher, and one that is trained again the same?",
            baseline=RECIPE,
            baseline_name="few",
            factors=[Factor("split.train_images", {"more": MORE_IMAGES})],
            seeds=own[:seeds],
            again=others[:seeds],
            margin=0.001,
            sealed_test_curve=False,
        )
        for place, (own, others) in enumerate(drawn[:repeats])
    ]


def planned(study: Study, place: DataPlace, store: Store) -> Plan:
    """The study's plan."""
    return make_plan(Request(study), place, KnownFacts(store.root / "facts"))


def repeat(study: Study, place: DataPlace, root: Path) -> Outcome:
    """Plan, train and decide one study, as `ceteris run` does; only the report is left out. Trials take one thread."""
    store, resources = Store(root), Resources("inline", device="cpu")
    plan = planned(study, place, store)
    jobs = [replace(job, threads=1) for job in missing_jobs(plan, place, store, resources)]
    run_jobs(jobs, resources, len(plan.trials), _unwatched)
    evidence = gather(plan, {trial.key: store.get(trial.key) for trial in plan.trials})
    (planted,) = evidence.compared
    (check,) = (contrast for contrast in evidence.contrasts if contrast is not planted)
    environment = evidence.records[0].environment
    machine = f"{environment['processor']}, {usable_cores()} cores, torch {environment['torch']}"
    return Outcome(tuple(study.seeds), tuple(study.again or ()), check, planted, machine)


def _unwatched(event: Event) -> None:
    """Nobody watches single epochs."""


def run(asked: Sequence[Study], data_dir: Path, allow_modified: bool) -> tuple[list[Outcome], Plan]:
    """All studies, one process per core, and the plan of the first. Raises InputError when the data is not there."""
    with tempfile.TemporaryDirectory() as folder:
        place, store = DataPlace(data_dir, Path(folder) / "decoded", allow_modified), Store(Path(folder) / "store")
        store.prepare()
        plan = planned(asked[0], place, store)
        prepare_data(plan, place)
        with ProcessPoolExecutor(usable_cores(), multiprocessing.get_context("spawn")) as pool:
            outcomes = pool.map(repeat, asked, itertools.repeat(place), itertools.repeat(store.root))
            return list(outcomes), plan


def verdict(outcomes: Sequence[Outcome]) -> tuple[bool, str]:
    """Whether the gate is passed, and its sum line."""
    count = len(outcomes)
    alarms, found = sum(one.alarm for one in outcomes), sum(one.found for one in outcomes)
    most, least = math.floor(MOST_ALARMS * count), math.ceil(LEAST_FOUND * count)
    passed = alarms <= most and found >= least
    said = f"{alarms} of {count} A/A checks raised a false alarm (at most {most} allowed), "
    said += f"{found} of {count} planted differences came out better (at least {least} wanted)"
    return passed, f"{'passed' if passed else 'FAILED'}: {said}"


def table(outcomes: Sequence[Outcome]) -> str:
    """A row per repeat, as Markdown; differences in percentage points."""
    lines = [
        "| repeat | A/A difference | p | verdict | planted difference | p | verdict |",
        "| ---: | ---: | ---: | --- | ---: | ---: | --- |",
    ]
    for place, one in enumerate(outcomes, start=1):
        cells = [f"{_difference(c)} | {p_value(c.p)} | {c.verdict}" for c in (one.check, one.planted)]
        lines.append(f"| {place} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _difference(contrast: Contrast) -> str:
    if contrast.difference is None or contrast.interval is None:
        return "none"
    low, high = contrast.interval
    return f"{points(contrast.difference)} [{points(low)}, {points(high)}]"


def planted_size(outcomes: Sequence[Outcome]) -> tuple[float, float, float]:
    """(mean planted difference, sd of the seeds' differences pooled over the repeats, detectable effect), fractions."""
    mean = float(np.mean([one.planted.difference or 0.0 for one in outcomes]))
    sd = math.sqrt(float(np.mean([np.var(one.planted.differences, ddof=1) for one in outcomes])))
    return mean, sd, detectable_effect(len(outcomes[0].seeds), sd / math.sqrt(2), outcomes[0].planted.alpha)


def page(outcomes: Sequence[Outcome], plan: Plan, seconds: float) -> str:
    """The results page."""
    (mean, sd, effect), data, seeds = planted_size(outcomes), plan.baseline.data, len(outcomes[0].seeds)
    said = verdict(outcomes)[1]
    official = "the official data set" if data.official else "a modified copy of the official data set"
    lists = [
        f"- {place}: {', '.join(map(str, one.seeds))}; again {', '.join(map(str, one.again))}"
        for place, one in enumerate(outcomes, start=1)
    ]
    return f"""# A/A checks and a planted difference, on CIFAR-10 images

{len(outcomes)} studies through the product's own plan, training and statistics, each with {seeds} seeds an arm: LeNet on {IMAGES:,} images (a tenth of them for validation), {EPOCHS} epochs, tested on
{RECIPE.split.test_images:,}; the same recipe once more under other seeds (the option `again`, Welch's test); and the same trained on {MORE_IMAGES:,} images (paired t-test). No seed is in two studies.

**{said[0].upper()}{said[1:]}.**

The planted difference is {percent(mean)} pp on average. The differences of single seeds spread by {percent(sd)} pp (sd, pooled over the studies), with which {seeds} seeds detect {percent(effect)} pp with 80 % power: it is {mean / effect:.1f} detectable effects.

Made by `make gate-a-a DATA=folder` on {datetime.date.today().isoformat()} in {seconds / 60:.0f} min ({outcomes[0].machine}); data: cifar10, {official}, fingerprint {data.fingerprint.rpartition(":")[2][:12]}. Differences in percentage points with
95 % intervals.

{table(outcomes)}

## Seeds

Drawn from the stream `gate/a-a/seeds`.

{chr(10).join(lists)}
"""  # noqa: E501


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gate; 0 when it is passed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--data-dir", type=Path, required=True, help="folder that holds CIFAR-10")
    options.add_argument("--allow-modified-data", action="store_true", help="a copy that is not the official one")
    options.add_argument("--repeats", type=int, default=REPEATS, choices=range(1, REPEATS + 1), metavar="N")
    options.add_argument("--seeds", type=int, default=SEEDS, choices=range(2, 11), metavar="N", help="of every arm")
    options.add_argument("--to", type=Path, default=RESULTS, help="the page of results")
    chosen = options.parse_args(arguments)
    begun = time.monotonic()
    try:
        outcomes, plan = run(studies(chosen.repeats, chosen.seeds), chosen.data_dir, chosen.allow_modified_data)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table(outcomes))
    passed, line = verdict(outcomes)
    print(line)
    chosen.to.write_text(page(outcomes, plan, time.monotonic() - begun), encoding="utf-8")
    print(f"written to {chosen.to}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
