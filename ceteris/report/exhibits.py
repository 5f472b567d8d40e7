"""What a probe's part of the page is made of: findings by arm and seed, and sheets of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.study.findings import Findings


@dataclass(frozen=True)
class Seen:
    """What one probe found, without the trials in which it failed.

    Attributes:
        evidence: of the study.
        name: of the figure and its files.
        found: arm -> seed -> findings; arms without any are left out.
    """

    evidence: Evidence
    name: str
    found: Mapping[str, Mapping[int, Findings]]

    @property
    def arms(self) -> list[tuple[ArmEvidence, list[Findings]]]:
        """Arms in the plan's order with the findings of all their seeds."""
        return [(arm, list(self.found[arm.name].values())) for arm in self.evidence.arms if arm.name in self.found]

    @property
    def singles(self) -> list[tuple[ArmEvidence, int, Findings]]:
        """One trial of each arm: of the first seed that all of them have, else of the arm's own first."""
        shared = [seed for seed in self.evidence.plan.study.seeds if all(seed in of for of in self.found.values())]
        chosen = {arm.name: (shared or list(self.found[arm.name]))[0] for arm, _ in self.arms}
        return [(arm, chosen[arm.name], self.found[arm.name][chosen[arm.name]]) for arm, _ in self.arms]

    def having(self, array: str) -> Seen:
        """Without the trials that left no such array: one that diverged at once has no epoch to show."""
        kept = {arm: {seed: f for seed, f in of.items() if array in f.arrays} for arm, of in self.found.items()}
        return Seen(self.evidence, self.name, {arm: of for arm, of in kept.items() if of})


@dataclass(frozen=True)
class Picture:
    """A PNG data URI, what it shows, its width in the page in CSS pixels, and the words under it."""

    source: str
    alt: str
    width: int
    under: str = ""


@dataclass(frozen=True)
class Row:
    """Pictures side by side under a title; an arm's has its symbol and colour."""

    title: str
    pictures: tuple[Picture, ...]
    arm: ArmEvidence | None = None


@dataclass(frozen=True)
class Sheet:
    """Rows of pictures, with what a `Drawing` has beside its panels."""

    name: str
    rows: tuple[Row, ...]
    caption: str
    data: Sequence[Mapping[str, Any]]
