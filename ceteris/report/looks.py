"""What registered looks came to: where each arm was closed, what it cost, and the trials that were saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.report.numbers import duration
from ceteris.report.words import Words
from ceteris.stats.contrast import Contrast
from ceteris.stats.futility import HOPELESS
from ceteris.stats.looks import look_level
from ceteris.study.vocabulary import Study


@dataclass(frozen=True)
class Saving:
    """What a study was spared against the fixed plan of its last look's seeds.

    Attributes:
        trials: saved; those that two arms share count once.
        planned: of the fixed plan.
        seconds: of training saved, by the mean of each arm's own trials, or as planned where it has none.
    """

    trials: int
    planned: int
    seconds: float


def saving(evidence: Evidence) -> Saving | None:
    """What was saved; None without looks, and as long as an arm is open."""
    if not evidence.plan.study.looks or any(contrast.open for contrast in evidence.contrasts):
        return None
    wanted = {trial.planned.key for trial in evidence.trials}
    spared = {trial.key: evidence.arm(trial.arm) for trial in evidence.spared if trial.key not in wanted}
    return Saving(len(spared), len(wanted) + len(spared), sum(map(_seconds, spared.values())))


def saving_sentence(evidence: Evidence, words: Words) -> str:
    """The headline: trials and time saved; empty when there is nothing to say yet."""
    found, seeds = saving(evidence), words.count("seed", len(evidence.plan.study.seeds))
    if found is None or not evidence.records:
        return ""
    if not found.trials:
        return words("look.saved_none", planned=words.count("trial", found.planned), seeds=seeds)
    planned = words.count("trial", found.planned)
    return words("look.saved", saved=found.trials, planned=planned, seeds=seeds, time=duration(found.seconds))


def look_sentence(contrast: Contrast, words: Words) -> str:
    """At which look the contrast was closed, or which is next; empty without looks."""
    if not contrast.looks:
        return ""
    seeds = words.count("seed", contrast.look)
    if contrast.futile:
        return words("look.futile", seeds=seeds)
    if contrast.open:
        ahead = next(n for n in contrast.looks if n > contrast.look)
        return words("look.next" if contrast.look else "look.first", seeds=words.count("seed", ahead))
    return words("look.last" if contrast.look == contrast.looks[-1] else "look.closed", seeds=seeds)


def price_sentences(study: Study, words: Words) -> list[str]:
    """How the looks are paid for, and what futility may do; none without looks."""
    if not study.looks:
        return []
    level = f"{look_level(study.alpha, study.looks, pairing=study.pairing):.4f}"
    values = {"level": level, "alpha": f"{study.alpha:g}", "share": f"{100 * study.alpha:g}"}
    said = [words("look.price", looks=counts(study.looks, words), **values)]
    return said + ([words("look.futility", share=f"{100 * HOPELESS:g}")] if study.futility else [])


def seeds_said(study: Study, words: Words) -> str:
    """How many seeds the study has: "5 seeds", or the looks."""
    if study.looks:
        return words("look.badge", looks=counts(study.looks, words))
    return words.count("seed", len(study.seeds))


def counts(looks: Sequence[int], words: Words) -> str:
    """Numbers of seeds: "3, 5 and 10"."""
    return words.listed([str(n) for n in looks])


def look_values(evidence: Evidence) -> dict[str, Any]:
    """Looks and saving as plain values; empty without looks."""
    study, found = evidence.plan.study, saving(evidence)
    if not study.looks:
        return {}
    return {
        "looks": list(study.looks),
        "futility": study.futility,
        "level": look_level(study.alpha, study.looks, pairing=study.pairing),
        "open": [contrast.arm for contrast in evidence.contrasts if contrast.open],
        "saved_trials": found.trials if found else None,
        "fixed_trials": len({trial.key for trial in evidence.plan.trials}),
        "saved_seconds": found.seconds if found else None,
    }


def _seconds(arm: ArmEvidence) -> float:
    measured = arm.average(lambda cost: cost.train_seconds)
    return (arm.planned.seconds or 0.0) if measured is None else measured
