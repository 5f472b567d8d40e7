"""Values that make no sense, said in words and all at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ceteris.errors import InputError, Problem


@dataclass(frozen=True)
class Bound:
    """One option's value and what it must satisfy: finite, and within the bounds that are given."""

    option: str
    value: float
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None

    def broken(self) -> str:
        """The rule that the value breaks, or nothing."""
        if not math.isfinite(self.value):
            return "a finite number"
        if self.above is not None and not self.value > self.above:
            return f"above {self.above:g}"
        if self.at_least is not None and not self.value >= self.at_least:
            return f"at least {self.at_least:g}"
        if self.below is not None and not self.value < self.below:
            return f"below {self.below:g}"
        if self.at_most is not None and not self.value <= self.at_most:
            return f"at most {self.at_most:g}"
        return ""


def check(part: str, *bounds: Bound) -> None:
    """Raise InputError naming every value that is out of bounds; `part` is kind and name, "optimizer 'sgd'"."""
    broken = [(bound, rule) for bound in bounds if (rule := bound.broken())]
    if broken:
        raise InputError(
            *(Problem(f"{part}: {b.option} must be {rule}, not {b.value!r}", b.option) for b, rule in broken)
        )
