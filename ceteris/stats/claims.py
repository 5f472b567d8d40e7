"""From what was measured of a study's claims to `supported`, `refuted`, `undecided` or `not measured`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ceteris.stats.contrast import NOT_SURVIVED, ArmScores
from ceteris.stats.family import Step, holm
from ceteris.stats.intervals import EQUAL, Estimate, difference_of_means, mean_of
from ceteris.stats.looks import Sides, look_level, overall_p
from ceteris.stats.power import Pairing
from ceteris.study.claims import Expectation


class Outcome(StrEnum):
    """The only words a claim can be given."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Measured:
    """What the trials say about one expectation.

    Attributes:
        expectation: as declared.
        arm, than: seed -> value of the measure; of "status" 1 for a trial that did not learn and 0 for one that did,
            with nothing in `than`. A measure that no seed moves has one value, under any seed.
        margin: within which "same" is the same, in the measure's unit.
    """

    expectation: Expectation
    arm: ArmScores
    than: ArmScores
    margin: float


@dataclass(frozen=True)
class Decision:
    """What may be said of one expectation, with its numbers.

    Attributes:
        outcome: in one of the words.
        ours, theirs: means of the arm and of the one it is compared with, over the seeds used; None without values.
        difference: arm - other; for "at-most" arm - by * other. None without values.
        interval: of the difference, at the level at which Holm's rule tested it; None without a test.
        confidence: nominal, of the interval: 1 - alpha, or 1 - 2 alpha where two one-sided tests show "same".
        p: of the test, at the price of looks if there are any; None without one. p_adjusted: Holm over the family.
        seeds: those used.
        family: number of expectations adjusted for.
        reason: why it is undecided although something was measured: "lost" (a trial diverged or failed), "incomplete"
            (trials are missing), "one_seed" or "no_spread"; empty otherwise.
    """

    outcome: Outcome
    ours: float | None = None
    theirs: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    confidence: float = 0.0
    p: float | None = None
    p_adjusted: float | None = None
    seeds: tuple[int, ...] = ()
    family: int = 0
    reason: str = ""


def decide_claims(
    measured: Sequence[Measured], alpha: float, pairing: Pairing = "paired", looks: Sequence[int] = ()
) -> list[Decision]:
    """Every expectation of a study's claims, in the order given.

    Facts (parameters, MACs, how trials ended) are compared and need no test. All other expectations are one family:
    Holm (1979) over one p each, at alpha, counting those that could not be tested. "higher" and "lower" test the
    difference against the declared one (0 by default), "at-most" tests arm - by * other against 0, all by the
    two-sided paired t-test, or Welch's for independent seeds: rejected on the claimed side is supported, on the other
    refuted. "same" is supported by two one-sided t-tests within the margin (Schuirmann 1987), and refuted when the
    difference is shown to lie beyond the margin by the two-sided test against its nearer end.

    With a trial lost in either arm the values left are a selection: undecided. So are one seed, and differences
    without spread, unless "same" is expected and all of them are 0.

    Args:
        measured: one per expectation.
        alpha: error rate of the family.
        pairing: as planned.
        looks: registered numbers of seeds. How many seeds there are then hangs on what they showed, so every p is
            replaced by the chance of so small a one at any look, as in `decide.contrasts`, and intervals widen alike.
    """
    pairs = [None if one.expectation.exact else _pair(one, pairing) for one in measured]
    tested = [(one, pair) for one, pair in zip(measured, pairs, strict=True) if pair]
    terms = _Terms(alpha, len(tested), tuple(looks), pairing)
    steps = iter(holm([_p(one, pair.estimate, terms) for one, pair in tested], alpha))
    return [
        _tested(one, pair, next(steps), terms) if pair else _fact(one)
        for one, pair in zip(measured, pairs, strict=True)
    ]


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """A claim of several expectations: refuted by any refuted one, supported when all are."""
    for outcome in (Outcome.REFUTED, Outcome.NOT_MEASURED, Outcome.UNDECIDED):
        if outcome in outcomes:
            return outcome
    return Outcome.SUPPORTED


@dataclass(frozen=True)
class _Pair:
    """Values of the seeds that are compared, the other arm's times the ratio; `estimate` is None without a test."""

    seeds: tuple[int, ...]
    ours: Sequence[float]
    theirs: Sequence[float]
    estimate: Estimate | None
    identical: bool
    reason: str


def _pair(one: Measured, pairing: Pairing) -> _Pair:
    ratio = _ratio(one.expectation)
    if pairing == "paired":
        seeds = tuple(sorted(one.arm.scores.keys() & one.than.scores.keys()))
        ours, theirs = [[scores[seed] for seed in seeds] for scores in (one.arm.scores, one.than.scores)]
        apart = [x - ratio * y for x, y in zip(ours, theirs, strict=True)]
        estimate, identical, n = mean_of(apart), len(apart) > 1 and max(map(abs, apart)) <= EQUAL, len(apart)
    else:
        seeds = tuple(sorted({*one.arm.scores, *one.than.scores}))
        ours, theirs = list(one.arm.scores.values()), list(one.than.scores.values())
        estimate, identical = difference_of_means(ours, [ratio * y for y in theirs]), False
        n = min(len(ours), len(theirs))
    if any(status in NOT_SURVIVED for arm in (one.arm, one.than) for status in arm.lost.values()):
        return _Pair(seeds, ours, theirs, None, False, "lost")
    reason = "" if estimate else "one_seed" if n < 2 else "no_spread"
    return _Pair(seeds, ours, theirs, estimate, identical, reason)


@dataclass(frozen=True)
class _Terms:
    """What the plan sets for every test, and what its looks cost."""

    alpha: float
    family: int
    looks: tuple[int, ...]
    pairing: Pairing

    def p(self, p: float, sides: Sides) -> float:
        return overall_p(p, self.looks, sides, self.pairing)

    def level(self, alpha: float, sides: Sides) -> float:
        return look_level(alpha, self.looks, sides, self.pairing)


def _p(one: Measured, estimate: Estimate | None, terms: _Terms) -> float | None:
    if estimate is None:
        return None
    if one.expectation.expect != "same":
        return terms.p(estimate.p(_boundary(one.expectation)), 2)
    if abs(estimate.value) < one.margin:
        return terms.p(estimate.p_equivalent(one.margin), 1)
    return terms.p(estimate.p(math.copysign(one.margin, estimate.value)), 2)


def _tested(one: Measured, pair: _Pair, step: Step, terms: _Terms) -> Decision:
    if not (pair.ours and pair.theirs):
        return Decision(Outcome.UNDECIDED, reason="lost") if pair.reason == "lost" else Decision(Outcome.NOT_MEASURED)
    ours, theirs = float(np.mean(pair.ours)), float(np.mean(pair.theirs))
    difference = ours - _ratio(one.expectation) * theirs
    within = one.expectation.expect == "same" and abs(difference) < one.margin
    sides = 2 if within else 1
    outcome, estimate = Outcome.UNDECIDED, pair.estimate
    if step.rejected:
        outcome = Outcome.SUPPORTED if _as_expected(one, difference) else Outcome.REFUTED
    elif within and pair.identical:
        outcome = Outcome.SUPPORTED
    return Decision(
        outcome=outcome,
        ours=ours,
        theirs=theirs,
        difference=difference,
        interval=estimate.interval(sides * terms.level(step.level, 1 if within else 2)) if estimate else None,
        confidence=1 - sides * terms.alpha,
        p=_p(one, estimate, terms),
        p_adjusted=step.p_adjusted,
        seeds=pair.seeds,
        family=terms.family,
        reason=pair.reason if outcome is Outcome.UNDECIDED else "",
    )


def _fact(one: Measured) -> Decision:
    ours, theirs = _mean(one.arm.scores), _mean(one.than.scores)
    if one.expectation.expect == "did-not-learn":
        return _learning(one.arm, ours)
    if ours is None or theirs is None:
        return Decision(Outcome.NOT_MEASURED)
    difference = ours - _ratio(one.expectation) * theirs
    outcome = Outcome.SUPPORTED if _as_expected(one, difference) else Outcome.REFUTED
    return Decision(outcome, ours, theirs, difference)


def _learning(arm: ArmScores, share: float | None) -> Decision:
    """Refuted by one trial that learnt; supported when every planned trial is known not to have."""
    seeds = tuple(sorted(arm.scores))
    if share is not None and share < 1:
        return Decision(Outcome.REFUTED, share, seeds=seeds)
    if arm.lost or (share is not None and arm.missing):
        return Decision(Outcome.UNDECIDED, share, seeds=seeds, reason="lost" if arm.lost else "incomplete")
    return Decision(Outcome.NOT_MEASURED if share is None else Outcome.SUPPORTED, share, seeds=seeds)


def _as_expected(one: Measured, difference: float) -> bool:
    expected = one.expectation
    if expected.expect == "same":
        return abs(difference) <= one.margin
    if expected.expect == "at-most":
        return difference <= 0
    boundary = _boundary(expected)
    return difference > boundary if expected.expect == "higher" else difference < boundary


def _boundary(expected: Expectation) -> float:
    """The difference that is tested against."""
    return {"higher": 1.0, "lower": -1.0}.get(expected.expect, 0.0) * (expected.by or 0.0)


def _ratio(expected: Expectation) -> float:
    """What the other arm's values are multiplied by before they are compared."""
    return expected.by if expected.expect == "at-most" and expected.by else 1.0


def _mean(values: Mapping[int, float]) -> float | None:
    return float(np.mean(list(values.values()))) if values else None
