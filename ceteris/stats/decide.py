"""From the scores of a study's arms to its contrasts and verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.stats.contrast import ArmScores, Contrast, Verdict
from ceteris.stats.family import Step, holm
from ceteris.stats.intervals import EQUAL, Estimate, difference_of_means, mean_of, no_spread
from ceteris.stats.power import Pairing, detectable_effect, seeds_needed, seeds_to_equate
from ceteris.stats.sign_flip import sign_flip_p

NOT_SURVIVED = ("diverged", "failed")
"""Outcomes that make an arm unstable; a trial that was stopped from outside counts as one that was not run."""


def contrasts(
    arms: Sequence[ArmScores],
    confounded: Mapping[str, bool],
    margin: float,
    alpha: float,
    pairing: Pairing = "paired",
) -> list[Contrast]:
    """Every arm against the baseline, in the order given.

    Paired: t-test of the differences over the seeds that both arms have; else Welch's. The family is all arms but the
    baseline, those that cannot be tested too. Unstable and untestable contrasts are never rejected.

    One rule ties test, interval and word together. Holm (1979) decides better and worse, so the family's chance of
    any false one is at most alpha. The adjusted interval is given at the level of the contrast's own Holm step,
    alpha / (contrasts not yet rejected), and excludes 0 exactly when Holm rejects. A Bonferroni interval, at
    alpha / family for all, covers all differences jointly but would contradict Holm where only the later steps
    reject. Where it does count is the stronger claim: "by at least the margin" needs the Bonferroni interval, which
    contains the adjusted one, to lie beyond the margin. "Practically the same" is Holm over the TOST p-values at
    alpha; a difference that is also shown to be real stays "better" or "worse", with `within_margin` set.

    Differences that are equal in every seed have no measured spread. All zero is "practically the same"; all equal
    otherwise would give t = infinity and p = 0 from a test set too coarse to show the spread: it cannot be decided.

    Args:
        arms: at least the baseline, which comes first.
        confounded: arm -> more than the named factor differs; absent means it does not.
        margin: smallest difference that matters, as a fraction.
        alpha: error rate of the family.
        pairing: as planned.
    """
    baseline, *others = arms
    compared = [_compare(arm, baseline, pairing) for arm in others]
    tested = [None if pair.unstable else pair.estimate for pair in compared]
    steps = holm([None if estimate is None else estimate.p() for estimate in tested], alpha)
    same = holm([None if estimate is None else estimate.p_equivalent(margin) for estimate in tested], alpha)
    return [
        _contrast(pair, _Terms(step, equal, len(others), margin, alpha, pairing), confounded.get(pair.arm.name, False))
        for pair, step, equal in zip(compared, steps, same, strict=True)
    ]


@dataclass(frozen=True)
class _Pair:
    """An arm and the baseline, as far as they can be compared."""

    arm: ArmScores
    baseline: ArmScores
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    difference: float | None
    estimate: Estimate | None
    correlation: float | None

    @property
    def identical(self) -> bool:
        """Every seed gave both arms the same score."""
        return len(self.differences) > 1 and max(map(abs, self.differences)) <= EQUAL

    @property
    def unstable(self) -> str:
        """How many trials of which arm did not survive; empty when all did."""
        return "; ".join(filter(None, (_losses(arm) for arm in (self.arm, self.baseline))))


@dataclass(frozen=True)
class _Terms:
    """What the plan and the rest of the family set for one contrast."""

    step: Step
    same: Step
    family: int
    margin: float
    alpha: float
    pairing: Pairing


def _compare(arm: ArmScores, baseline: ArmScores, pairing: Pairing) -> _Pair:
    if pairing == "independent":
        ours, theirs = list(arm.scores.values()), list(baseline.scores.values())
        gap = float(np.mean(ours) - np.mean(theirs)) if ours and theirs else None
        seeds = tuple(sorted({*arm.scores, *baseline.scores}))
        return _Pair(arm, baseline, seeds, (), gap, difference_of_means(ours, theirs), None)
    seeds = tuple(sorted(arm.scores.keys() & baseline.scores.keys()))
    ours, theirs = [arm.scores[seed] for seed in seeds], [baseline.scores[seed] for seed in seeds]
    differences = tuple(one - two for one, two in zip(ours, theirs, strict=True))
    gap = float(np.mean(differences)) if differences else None
    return _Pair(arm, baseline, seeds, differences, gap, mean_of(differences), _correlation(ours, theirs))


def _contrast(pair: _Pair, terms: _Terms, confounded: bool) -> Contrast:
    estimate, verdict, reason = pair.estimate, *_decide(pair, terms)
    unstable, still = verdict is Verdict.UNSTABLE, (0.0, 0.0) if pair.identical else None
    decided = verdict in (Verdict.BETTER, Verdict.WORSE)
    return Contrast(
        arm=pair.arm.name,
        baseline=pair.baseline.name,
        seeds=pair.seeds,
        differences=pair.differences,
        difference=pair.difference,
        interval=estimate.interval(terms.alpha) if estimate else still,
        adjusted_interval=estimate.interval(terms.step.level) if estimate else still,
        p=estimate.p() if estimate and not unstable else None,
        p_adjusted=terms.step.p_adjusted,
        p_equivalent=estimate.p_equivalent(terms.margin) if estimate and not unstable else None,
        p_sign_flip=sign_flip_p(pair.differences) if len(pair.differences) > 1 and not unstable else None,
        correlation=pair.correlation,
        verdict=verdict,
        by_margin=decided
        and estimate is not None
        and _clears(estimate.interval(terms.alpha / terms.family), terms.margin),
        confounded=confounded,
        seeds_to_decide=_seeds_to_decide(estimate, terms) if estimate and verdict is Verdict.UNDECIDED else None,
        family=terms.family,
        margin=terms.margin,
        alpha=terms.alpha,
        reason=reason,
        within_margin=terms.same.rejected or verdict is Verdict.SAME,
    )


def _decide(pair: _Pair, terms: _Terms) -> tuple[Verdict, str]:
    estimate = pair.estimate
    if pair.unstable:
        return Verdict.UNSTABLE, pair.unstable
    if estimate is None:
        return (Verdict.SAME, "") if pair.identical else (Verdict.CANNOT_DECIDE, _why_untested(pair, terms.pairing))
    if terms.step.rejected:
        return (Verdict.BETTER if estimate.value > 0 else Verdict.WORSE), ""
    if terms.same.rejected:
        return Verdict.SAME, ""
    if _out_of_reach(estimate, terms):
        return Verdict.CANNOT_DECIDE, "at this spread even a difference of 100 points would probably be missed"
    return Verdict.UNDECIDED, ""


def _losses(arm: ArmScores) -> str:
    counts = Counter(arm.lost.values())
    planned = len(arm.scores) + len(arm.lost) + len(arm.missing)
    lost = [f"{counts[word]} of {planned} trials {word}" for word in NOT_SURVIVED if counts[word]]
    return f"{arm.name}: {', '.join(lost)}" if lost else ""


def _why_untested(pair: _Pair, pairing: Pairing) -> str:
    n = len(pair.seeds) if pairing == "paired" else min(len(pair.arm.scores), len(pair.baseline.scores))
    if n >= 2:
        return f"the same in all {n} seeds: their spread, and so the interval, cannot be estimated"
    lacking = [f"{arm.name}: {count} not finished" for arm in (pair.arm, pair.baseline) if (count := _unfinished(arm))]
    return "; ".join([f"{n} of the 2 or more seeds that an interval needs", *lacking])


def _unfinished(arm: ArmScores) -> int:
    return len(arm.missing) + len(arm.lost)


def _clears(interval: tuple[float, float], margin: float) -> bool:
    return interval[0] > margin or interval[1] < -margin


def _out_of_reach(estimate: Estimate, terms: _Terms) -> bool:
    """Whether even the largest difference of two fractions, 1, would probably be missed."""
    return detectable_effect(round(estimate.n), estimate.arm_sd, terms.step.level, pairing=terms.pairing) > 1


def _seeds_to_decide(estimate: Estimate, terms: _Terms) -> int | None:
    sd, level = estimate.arm_sd, terms.step.level
    differ = seeds_needed(estimate.value, sd, level, pairing=terms.pairing)
    equal = seeds_to_equate(estimate.value, sd, terms.margin, terms.same.level, pairing=terms.pairing)
    return min((n for n in (differ, equal) if n is not None), default=None)


def _correlation(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    if len(ours) < 3 or no_spread(ours) or no_spread(theirs):
        return None
    return float(np.corrcoef(ours, theirs)[0, 1])
