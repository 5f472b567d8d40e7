"""What is seen while a study runs: a live board on a terminal, plain lines in a pipe or a log file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ceteris.app.screen import console, duration
from ceteris.data.source import Progress as TellProgress
from ceteris.data.source import no_progress
from ceteris.lab.events import Elsewhere, Ended, EpochDone, Event, Retried, Started, Stepped
from ceteris.study.manifest import Plan
from ceteris.study.record import Epoch


@dataclass
class _Running:
    """One trial as far as it has come; `share` is the done part of its epochs."""

    label: str
    epochs: int
    share: float = 0.0
    row: Epoch | None = None


class Board:
    """Is told events and shows them. `after_block` is called when all trials of a seed have ended."""

    def __init__(self, plan: Plan, done: set[str], out: Console, after_block: Callable[[int], None]) -> None:
        self.plan, self.out, self.after_block = plan, out, after_block
        self.labels = {trial.key: f"{trial.arm}, seed {trial.seed}" for trial in plan.trials}
        planned = {arm.name: arm for arm in plan.arms}
        self.epochs = {trial.key: int(planned[trial.arm].recipe["epochs"]) for trial in plan.trials}
        self.prices = {trial.key: planned[trial.arm].seconds or 1.0 for trial in plan.trials}
        place = plan.study.block
        self.blocks = {s: {t.key for t in plan.trials if place(t.seed) == place(s)} for s in plan.study.seeds}
        self.ended = set(done)
        self.begun = set(done)
        self.running: dict[str, _Running] = {}
        self.started = time.monotonic()
        self.live = Live(console=out, refresh_per_second=4, transient=True) if out.is_terminal else None

    def __enter__(self) -> Board:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self.live.stop()

    def tell(self, event: Event) -> None:
        """Take one event in and show it."""
        if isinstance(event, Started):
            self._start(event)
        elif isinstance(event, Stepped) and event.key in self.running:
            trial = self.running[event.key]
            trial.share = (event.epoch - 1 + event.step / event.steps) / trial.epochs
        elif isinstance(event, EpochDone) and event.key in self.running:
            self._epoch(event)
        elif isinstance(event, Retried):
            self._say(f"{self.labels[event.key]}: {event.why}; going on from the last checkpoint")
            self.running.pop(event.key, None)
        elif isinstance(event, Elsewhere):
            self._say(f"{self.labels[event.key]}: another run has it under way, or was cut off in it: left for last")
        elif isinstance(event, Ended):
            self._end(event)
        if self.live:
            self.live.update(self._picture())

    def _start(self, event: Started) -> None:
        epochs = self.epochs[event.key]
        self.running[event.key] = _Running(self.labels[event.key], epochs, event.epochs_done / epochs)
        if event.again:
            self._say(f"{self.labels[event.key]}: begins again, as its checkpoint was made otherwise: {event.again}")
        if not self.live:
            on = f", going on after epoch {event.epochs_done}" if event.epochs_done else ""
            self._say(f"{self.labels[event.key]}: started{on}")

    def _epoch(self, event: EpochDone) -> None:
        trial, row = self.running[event.key], event.row
        trial.row, trial.share = row, row.epoch / trial.epochs
        if not self.live:
            self._say(f"{trial.label}: epoch {row.epoch}/{event.epochs}, {_figures(row)}")

    def _end(self, event: Ended) -> None:
        self.running.pop(event.key, None)
        self.ended.add(event.key)
        metric = dict(event.metrics).get(self.plan.study.metric)
        score = f", test {self.plan.study.metric} {100 * metric:.2f} %" if metric is not None else ""
        reason = f" ({event.reason})" if event.reason else ""
        counted = f"[{len(self.ended)}/{len(self.labels)}]"
        self._say(f"{counted} {self.labels[event.key]}: {event.status}{reason}{score}{self._time_left()}")
        for seed, keys in self.blocks.items():
            if event.key in keys and keys <= self.ended:
                self.after_block(seed)

    def _time_left(self) -> str:
        left = self.seconds_left()
        return f", about {duration(left)} left" if left else ""

    def seconds_left(self) -> float:
        """From the predicted prices, scaled by how long the done part of this session took."""
        fresh = [key for key in self.labels if key not in self.begun]
        total = sum(self.prices[key] for key in fresh)
        done = sum(self.prices[key] for key in fresh if key in self.ended)
        done += sum(self.prices[key] * trial.share for key, trial in self.running.items())
        elapsed = time.monotonic() - self.started
        return elapsed * (total - done) / done if done and elapsed > 1 else 0.0

    def _say(self, text: str) -> None:
        self.out.print(text, markup=False, soft_wrap=True)

    def _picture(self) -> Group:
        rows = Table.grid(padding=(0, 2, 0, 0))
        for trial in self.running.values():
            bar = ProgressBar(total=1.0, completed=trial.share, width=16)
            rows.add_row(Text(trial.label), bar, Text(_figures(trial.row) if trial.row else "first epoch"))
        total = ProgressBar(total=len(self.labels), completed=len(self.ended), width=16)
        rows.add_row(Text("all trials"), total, Text(f"{len(self.ended)}/{len(self.labels)}{self._time_left()}"))
        return Group(rows)


def _figures(row: Epoch) -> str:
    speed = f"{row.images_per_second:,.0f} images/s"
    return f"loss {row.train_loss:.3f}, validation {100 * row.validation_top1:.1f} %, {speed}"


@contextmanager
def reading_progress() -> Iterator[TellProgress]:
    """A bar for downloads and decoding on a terminal; nothing elsewhere."""
    out = console()
    if not out.is_terminal:
        yield no_progress
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total or None)

        yield tell
