"""From the scores of a study's arms to its contrasts and verdicts.

One rule ties test, interval and word together. Holm (1979) decides better and worse, so the family's chance of
any false one is at most alpha. The adjusted interval is given at the level of the contrast's own Holm step,
alpha / (contrasts not yet rejected), and excludes 0 exactly when Holm rejects. A Bonferroni interval, at
alpha / family for all, covers all differences jointly but would contradict Holm where only the later steps
reject. Where it does count is the stronger claim: "by at least the margin" needs the Bonferroni interval, which
contains the adjusted one, to lie beyond the margin. "Practically the same" is Holm over the TOST p-values at
alpha; a difference that is also shown to be real stays "better" or "worse", with `within_margin` set.

Differences that are equal in every seed have no measured spread. All zero is "practically the same"; all equal
otherwise would give t = infinity and p = 0 from a test set too coarse to show the spread: it cannot be decided.
As long as trials that could still change that have not been run, it is undecided instead.

With looks the same is done at each of them in order, on the seeds below that number and no others, with every p
replaced by the chance of so small a p at any look (`looks.overall_p`). A look takes place when the baseline and all
arms still open have an outcome for each of its seeds. An arm that is decided or unstable at a look is closed: its
numbers stay those of that look, whatever further trials there are. As long as no true null has been rejected, each
of the m true ones is tested at alpha / m or less over all looks, so the family's chance of any false "better" or
"worse" at any look is at most alpha (Maurer and Bretz 2013); of a false "practically the same" likewise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ceteris.stats.contrast import ArmScores, Contrast, Verdict
from ceteris.stats.dunnett import dunnett, pooled_differences
from ceteris.stats.family import Step, benjamini_hochberg, holm
from ceteris.stats.futility import HOPELESS, conditional_power
from ceteris.stats.intervals import Estimate
from ceteris.stats.looks import look_level, overall_p
from ceteris.stats.pair import Pair, compare, unfinished, why_untested
from ceteris.stats.power import POWER, Pairing, power_to_detect, seeds_needed, seeds_to_equate
from ceteris.stats.sign_flip import sign_flip_p
from ceteris.study.correction import Correction, check_correction

CLOSING = (Verdict.BETTER, Verdict.WORSE, Verdict.SAME, Verdict.UNSTABLE)
"""Words after which an arm needs no more seeds."""


def contrasts(
    arms: Sequence[ArmScores],
    confounded: Mapping[str, bool],
    margin: float,
    alpha: float,
    pairing: Pairing = "paired",
    *,
    correction: Correction = "holm",
    looks: Sequence[int] = (),
    futility: bool = False,
) -> list[Contrast]:
    """Every arm against the baseline, in the order given, by the rules at the top of this module.

    Paired: t-test of the differences over the seeds that both arms have; else Welch's. The family is all arms but the
    baseline, those that cannot be tested too. Unstable and untestable contrasts are never rejected.

    Args:
        arms: at least the baseline, which comes first.
        confounded: arm -> more than the named factor differs; absent means it does not.
        margin: smallest difference that matters, as a fraction.
        alpha: error rate of the family.
        pairing: as planned.
        correction: "holm"; "dunnett" for independent arms declared to have equal spread (Dunnett 1955): all errors come
            from one pooled sd; or "exploratory" for a list of finds (Benjamini and Hochberg 1995): up to a share alpha
            of them is false on average, and intervals are those of Benjamini and Yekutieli (2005).
        looks: registered numbers of seeds, rising from 2; seeds are then 0, 1, 2, ...
        futility: at a look, also close arms whose `futility.conditional_power` is below HOPELESS. They lose every
            chance of being rejected, so it can only lower the error.

    Raises ValueError for a correction that does not fit pairing and looks.
    """
    check_correction(correction, pairing, looks)
    baseline, *others = arms
    design = _Design(len(others), margin, alpha, pairing, tuple(looks), correction)
    stops = _follow(baseline, others, design, futility) if looks else [_Stop() for _ in others]
    return [
        _contrast(pair, terms, confounded.get(pair.arm.name, False))
        for pair, terms in _family(baseline, others, design, stops)
    ]


def seeds_wanted(found: Sequence[Contrast]) -> dict[str, int]:
    """Arm -> how many seeds it is trained with, as far as its study with looks is decided; the baseline with the most.

    A contrast that is closed has the seeds of its look, an open one those of the next. Without contrasts, or without
    looks, nothing is said.
    """
    wanted = {c.arm: next(n for n in c.looks if n > c.look) if c.open else c.look for c in found if c.looks}
    return wanted | {c.baseline: max(wanted.values()) for c in found if c.looks}


@dataclass(frozen=True)
class _Design:
    """What the plan sets for all contrasts, and the price of its looks."""

    family: int
    margin: float
    alpha: float
    pairing: Pairing
    looks: tuple[int, ...]
    correction: Correction

    def p(self, estimate: Estimate) -> float:
        return overall_p(estimate.p(), self.looks, 2, self.pairing)

    def p_equivalent(self, estimate: Estimate) -> float:
        return overall_p(estimate.p_equivalent(self.margin), self.looks, 1, self.pairing)

    def level(self, alpha: float) -> float:
        """Of the two-sided test at each look."""
        return look_level(alpha, self.looks, 2, self.pairing)

    def level_same(self, alpha: float) -> float:
        """Of each one-sided test at each look."""
        return look_level(alpha, self.looks, 1, self.pairing)


@dataclass(frozen=True)
class _Stop:
    """How far an arm has come in the looks; without looks it is there."""

    look: float = math.inf
    reached: bool = True
    closed: bool = False
    futile: bool = False


def _follow(baseline: ArmScores, others: Sequence[ArmScores], design: _Design, futility: bool) -> list[_Stop]:
    """Where each arm stands after all looks that have taken place."""
    stops = [_Stop(design.looks[0], reached=False) for _ in others]
    for look in design.looks:
        going = [arm for arm, stop in zip(others, stops, strict=True) if not stop.closed]
        if not going or not all(arm.ended(look) for arm in (baseline, *going)):
            break
        now = [stop if stop.closed else _Stop(look) for stop in stops]
        found = _family(baseline, others, design, now)
        stops = [_stop(pair, terms, futility) for pair, terms in found]
    return stops


def _stop(pair: Pair, terms: _Terms, futility: bool) -> _Stop:
    stop, design = terms.stop, terms.design
    if stop.closed or _decide(pair, terms)[0] in CLOSING:
        return replace(stop, closed=True)
    if not (futility and pair.estimate and stop.look < design.looks[-1]):
        return stop
    levels = design.level(design.alpha), design.level_same(design.alpha)
    hope = conditional_power(pair.estimate, design.looks[-1], design.margin, levels)
    return replace(stop, closed=True, futile=True) if hope < HOPELESS else stop


def _family(
    baseline: ArmScores, others: Sequence[ArmScores], design: _Design, stops: Sequence[_Stop]
) -> list[tuple[Pair, _Terms]]:
    """Every arm and the baseline at the arm's own look, and what Holm's rule says of them as one family."""
    pairs = [
        compare(arm.before(stop.look), baseline.before(stop.look), design.pairing)
        for arm, stop in zip(others, stops, strict=True)
    ]
    if design.correction == "dunnett":
        pairs = _pooled(baseline, pairs)
    tested = [
        pair.estimate if stop.reached and not stop.futile and not pair.unstable else None
        for pair, stop in zip(pairs, stops, strict=True)
    ]
    adjust = benjamini_hochberg if design.correction == "exploratory" else holm
    same = adjust([None if estimate is None else design.p_equivalent(estimate) for estimate in tested], design.alpha)
    if design.correction == "dunnett":
        steps = dunnett(tested, [len(arm.scores) for arm in (baseline, *others)], design.alpha)
    else:
        steps = adjust([None if estimate is None else design.p(estimate) for estimate in tested], design.alpha)
    return [
        (pair, _Terms(step, equal, design, stop))
        for pair, step, equal, stop in zip(pairs, steps, same, stops, strict=True)
    ]


def _pooled(baseline: ArmScores, pairs: Sequence[Pair]) -> list[Pair]:
    """The same pairs with one error variance for all arms; what is left of an unstable arm says nothing of it."""
    stable = [() if pair.unstable else tuple(pair.arm.scores.values()) for pair in pairs]
    estimates = pooled_differences([tuple(baseline.scores.values()), *stable])
    return [replace(pair, estimate=estimate) for pair, estimate in zip(pairs, estimates, strict=True)]


@dataclass(frozen=True)
class _Terms:
    """What the plan and the rest of the family set for one contrast."""

    step: Step
    same: Step
    design: _Design
    stop: _Stop

    @property
    def open(self) -> bool:
        """Further looks are to come."""
        looks, stop = self.design.looks, self.stop
        return bool(looks) and not stop.closed and not (stop.reached and stop.look == looks[-1])

    @property
    def level(self) -> float:
        return self.design.level(self.step.level)


def _contrast(pair: Pair, terms: _Terms, confounded: bool) -> Contrast:
    verdict, reason = _decide(pair, terms)
    design, stop = terms.design, terms.stop
    estimate = pair.estimate if stop.reached else None
    unstable, still = verdict is Verdict.UNSTABLE, (0.0, 0.0) if pair.identical and stop.reached else None
    decided = verdict in (Verdict.BETTER, Verdict.WORSE)
    wide = estimate.interval(design.level(design.alpha / design.family)) if estimate else (0.0, 0.0)
    undecided = verdict is Verdict.UNDECIDED and not stop.futile
    return Contrast(
        arm=pair.arm.name,
        baseline=pair.baseline.name,
        seeds=pair.seeds,
        differences=pair.differences,
        difference=pair.difference,
        interval=estimate.interval(design.level(design.alpha)) if estimate else still,
        adjusted_interval=estimate.interval(terms.level) if estimate else still,
        p=design.p(estimate) if estimate and not unstable else None,
        p_adjusted=terms.step.p_adjusted,
        p_equivalent=design.p_equivalent(estimate) if estimate and not unstable else None,
        p_sign_flip=sign_flip_p(pair.differences) if len(pair.differences) > 1 and not unstable else None,
        correlation=pair.correlation,
        verdict=verdict,
        by_margin=decided and _clears(wide, design.margin),
        confounded=confounded,
        seeds_to_decide=_seeds_to_decide(estimate, terms) if estimate and undecided else None,
        family=design.family,
        margin=design.margin,
        alpha=design.alpha,
        reason=reason,
        within_margin=terms.same.rejected or verdict is Verdict.SAME,
        looks=design.looks,
        look=int(stop.look) if design.looks and stop.reached else 0,
        open=terms.open,
        futile=stop.futile,
        correction=design.correction,
    )


def _decide(pair: Pair, terms: _Terms) -> tuple[Verdict, str]:
    estimate, stop = pair.estimate, terms.stop
    if pair.unstable:
        return Verdict.UNSTABLE, pair.unstable
    if stop.futile or not stop.reached:
        why = "stopped for futility after" if stop.futile else "its first look is at"
        return Verdict.UNDECIDED, f"{why} {stop.look} seeds"
    if terms.step.rejected and estimate:
        return (Verdict.BETTER if estimate.value > 0 else Verdict.WORSE), ""
    if terms.same.rejected or pair.identical:
        return Verdict.SAME, ""
    reason = "" if terms.open else _why_never(pair, terms)
    never = bool(reason) and not unfinished(pair, terms.design.pairing)
    return (Verdict.CANNOT_DECIDE if never else Verdict.UNDECIDED), reason


def _why_never(pair: Pair, terms: _Terms) -> str:
    """Why there is no decision with these trials alone; empty when there could have been one."""
    if pair.estimate is None:
        return why_untested(pair, terms.design.pairing)
    if _out_of_reach(pair.estimate, terms):
        return "at this spread even a difference of 100 points would probably be missed"
    return ""


def _clears(interval: tuple[float, float], margin: float) -> bool:
    return interval[0] > margin or interval[1] < -margin


def _out_of_reach(estimate: Estimate, terms: _Terms) -> bool:
    """Whether even the largest difference of two fractions, 1, would probably be missed."""
    n, sd = round(estimate.n), estimate.arm_sd
    return power_to_detect(n, 1.0, sd, terms.level, terms.design.pairing) < POWER


def _seeds_to_decide(estimate: Estimate, terms: _Terms) -> int | None:
    sd, design = estimate.arm_sd, terms.design
    differ = seeds_needed(estimate.value, sd, terms.level, pairing=design.pairing)
    level = design.level_same(terms.same.level)
    equal = seeds_to_equate(estimate.value, sd, design.margin, level, pairing=design.pairing)
    return min((n for n in (differ, equal) if n is not None), default=None)
