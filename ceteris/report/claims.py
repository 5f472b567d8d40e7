"""The claims of a study, decided from its trials, each as a sentence with its numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ceteris.report.evidence import ArmEvidence, Evidence, Trial
from ceteris.report.numbers import MINUS, large, percent, points
from ceteris.report.sentences import level
from ceteris.report.words import Words
from ceteris.stats.claims import Decision, Measured, Outcome, decide_claims, together
from ceteris.stats.contrast import NOT_SURVIVED, ArmScores
from ceteris.study.claims import ACCURACIES, EXACT, Claim, Expectation
from ceteris.study.findings import Findings
from ceteris.study.paths import differences
from ceteris.study.record import SCORED, Status


@dataclass(frozen=True)
class Decided:
    """A claim, the decision on each of its expectations, and what follows for the claim."""

    claim: Claim
    decisions: tuple[Decision, ...]
    outcome: Outcome


def decided_claims(evidence: Evidence) -> list[Decided]:
    """Every claim of the study in its order; their tests are one family, in which what two claims share counts once."""
    study = evidence.plan.study
    asked = _asked(evidence)
    measured = [_measured(evidence, expected) for expected in asked]
    decided = decide_claims(measured, study.alpha, study.pairing, study.looks)
    decisions = dict(zip(asked, decided, strict=True))
    parts = [tuple(decisions[expected] for expected in claim.all) for claim in study.claims]
    return [
        Decided(claim, known, together([decision.outcome for decision in known]))
        for claim, known in zip(study.claims, parts, strict=True)
    ]


def claim_sentences(evidence: Evidence, words: Words) -> list[str]:
    """One for each claim: its outcome, its text and the numbers that decide it."""
    return [claim_sentence(evidence, one, words) for one in decided_claims(evidence)]


def claim_sentence(evidence: Evidence, one: Decided, words: Words) -> str:
    """What may be said of one claim."""
    parts = zip(one.claim.all, one.decisions, strict=True)
    because = words("list.arm").join(_because(evidence, expected, decision, words) for expected, decision in parts)
    text = one.claim.text.rstrip(".。")
    said = [words("claim.sentence", outcome=words(f"claim.{one.outcome}"), text=text, because=because)]
    if one.outcome in (Outcome.SUPPORTED, Outcome.REFUTED) and any(_confounded(evidence, e) for e in one.claim.all):
        said.append(words("verdict.confounded"))
    return words("list.sentence").join(said)


def claims_line(decided: Sequence[Decided], words: Words) -> str:
    """How many claims came out how, in one line; empty without claims."""
    counts = Counter(one.outcome for one in decided)
    said = [words(f"claim.count.{outcome}", n=counts[outcome]) for outcome in Outcome if counts[outcome]]
    return words("claim.line", counts=words("list.comma").join(said)) if said else ""


def family_sentence(evidence: Evidence, words: Words) -> str:
    """How the claims were tested."""
    study = evidence.plan.study
    tests = sum(not expected.exact for expected in _asked(evidence))
    return words("claim.family", tests=tests, alpha=f"{100 * study.alpha:g}")


def claim_arms(evidence: Evidence, claim: Claim) -> list[ArmEvidence]:
    """The arms whose trials decide a claim, in the order in which it names them."""
    baseline = evidence.baseline.name
    alone = [e.expect == "did-not-learn" or e.value is not None for e in claim.all]
    sides = [(e.arm,) if one else (e.arm, e.than or baseline) for e, one in zip(claim.all, alone, strict=True)]
    return [evidence.arm(name) for name in dict.fromkeys(name for side in sides for name in side)]


def claim_values(evidence: Evidence, words: Words) -> list[dict[str, Any]]:
    """The claims as plain values: text, outcome, sentence, and each expectation with its numbers."""
    return [
        {
            "text": one.claim.text,
            "outcome": str(one.outcome),
            "sentence": claim_sentence(evidence, one, words),
            "all": [e.model_dump() | asdict(d) for e, d in zip(one.claim.all, one.decisions, strict=True)],
        }
        for one in decided_claims(evidence)
    ]


def _asked(evidence: Evidence) -> list[Expectation]:
    """All expectations of the study's claims, each once."""
    return list(dict.fromkeys(expected for claim in evidence.plan.study.claims for expected in claim.all))


def _measured(evidence: Evidence, expected: Expectation) -> Measured:
    arm = evidence.arm(expected.arm)
    margin = evidence.plan.study.margin if expected.by is None else expected.by
    if expected.expect == "did-not-learn":
        return Measured(expected, _scores(evidence, expected, arm), ArmScores("", {}, {}), margin)
    ours = _scores(evidence, expected, arm)
    if expected.value is not None:
        return Measured(expected, ours, ArmScores("", dict.fromkeys(ours.scores, expected.value), {}), margin)
    than = evidence.arm(expected.than) if expected.than else evidence.baseline
    return Measured(expected, ours, _scores(evidence, expected, than), margin)


def _scores(evidence: Evidence, expected: Expectation, arm: ArmEvidence) -> ArmScores:
    if expected.name in EXACT:
        return ArmScores(arm.name, {0: float(getattr(arm.planned.model, expected.name))}, {})
    if expected.name == "status":
        known = {Status.FINISHED: 0.0, Status.DIVERGED: 1.0, Status.DID_NOT_LEARN: 1.0}
        values = {t.seed: known[t.record.status] for t in arm.trials if t.record and t.record.status in known}
        lost = {t.seed: t.status for t in arm.trials if t.record and t.seed not in values}
    else:
        measured = {trial.seed: _value(evidence, expected, trial) for trial in arm.trials}
        values = {seed: number for seed, number in measured.items() if number is not None and math.isfinite(number)}
        lost = {trial.seed: trial.status for trial in arm.trials if trial.status in NOT_SURVIVED}
    return ArmScores(arm.name, values, lost, tuple(trial.seed for trial in arm.trials if trial.record is None))


def _value(evidence: Evidence, expected: Expectation, trial: Trial) -> float | None:
    record = trial.record
    if record is None or record.status not in SCORED:
        return None
    if expected.name == "probe":
        return _found(evidence.findings.get(trial.planned.key, ()), *expected.place)
    if expected.name == "validation_top1":
        epoch = int(expected.place[0])
        return record.epochs[epoch - 1].validation_top1 if epoch <= len(record.epochs) else None
    if expected.name == "train_seconds":
        return record.cost.train_seconds if record.cost else None
    return float(len(record.epochs)) if expected.name == "epochs" else trial.metric(expected.name)


def _found(findings: Sequence[Findings], probe: str, name: str, ends: str = "") -> float | None:
    """The mean of the finite numbers that a probe left under a name; with `ends`, of the first column over the last."""
    for one in findings:
        held = one.arrays.get(name, one.values.get(name))
        if one.probe["name"] == probe and isinstance(held, np.ndarray | int | float):
            values = np.asarray(held, np.float64)
            if not ends:
                return _finite_mean(values)
            first, last = (_finite_mean(values[..., column]) if values.ndim else None for column in (0, -1))
            return first / last if first is not None and last else None
    return None


def _finite_mean(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else None


def _confounded(evidence: Evidence, expected: Expectation) -> bool:
    """More than one setting differs between two arms whose outcomes are compared."""
    if expected.exact or expected.value is not None:
        return False
    arm = evidence.arm(expected.arm).planned
    if expected.than in (None, evidence.baseline.name):
        return arm.confounded
    return len(differences(evidence.arm(expected.than or "").planned.recipe, arm.recipe)) > 1


def _because(evidence: Evidence, expected: Expectation, decision: Decision, words: Words) -> str:
    than = expected.than or evidence.baseline.name
    values = {"measure": _measure(expected, words), "arm": expected.arm, "than": than}
    values |= {"expected": _expected(evidence, expected, words)}
    if expected.expect == "did-not-learn" and decision.ours is not None:
        trials = words.count("trial", len(evidence.arm(expected.arm).trials))
        said = words("claim.learning", **values, lost=round(decision.ours * len(decision.seeds)), trials=trials)
    elif decision.ours is None or decision.theirs is None or decision.difference is None:
        said = words("claim.unmeasured" if expected.value is None else "claim.unmeasured_alone", **values)
    else:
        values |= {"ours": _amount(expected, decision.ours), "theirs": _amount(expected, decision.theirs)}
        if expected.exact:
            return words("claim.fact", **values, ratio=f"{decision.ours / decision.theirs:.2f}")
        values |= {"difference": _change(expected, decision.difference, unit=True), "by": f"{expected.by or 1:g}"}
        values |= {"seeds": words.count("seed", len(decision.seeds)), "interval": _interval(expected, decision, words)}
        kind = "compared" if expected.value is None else "against"
        said = words("claim.scaled" if expected.expect == "at-most" else f"claim.{kind}", **values)
    why = {"one_seed": "reason.one_seed", "no_spread": "reason.no_spread"}
    key = why.get(decision.reason, f"claim.reason.{decision.reason}")
    return words("claim.but", said=said, reason=words(key)) if decision.reason else said


def _measure(expected: Expectation, words: Words) -> str:
    if expected.name in ("top1", "top5", "nll"):
        return words(f"metric.{expected.name}")
    if expected.name == "validation_top1":
        return words("claim.measure.validation_top1", epoch=expected.place[0])
    if expected.name == "probe":
        probe, value, *ends = expected.place
        return words(f"claim.measure.{'layers' if ends else 'probe'}", probe=probe, value=value.replace("_", " "))
    return words(f"claim.measure.{expected.name}")


def _expected(evidence: Evidence, expected: Expectation, words: Words) -> str:
    if expected.expect == "same":
        by = evidence.plan.study.margin if expected.by is None else expected.by
        return words("claim.expected.same", by=_change(expected, by, unit=True).lstrip("+"))
    if expected.expect == "at-most":
        return words("claim.expected.at-most", by=f"{expected.by:g}")
    kind = expected.expect if expected.by is None else f"{expected.expect}_by"
    return words(f"claim.expected.{kind}", by=_change(expected, expected.by or 0.0, unit=True).lstrip("+"))


def _interval(expected: Expectation, decision: Decision, words: Words) -> str:
    if decision.interval is None:
        return words("interval.none")
    low, high = (_change(expected, end) for end in decision.interval)
    kind = "adjusted" if decision.family > 1 else "named"
    return words(f"interval.{kind}", level=level(1 - decision.confidence), low=low, high=high)


def _amount(expected: Expectation, number: float) -> str:
    """A mean of the measure with its unit."""
    if expected.name in ACCURACIES:
        return f"{percent(number)} %"
    if expected.name in EXACT:
        return large(number)
    unit = " s" if expected.name == "train_seconds" else ""
    return f"{number:.4g}{unit}".replace("-", MINUS)


def _change(expected: Expectation, number: float, *, unit: bool = False) -> str:
    """A difference of the measure with its sign, and with its unit where asked."""
    if expected.name in ACCURACIES:
        return points(number) + (" pp" if unit else "")
    written = large(number) if expected.name in EXACT else f"{number:+.3g}".replace("-", MINUS)
    return written + (" s" if unit and expected.name == "train_seconds" else "")
