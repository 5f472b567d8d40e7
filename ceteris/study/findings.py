"""What a probe found in one trial. Plain values and numpy arrays, beside the record and never part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ceteris.study.keys import sha256_of
from ceteris.study.record import Arrays

Identity = Mapping[str, Any]
"""A probe's name, version and options, every default spelled out."""


def identity_slug(probe: Identity) -> str:
    """`gradient-flow-0123456789abcdef`: the name and 16 hex digits of the identity's sha256."""
    return f"{probe['name']}-{sha256_of(dict(probe))[:16]}"


@dataclass(frozen=True)
class Findings:
    """What one probe left behind.

    Attributes:
        probe: its identity.
        arrays: as the probe's part describes them; empty when it failed.
        values: plain, as JSON knows them.
        seconds: it took, outside of every other time in the record.
        error: why there is nothing, in words; empty when it went well.
        same_training: what it watched came to the record's own losses, bit for bit. False when a trial that had a
            record already was trained again for it, on a machine that rounds otherwise.
    """

    probe: Identity
    arrays: Arrays = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    same_training: bool = True
