"""Worker processes that are killed, stopped, or wait for what never comes, at random points of their trials."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ceteris.lab.events import Event, Retried
from ceteris.lab.executors.processes import run_processes
from ceteris.store.records import Store
from ceteris.study.record import Status
from gates.faults.light import EPOCHS, FAULTS, POINTS, Strike, jobs, light_workers, saved, whole_seed
from gates.faults.records import found_record, record
from gates.faults.row import Injection, Outcome, draws

FAULT = "a worker process dies, is stopped or hangs, once or twice over the same trial"
PROMISE = "noticed in bounded time; the trial goes on from its checkpoint, once; then it is recorded as failed: hangs 0"
SOURCE = "lab"

EACH, SHORT_EACH = 13, 1
"""Strikes of each fault; then some trials that are struck twice, and as many that are not struck at all."""
TWICE, SHORT_TWICE = 16, 2
WORKERS = 6


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """All strikes in one study, beside trials that nothing happens to."""
    strikes = _strikes(short)
    numbers = range(1, len(strikes) + 1) if only is None else [only]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        wanted = jobs(root, len(strikes))
        events: list[Event] = []
        struck = {wanted[n - 1].key: strikes[n - 1] for n in numbers}
        with light_workers(root, struck):
            run_processes([wanted[n - 1] for n in numbers], WORKERS, events.append)
        retried = {key: [e.why for e in events if isinstance(e, Retried) and e.key == key] for key in struck}
        for number in numbers:
            key, strike = wanted[number - 1].key, strikes[number - 1]
            outcome, detail = _outcome(Store(root / "store"), key, strike, retried[key])
            if outcome is Outcome.SURVIVED and (twice := saved(root, key) - EPOCHS):
                outcome, detail = Outcome.LOST, f"{twice} epochs were trained and saved twice"
            yield Injection(number, _label(strike), outcome, detail)


def _strikes(short: bool) -> Sequence[Strike]:
    kinds = list(FAULTS)
    once = [(kind,) for kind in kinds for _ in range(SHORT_EACH if short else EACH)]
    twice = SHORT_TWICE if short else TWICE
    again = [(kinds[n % len(kinds)], kinds[(n * 3 + 1) % len(kinds)]) for n in range(twice)]
    faults: list[tuple[str, ...]] = [*once, *again, *[()] * twice]
    return [Strike(int(draws("workers", n).integers(POINTS)), each) for n, each in enumerate(faults, 1)]


def _outcome(store: Store, key: str, strike: Strike, retried: Sequence[str]) -> tuple[Outcome, str]:
    # One that is asked to end while its record is written ends after it, and nothing has to be tried again.
    wanted = {min(len(strike.faults), 1), 0 if strike.faults == ("SIGTERM",) else 1} if strike.faults else {0}
    if not store.has(key):
        return Outcome.LOST, "it has no record"
    if len(retried) not in wanted or not all(retried):
        return Outcome.WRONG, f"it was tried again {len(retried)} times: {retried}"
    if len(strike.faults) > 1:
        kept = store.get(key)
        good = kept.status is Status.FAILED and kept.reason.endswith("2 times")
        return (Outcome.REFUSED, "") if good else (Outcome.WRONG, f"{kept.status}: {kept.reason}")
    if found_record(store, key) != _whole(key):
        return Outcome.WRONG, "its record is another"
    return Outcome.SURVIVED, ""


def _whole(key: str) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.put(record(key, seed=whole_seed()))
        return found_record(store, key)


def _label(strike: Strike) -> str:
    return f"{' and then '.join(strike.faults)} at point {strike.point}" if strike.faults else "nothing at all"
