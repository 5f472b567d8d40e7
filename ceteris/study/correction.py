"""How a study pays for testing several contrasts at once, declared before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Correction = Literal["holm", "dunnett", "exploratory"]
"""Holm's rule; Dunnett's test, which takes all arms' seeds to spread alike; or a list of finds to be confirmed."""


def check_correction(correction: Correction, pairing: str, looks: Sequence[int]) -> None:
    """Raises ValueError for a correction that does not fit the rest of the design."""
    if correction == "dunnett" and pairing != "independent":
        raise ValueError("correction 'dunnett' tests independent seeds: add 'pairing: independent'")
    if correction != "holm" and looks:
        raise ValueError(f"correction {correction!r} is for a fixed number of seeds, not for looks")
