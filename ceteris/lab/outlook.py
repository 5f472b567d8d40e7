"""What a plan can find out and what more seeds would cost, from earlier trials of the very same recipes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from ceteris.lab.sharing import Resources, likely_share
from ceteris.stats.looks import look_level
from ceteris.stats.outlook import GUESSED_ACCURACY, Outlook, Price, Spread, pooled_spread
from ceteris.stats.power import Pairing, detectable_effect, planning_sd, seeds_needed
from ceteris.store.records import Store
from ceteris.study.keys import canonical_json, trial_keys
from ceteris.study.manifest import Plan, PlannedArm
from ceteris.study.record import Status

SEEDS_PRICED = (3, 5, 10, 20)
NEIGHBOURS = range(20)
"""Seeds under which earlier trials of a recipe are looked for, besides those of the plan."""
LEAST_FREEDOM = 2
"""Degrees of freedom from which a measured spread is worth more than a guess."""

Scores = Mapping[int, float | None]


def look_ahead(plan: Plan, store: Store, resources: Resources | None = None) -> Outlook:
    """The plan's outlook, from this store. Trains nothing and needs no torch.

    Prices are wall time with `resources`, by default those of a run that names none.
    """
    earlier = earlier_scores(plan, store)
    study, seeds, spread = plan.study, len(plan.study.seeds), _measured_spread(earlier)
    sd = spread.sd if spread else _guessed_sd(plan, earlier)
    family, pairing = _tested(plan)
    level = look_level(study.alpha / family, study.looks, pairing=pairing)
    enough = seeds_needed(study.margin, sd, level, pairing=pairing)
    counts = sorted({*SEEDS_PRICED, seeds, *([enough] if enough else [])} - {1})
    effects = {n: detectable_effect(n, sd, level, pairing=pairing) for n in counts}
    effect = effects.get(seeds)
    return Outlook(
        sd=sd,
        spread=spread,
        accuracy=_accuracy(earlier),
        family=family,
        level=level,
        effect=effect,
        seeds_for_margin=enough,
        prices=tuple(_price(plan, earlier, n, effects[n], resources or Resources()) for n in counts),
        cannot="one_seed" if effect is None else "out_of_reach" if effect > 1 else "",
        least_sign_flip_p=2 / 2**seeds if pairing == "paired" and seeds > 1 else None,
    )


def _tested(plan: Plan) -> tuple[int, Pairing]:
    """Contrasts of the family, and how they are tested; an A/A check is a family of its own, its seeds independent."""
    contrasts = sum(not arm.again for arm in plan.arms[1:])
    return (contrasts, plan.study.pairing) if contrasts else (1, "independent")


def _measured_spread(earlier: Mapping[str, Scores]) -> Spread | None:
    spread = pooled_spread(_scored(earlier))
    return spread if spread and spread.freedom >= LEAST_FREEDOM else None


def _guessed_sd(plan: Plan, earlier: Mapping[str, Scores]) -> float:
    images = plan.baseline.recipe["split"]["test_images"] or plan.baseline.data.test_images
    known = _accuracy(earlier)
    accuracy = GUESSED_ACCURACY if known is None else known
    return planning_sd(min(accuracy, 1 - 1 / images), images)  # without a single error there would be no spread at all


def _accuracy(earlier: Mapping[str, Scores]) -> float | None:
    known = [score for scores in _scored(earlier) for score in scores]
    return sum(known) / len(known) if known else None


def _scored(earlier: Mapping[str, Scores]) -> list[list[float]]:
    """Scores by recipe: arms of one recipe share a mapping."""
    recipes = {id(scores): scores for scores in earlier.values()}.values()
    return [[score for score in scores.values() if score is not None] for scores in recipes]


def earlier_scores(plan: Plan, store: Store) -> dict[str, Scores]:
    """Arm -> seed -> score of every trial of its recipe that the store has, None for one without a score.

    The recipes are looked up by their keys under the plan's seeds and NEIGHBOURS. A key is the hash of recipe, data and
    seed, so what is found is this recipe and no similar one, from whatever study it comes. Arms of one recipe share one
    mapping.
    """
    seeds = dict.fromkeys([*(trial.seed for trial in plan.trials), *NEIGHBOURS])
    by_recipe: dict[str, Scores] = {}
    found = {}
    for arm in plan.arms:
        recipe = canonical_json([arm.recipe, arm.data.fingerprint])
        if recipe not in by_recipe:
            by_recipe[recipe] = _scores(arm, seeds, plan.study.metric, store)
        found[arm.name] = by_recipe[recipe]
    return found


def _scores(arm: PlannedArm, seeds: Sequence[int] | Mapping[int, None], metric: str, store: Store) -> Scores:
    keys = trial_keys(arm.recipe, arm.data.fingerprint, seeds)
    said = {seed: store.statement(key) for seed, key in keys.items() if store.has(key)}
    counted = (Status.FINISHED, Status.DID_NOT_LEARN)
    return {seed: one["metrics"].get(metric) if one["status"] in counted else None for seed, one in said.items()}


def _price(plan: Plan, earlier: Mapping[str, Scores], seeds: int, effect: float, resources: Resources) -> Price:
    arms = [arm for arm in plan.arms if plan.same_recipe(arm.name) is None]
    new = {arm.name: seeds - sum(s in earlier[arm.name] for s in _first_seeds(plan, arm, seeds)) for arm in arms}
    left, trials = sum(new.values()), len(arms) * seeds
    whole = sum(new[arm.name] * (arm.seconds or 0.0) for arm in arms)
    _, workers = likely_share(trials, resources)
    return Price(seeds, effect, trials, left, whole / max(1, min(workers, left)))


def _first_seeds(plan: Plan, arm: PlannedArm, count: int) -> list[int]:
    """The seeds of an arm of the plan, then the whole numbers that no arm uses yet."""
    planned = [trial.seed for trial in plan.trials_of(arm.name)]
    used = {trial.seed for trial in plan.trials}
    further = (seed for seed in itertools.count() if seed not in used)
    return [*planned[:count], *itertools.islice(further, max(0, count - len(planned)))]
