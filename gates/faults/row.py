"""What a row of the fault gate is: a fault, a promise, and injections that each come to one outcome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from ceteris.study.streams import stream


class Outcome(StrEnum):
    """What became of one injected fault."""

    SURVIVED = "survived"
    """The product's result is what it is without the fault, bit for bit."""
    REFUSED = "refused"
    """An error in words, or a record that says why; nothing altered."""
    LOST = "lost"
    """Finished work is gone, or more than the promised bound must be done again."""
    WRONG = "wrong"
    """A silently altered result, or a failure without words."""


KEPT = (Outcome.SURVIVED, Outcome.REFUSED)
"""Outcomes that keep the promise."""


@dataclass(frozen=True)
class Injection:
    """One injected fault.

    Attributes:
        number: from 1 within its row; `--row NAME --only NUMBER` injects it again, alone.
        label: what was injected, and where.
        outcome: what became of it.
        detail: what was seen; needed where the promise was broken.
    """

    number: int
    label: str
    outcome: Outcome
    detail: str = ""


class Row(Protocol):
    """A module of `gates/faults/rows/`."""

    FAULT: str
    PROMISE: str
    SOURCE: str

    def inject(self, short: bool, only: int | None) -> Iterator[Injection]:
        """Inject, one after the other, in the order of their numbers.

        Args:
            short: fewer injections: the whole gate in a few minutes.
            only: that number alone, exactly as the row has it at the same `short`; None for all.
        """
        ...


def draws(row: str, number: int) -> np.random.Generator:
    """The stream of one injection: it depends on nothing but the row's name and the number."""
    return stream(0, f"faults/{row}/{number}")
