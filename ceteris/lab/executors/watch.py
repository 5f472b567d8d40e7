"""Whether a worker process is still at work: its heartbeat, and news or processor time while it trains."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ceteris.lab.events import Event, Started

SECONDS_BETWEEN_BEATS = 1.0
SECONDS_OF_SILENCE = 300.0
"""A process that sends no heartbeat for so long is stopped or stuck as a whole. Generous: swapping takes minutes."""
SECONDS_TO_START = 600.0
"""The same before its first heartbeat: many interpreters at once from a slow disk start slowly."""
SECONDS_WITHOUT_WORK = 1800.0
"""A trial that neither tells anything nor uses a second of processor time for so long waits for what never comes.

Long work without news, as the test of a large network, uses processor time and is left alone, however long it takes.
"""
SECONDS_OF_WORK = 1.0
LONGEST_LOOK = 2.0
"""A parent that was itself stopped (Ctrl-Z, a laptop that slept) counts no more than this: it was not watching."""


@dataclass(frozen=True)
class Alive:
    """A worker's heartbeat: processor seconds that its process has used."""

    processor_seconds: float


class Clock:
    """The parent's own monotonic clock; no wall clock decides who is alive."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def passed(self) -> float:
        """Seconds watched since the last call."""
        before, self.last = self.last, time.monotonic()
        return min(self.last - before, LONGEST_LOOK)


@dataclass
class Watch:
    """What is known of one worker that has a job.

    Attributes:
        silent: seconds without a sign of life.
        heard: it ever gave one.
        idle: seconds of its trial without news or work; before the trial starts it may wait for another process.
        training: the trial has started.
        processor_seconds: at the last news or work.
    """

    silent: float = 0.0
    heard: bool = False
    idle: float = 0.0
    training: bool = False
    processor_seconds: float = 0.0

    def passed(self, seconds: float) -> None:
        """So long nothing was heard."""
        self.silent += seconds
        self.idle += seconds if self.training else 0.0

    def beat(self, alive: Alive) -> None:
        """A heartbeat came."""
        self.silent, self.heard = 0.0, True
        if alive.processor_seconds - self.processor_seconds >= SECONDS_OF_WORK:
            self.idle, self.processor_seconds = 0.0, alive.processor_seconds

    def news(self, event: Event) -> None:
        """The trial told something."""
        self.silent = self.idle = 0.0
        self.training = self.training or isinstance(event, Started)

    def hangs(self) -> str:
        """Why the process is given up, in words; empty while it is not."""
        bound = SECONDS_OF_SILENCE if self.heard else SECONDS_TO_START
        if self.silent > bound:
            return f"its process gave no sign of life for {bound:.0f} s and was ended"
        if self.idle > SECONDS_WITHOUT_WORK:
            return f"its process did nothing for {SECONDS_WITHOUT_WORK:.0f} s and was ended"
        return ""
