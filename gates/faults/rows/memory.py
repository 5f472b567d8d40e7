"""A trial that takes memory without end, in the middle of a study."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ceteris.lab.executors.inline import run_inline
from ceteris.lab.executors.processes import run_processes
from ceteris.lab.job import Job
from ceteris.store.records import Store
from ceteris.study.record import Record, Status
from gates.faults.row import Injection, Outcome
from gates.faults.trials import bits, breaking_parts, forked, job, silent

FAULT = (
    "a trial runs out of memory, by a refusal or by being killed, as the first, the last or in the middle of its study"
)
PROMISE = "it is recorded as failed with its reason and its own recipe; all others are bitwise those of the clean run"
SOURCE = "lab"

TRIALS, SHORT_TRIALS = 20, 4


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """A refusal in one process at several places; a kill in worker processes in the middle."""
    trials = SHORT_TRIALS if short else TRIALS
    refused = (1, trials) if short else range(1, trials + 1, 6)
    cases = [*(("refused", k) for k in refused), ("killed", trials // 2)]
    with breaking_parts(), tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sound = [job(place, seed) for seed in range(trials)]
        _child(place / "clean", sound, inline=True)
        whole = {one.key: bits(Store(place / "clean").get(one.key, weights=True)) for one in sound}
        for number, (way, k) in enumerate(cases, 1):
            if only in (None, number):
                bomb = job(place, model={"name": "greedy", "way": way})
                store = place / str(number)
                _child(store, [*sound[: k - 1], bomb, *sound[k:]], inline=way == "refused")
                outcome, detail = _outcome(Store(store), bomb, whole)
                yield Injection(number, f"{way}, trial {k} of {trials}", outcome, detail)


def _child(store: Path, jobs: list[Job], *, inline: bool) -> None:
    """The study in a process of its own, as memory that was taken once may stay taken."""
    moved = [replace(one, store=store) for one in jobs]
    act = partial(run_inline, moved, silent) if inline else partial(run_processes, moved, 1, silent)
    if os.waitpid(forked(act), 0)[1]:
        raise RuntimeError("the study did not end well")


def _outcome(store: Store, bomb: Job, whole: dict[str, str]) -> tuple[Outcome, str]:
    kept = store.keys()
    if bomb.key not in kept or len(kept) != len(whole):
        return Outcome.LOST, f"{len(kept)} of {len(whole)} trials have a record"
    others = {key: bits(store.get(key, weights=True)) for key in kept if key != bomb.key}
    if any(whole[key] != found for key, found in others.items()):
        return Outcome.WRONG, "another trial came out otherwise"
    wrong = _wrong(store.get(bomb.key), bomb)
    if not wrong and store.reopen(bomb.key).is_dir() and store.missing([bomb.key]) != [bomb.key]:
        wrong = "it cannot be tried again"
    return (Outcome.WRONG, wrong) if wrong else (Outcome.REFUSED, "")


def _wrong(found: Record, bomb: Job) -> str:
    if found.status is not Status.FAILED or not ("memory" in found.reason or "alloc" in found.reason):
        return f"it is recorded as {found.status}: {found.reason}"
    return "" if (found.recipe, found.seed) == (bomb.recipe, bomb.seed) else "its recipe or seed is another"
