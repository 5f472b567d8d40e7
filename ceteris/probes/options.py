"""What a probe can be asked for, said before it starts."""

from __future__ import annotations

from typing import NamedTuple

from ceteris.errors import InputError, Problem


class Check(NamedTuple):
    """An option, its value, whether that is sound, and what it must be: "at least 1"."""

    option: str
    value: object
    sound: bool
    rule: str


def check_options(probe: str, *checks: Check) -> None:
    """Raise InputError naming every option of that probe whose value is not sound."""
    broken = [check for check in checks if not check.sound]
    if broken:
        raise InputError(
            *(Problem(f"probe {probe!r}: {c.option} must be {c.rule}, not {c.value!r}", c.option) for c in broken)
        )
