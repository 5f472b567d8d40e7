"""The paired difference of two arms with its interval, and what may be said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ceteris.study.correction import Correction


class Verdict(StrEnum):
    """The only words a contrast can be given; `decide.contrasts` says when."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "practically the same"
    UNDECIDED = "undecided"
    CANNOT_DECIDE = "cannot be decided by this design"
    UNSTABLE = "unstable"


NOT_SURVIVED = ("diverged", "failed")
"""Outcomes that make an arm unstable; a trial that was stopped from outside counts as one that was not run."""


@dataclass(frozen=True)
class ArmScores:
    """One arm's outcomes: what the statistics need of its trials.

    Attributes:
        name: of the arm.
        scores: seed -> metric (a fraction) of every trial that has one; "did not learn" trials do.
        lost: seed -> status, of every trial that ended without one ("diverged", "failed", "stopped").
        missing: seeds of the plan that have no record yet.
    """

    name: str
    scores: Mapping[int, float]
    lost: Mapping[int, str]
    missing: tuple[int, ...] = ()

    def before(self, seed: float) -> ArmScores:
        """The same arm with the seeds below that one only."""
        scores = {s: score for s, score in self.scores.items() if s < seed}
        lost = {s: status for s, status in self.lost.items() if s < seed}
        return ArmScores(self.name, scores, lost, tuple(s for s in self.missing if s < seed))

    def ended(self, seeds: int) -> bool:
        """Whether every trial with a seed below that number has an outcome."""
        return all(seed in self.scores or seed in self.lost for seed in range(seeds))


@dataclass(frozen=True)
class Contrast:
    """Arm minus baseline, as a fraction (0.01 is one percentage point).

    Attributes:
        arm, baseline: names.
        seeds: those that both arms have, in order (all of each arm's when independent).
        differences: arm - baseline per seed; empty when independent.
        difference: their mean (the difference of means when independent); None without data.
        interval: at confidence 1 - alpha, for this contrast alone; None when there is no t-test. With looks it is a
            repeated confidence interval: all looks together hold the truth with that confidence.
        adjusted_interval: at the level at which Holm's rule tested this contrast, so that it excludes 0 exactly when
            Holm rejects; see `decide.contrasts`.
        p: two-sided, of the planned t-test; with looks the chance of so small a p at any of them; None without a test.
        p_adjusted: Holm over the family; None when there is no p, and for an unstable contrast.
        p_equivalent: of the two one-sided tests that the difference lies within the margin (TOST), for this contrast
            alone; with looks the chance of so small a p at any of them.
        p_sign_flip: exact sign-flip test, a sensitivity check, as if there were no looks; None when independent or with
            fewer than 2 seeds.
        correlation: of the two arms over seeds; what pairing has to work with. None with fewer than 3 seeds (two
            always give 1 or -1), without spread, and when independent.
        verdict: in one of the words.
        by_margin: better or worse by at least the margin: the interval at alpha / family lies wholly beyond it.
        confounded: more than the named factor differs: the difference is real, its cause not known.
        seeds_to_decide: n that would decide an undecided contrast at 80 % power, from this spread; None otherwise.
        family: number of contrasts adjusted for.
        margin, alpha: as planned.
        reason: in words, for "unstable", "cannot be decided", an arm without a look yet or stopped for futility, and
            one that lacks trials for an interval; empty otherwise.
        within_margin: TOST succeeds, adjusted over the family; also true of a "better" whose difference is real and
            too small to matter.
        looks: those registered, as numbers of seeds; empty for a fixed number of seeds.
        look: the look that all these numbers come from; 0 before the first, and without looks.
        open: the study goes on with this contrast: further looks are to come.
        futile: stopped at that look because it had no hope left; it is never better, nor practically the same.
        correction: of the family. "dunnett" and "exploratory" stand for their rules where Holm's is named above; then
            "better" and "worse" of an exploratory list are finds to be confirmed.
    """

    arm: str
    baseline: str
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    difference: float | None
    interval: tuple[float, float] | None
    adjusted_interval: tuple[float, float] | None
    p: float | None
    p_adjusted: float | None
    p_equivalent: float | None
    p_sign_flip: float | None
    correlation: float | None
    verdict: Verdict
    by_margin: bool
    confounded: bool
    seeds_to_decide: int | None
    family: int
    margin: float
    alpha: float
    reason: str = ""
    within_margin: bool = False
    looks: tuple[int, ...] = ()
    look: int = 0
    open: bool = False
    futile: bool = False
    correction: Correction = "holm"
