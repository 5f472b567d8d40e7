"""Registered looks at a running study: which arms are still open, and which trials are wanted next.

Everything follows from the plan and from what the records state, so a run that was interrupted or is repeated decides
the same at every look.
"""

from __future__ import annotations

from collections.abc import Iterator

from ceteris.stats.contrast import ArmScores, Contrast
from ceteris.stats.decide import contrasts, seeds_wanted
from ceteris.store.records import Store
from ceteris.study.manifest import Plan, PlannedTrial
from ceteris.study.record import SCORED


def standing(plan: Plan, store: Store) -> list[Contrast]:
    """The planned contrasts as far as the store's records decide them; an A/A check is none of them."""
    study = plan.study
    arms = [_scores(plan, arm.name, store) for arm in plan.arms if not arm.again]
    return contrasts(
        arms, {}, study.margin, study.alpha, study.pairing, looks=study.looks, futility=study.futility
    )  # fmt: skip


def wanted_trials(plan: Plan, store: Store) -> tuple[PlannedTrial, ...]:
    """The trials up to the next look of every arm still open and to the last look of those closed, done or not.

    All trials of a plan without looks. The baseline goes as far as the arm that goes furthest.
    """
    if not plan.study.looks:
        return plan.trials
    seeds = seeds_wanted(standing(plan, store))
    return tuple(trial for trial in plan.trials if trial.seed < seeds[trial.arm])


def rounds(plan: Plan, store: Store) -> Iterator[tuple[PlannedTrial, ...]]:
    """What is wanted, again and again until no look opens further trials; train what is missing of it in between."""
    wanted: tuple[PlannedTrial, ...] = ()
    while len(more := wanted_trials(plan, store)) > len(wanted):
        wanted = more
        yield wanted


def _scores(plan: Plan, arm: str, store: Store) -> ArmScores:
    said = {trial.seed: store.statement(trial.key) for trial in plan.trials_of(arm) if store.has(trial.key)}
    known = {seed: one["metrics"].get(plan.study.metric) for seed, one in said.items() if one["status"] in SCORED}
    scores = {seed: score for seed, score in known.items() if score is not None}
    lost = {seed: one["status"] for seed, one in said.items() if seed not in scores}
    return ArmScores(arm, scores, lost, tuple(t.seed for t in plan.trials_of(arm) if t.seed not in said))
