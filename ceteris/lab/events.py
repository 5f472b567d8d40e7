"""What a running study tells those who watch it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ceteris.study.record import Epoch


@dataclass(frozen=True)
class Started:
    """A trial began, or went on after `epochs_done` epochs.

    `again` says why it begins anew though it had come further: what changed since its checkpoint.
    """

    key: str
    epochs_done: int = 0
    again: str = ""


@dataclass(frozen=True)
class Stepped:
    """A trial is at this step of this epoch, both from 1. Sent a few times a second at most."""

    key: str
    epoch: int
    step: int
    steps: int


@dataclass(frozen=True)
class EpochDone:
    """A trial finished an epoch; here is the new row of its curves."""

    key: str
    row: Epoch
    epochs: int


@dataclass(frozen=True)
class Ended:
    """A trial has a record now."""

    key: str
    status: str
    reason: str = ""
    metrics: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Retried:
    """The process of a trial died; the trial goes on from its last checkpoint in a new one."""

    key: str
    why: str


@dataclass(frozen=True)
class Elsewhere:
    """Another run, perhaps on another machine, has the trial under way, or was killed in it: it is asked for last."""

    key: str


Event = Started | Stepped | EpochDone | Ended | Retried | Elsewhere
Tell = Callable[[Event], None]
