"""A plan and the state of a study, as numbers and as they are printed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ceteris.app.screen import duration, table, warn
from ceteris.lab.advice import advice
from ceteris.lab.sharing import Resources, likely_share
from ceteris.lab.state import Outline
from ceteris.report.design import correction_name, design_sentences, design_warnings, price_rows
from ceteris.report.factors import planned_sentences
from ceteris.report.looks import counts
from ceteris.report.sentences import same_arms
from ceteris.report.terminal import plain
from ceteris.report.words import Words
from ceteris.stats.looks import look_level
from ceteris.stats.outlook import GUESSED_ACCURACY, Outlook
from ceteris.stats.power import POWER
from ceteris.store.records import Store
from ceteris.study.fairness import confounded_pairs, unequal_tuning
from ceteris.study.manifest import Plan, PlannedArm
from ceteris.study.vocabulary import FULL

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def plan_values(plan: Plan, store: Store, found: Outlook, resources: Resources) -> dict[str, Any]:
    """The plan as plain values: arms, trials, cost with these resources, and what the design can find out."""
    done = {trial.key for trial in plan.trials if store.has(trial.key)}
    keys = {trial.key for trial in plan.trials}
    threads, workers = likely_share(len(keys), resources)
    left = keys - done
    return {
        "study": plan.study.name,
        "question": plan.study.question,
        "scale": plan.scale,
        "overrides": dict(plan.overrides),
        "arms": [_arm_values(plan, arm, done) for arm in plan.arms],
        "trials": [{"arm": t.arm, "seed": t.seed, "key": t.key, "done": t.key in done} for t in plan.trials],
        "new": len(left),
        "probes": [dict(probe) for probe in plan.probes],
        "unmeasured": sum(bool(store.missing_findings(key, plan.probes)) for key in done),
        "seconds_left": Outline.of(plan).seconds_left(left, resources),
        "processes": workers,
        "threads": threads,
        "test": f"{_test(plan)} t {_seeds(plan)}",
        **_look_values(plan, done),
        "correction": plan.study.correction,
        "family": found.family,
        "alpha": plan.study.alpha,
        "margin": plan.study.margin,
        "factors": planned_sentences(plan, found.sd, Words("en")),
        **_design_values(plan, found),
        "warnings": _warnings(plan, found, advice(plan, resources, len(left))),
    }


def _arm_values(plan: Plan, arm: PlannedArm, done: Collection[str]) -> dict[str, Any]:
    return {
        "name": arm.name,
        "differs": {path: list(values) for path, values in arm.differs.items()},
        "confounded": arm.confounded,
        "parameters": arm.model.parameters,
        "macs": arm.model.macs,
        "seconds": arm.seconds,
        "seconds_from": arm.seconds_from,
        "done": sum(trial.key in done for trial in plan.trials_of(arm.name)),
    }


def _seeds(plan: Plan) -> str:
    study = plan.study
    words = Words("en")
    return (
        f"after {counts(study.looks, words)} seeds" if study.looks else f"over {words.count('seed', len(study.seeds))}"
    )


def _look_values(plan: Plan, done: Collection[str]) -> dict[str, Any]:
    """Looks, the level of a contrast alone at each, and how many trials there will be; empty without looks."""
    study = plan.study
    if not study.looks:
        return {}
    first = {trial.key for trial in plan.trials if trial.seed < study.looks[0]}
    return {
        "looks": list(study.looks),
        "futility": study.futility,
        "look_level": look_level(study.alpha, study.looks, pairing=study.pairing),
        "trials_at_least": len(first),
        "trials_at_most": len({trial.key for trial in plan.trials}),
        "new_at_least": len(first.difference(done)),
    }


def _test(plan: Plan) -> str:
    if plan.study.correction == "dunnett":
        return "pooled"
    return "paired" if plan.study.pairing == "paired" else "Welch"


def _design_values(plan: Plan, found: Outlook) -> dict[str, Any]:
    spread = found.spread
    detectable = {
        "effect": found.effect,
        "power": POWER,
        "sd": found.sd,
        "sd_from": "records" if spread else "guess",
        "sd_interval": [factor * spread.sd for factor in spread.factors()] if spread else None,
        "trials": spread.trials if spread else 0,
        "arms": spread.arms if spread else 0,
        "accuracy": GUESSED_ACCURACY if found.accuracy is None else found.accuracy,
        "accuracy_from": "guess" if found.accuracy is None else "records",
    }
    return {
        "detectable": None if found.effect is None else detectable,
        "seeds_for_margin": found.seeds_for_margin,
        "prices": [asdict(price) for price in found.prices],
        "cannot": found.cannot,
        "least_sign_flip_p": found.least_sign_flip_p,
        "unequal_tuning": [asdict(one) for one in unequal_tuning(plan.arms)],
        "confounded_pairs": [asdict(pair) for pair in confounded_pairs(plan.arms, plan.study.claims)],
    }


def print_plan(out: Console, plan: Plan, view: dict[str, Any], found: Outlook) -> None:
    """A calm table, then what the design can and cannot do, and what more seeds would."""
    words = Words("en")
    out.print(f"[bold]{plan.study.name}[/bold] at scale {plan.scale}", soft_wrap=True)
    out.print(plan.study.question, markup=False, soft_wrap=True)
    out.print()
    looks, seeds = plan.study.looks, str(len(plan.study.seeds))
    seeds = f"{looks[0]} to {seeds}" if looks else seeds
    rows = table("arm", "seeds", "done", "parameters", "MACs", "a trial", right=("seeds", "done", "parameters", "MACs"))
    for arm in view["arms"]:
        about = "" if arm["seconds_from"] == "records" else " (guess)"
        price = f"{duration(arm['seconds'])}{about}" if arm["seconds"] is not None else "?"
        rows.add_row(arm["name"], seeds, str(arm["done"]), f"{arm['parameters']:,}", f"{arm['macs']:,}", price)
    out.print(rows)
    out.print()
    out.print(_cost_line(view), soft_wrap=True)
    for line in [*_design_lines(plan, view, words), *view["factors"], *design_sentences(plan, found, words)]:
        out.print(plain(line), markup=False, soft_wrap=True)
    for line in view["warnings"]:
        warn(out, line)
    out.print()
    out.print(_price_table(plan, found, words))
    out.print()
    keys = table("key", "arm", "seed", "", right=("seed",))
    for trial in view["trials"]:
        keys.add_row(trial["key"][:16], trial["arm"], str(trial["seed"]), "done" if trial["done"] else "new")
    out.print(keys)


def _cost_line(view: dict[str, Any]) -> str:
    if not view["new"] and view["unmeasured"]:
        return f"every trial is done; {view['unmeasured']} have no findings yet of some probe"
    if not view["new"]:
        return "every trial is done; a run only writes the report"
    at_a_time = min(view["processes"], view["new"])
    several = f", {at_a_time} at a time" if at_a_time > 1 else ""
    trials = "1 trial" if view["new"] == 1 else f"{view['new']} trials"
    if view.get("looks"):
        trials = f"at least {view['new_at_least']}, at most {trials}"
        return f"{trials} to train{several}: at most about {duration(view['seconds_left'])} of training"
    return f"{trials} to train{several}: about {duration(view['seconds_left'])} of training"


def _design_lines(plan: Plan, view: dict[str, Any], words: Words) -> list[str]:
    margin = 100 * view["margin"]
    family = "1 contrast" if view["family"] == 1 else f"{view['family']} contrasts"
    if view["family"] > 1 or view["correction"] != "holm":
        family += f", {correction_name(plan, words)}"
    lines = [f"test: {view['test']}, {family}, alpha {view['alpha']:g}, margin {margin:g} pp {plan.study.metric}"]
    if looks := view.get("looks"):
        level, trials = f"{view['look_level']:.4f}", (view["trials_at_least"], view["trials_at_most"])
        said = f"looks after {counts(looks, words)} seeds: at each a contrast alone counts from p below {level}"
        futility = "; hopeless arms are stopped (futility)" if view["futility"] else ""
        lines.append(f"{said}; at least {trials[0]} trials, at most {trials[1]}{futility}")
    if view["probes"]:
        lines.append(f"probes: {', '.join(probe['name'] for probe in view['probes'])}")
    return lines


def _price_table(plan: Plan, found: Outlook, words: Words) -> Table:
    times = [duration(price.seconds) if price.new else "" for price in found.prices]
    (*heads, mark), *rows = price_rows(plan, found, times, words)
    made = table(*heads, mark, right=tuple(heads))
    for row in rows:
        made.add_row(*row)
    return made


def _warnings(plan: Plan, found: Outlook, advised: Iterable[str]) -> list[str]:
    """What stands against the design or its data, and what was advised about the machine."""
    words = Words("en")
    lines = [*same_arms(plan, words), *design_warnings(plan, found, words)]
    for arm in plan.arms:
        if arm.confounded:
            what = ", ".join(arm.differs)
            lines.append(f"{arm.name} is confounded: it differs from {plan.baseline.name} in {what}")
        if not arm.data.official:
            lines.append(f"{arm.data.name} is a modified copy, not the official data set")
        lines += arm.data.notes
    if plan.scale != FULL:
        lines.append(f"scale {plan.scale} is not the full recipe: results are not compared with published numbers")
    return list(dict.fromkeys([*lines, *advised]))
