"""What a design can find, said before the run, and after it with the spread that was seen; and what in it is unfair."""

from __future__ import annotations

from collections.abc import Sequence

from ceteris.report.evidence import Evidence
from ceteris.report.numbers import percent, value, whole
from ceteris.report.words import Words
from ceteris.stats.looks import look_level
from ceteris.stats.outlook import GUESSED_ACCURACY, Outlook, Spread, pooled_spread
from ceteris.stats.power import MOST_SEEDS, POWER, detectable_effect
from ceteris.study.fairness import confounded_pairs, unequal_tuning
from ceteris.study.manifest import Plan

PRICE_COLUMNS = ("plan.price.seeds", "plan.price.effect", "plan.price.trials", "plan.price.new", "plan.price.time")


def correction_name(plan: Plan, words: Words) -> str:
    """The rule that adjusts the plan's contrasts for each other."""
    names = ("plan.correction.holm", "plan.correction.dunnett", "plan.correction.exploratory")
    return words(next(name for name in names if name.endswith(plan.study.correction)))


def design_sentences(plan: Plan, found: Outlook, words: Words) -> list[str]:
    """The smallest difference that can be found, on what basis, and what the sign-flip check can add."""
    if found.effect is None:
        return []
    said = [words("plan.detectable", effect=percent(found.effect), **_named(plan, words))]
    if found.spread:
        low, high = (percent(factor * found.effect) for factor in found.spread.factors())
        said.append(words("plan.measured", **_spread(found.spread, words), effect_low=low, effect_high=high))
    else:
        basis = words("plan.accuracy.assumed" if found.accuracy is None else "plan.accuracy.earlier")
        accuracy = GUESSED_ACCURACY if found.accuracy is None else found.accuracy
        said.append(words("plan.guessed", sd=percent(found.sd), accuracy=f"{100 * accuracy:.0f}", basis=basis))
    least, alpha = found.least_sign_flip_p, plan.study.alpha
    if least is not None and least > alpha:
        seeds = words.count("seed", len(plan.study.seeds))
        said.append(words("plan.sign_flip", seeds=seeds, least=f"{least:g}", alpha=f"{alpha:g}"))
    return said


def design_warnings(plan: Plan, found: Outlook, words: Words) -> list[str]:
    """Why the design cannot decide, or will hardly; then comparisons that are not fair."""
    margin, said = percent(plan.study.margin), []
    if found.cannot:
        said.append(words("plan.cannot", reason=words(f"reason.{found.cannot}")))
    elif found.seeds_for_margin is None:
        said.append(words("plan.beyond", margin=margin, most=whole(MOST_SEEDS)))
    elif found.seeds_for_margin > len(plan.study.seeds):
        said.append(words("plan.too_few", margin=margin, seeds=words.count("seed", found.seeds_for_margin)))
    return said + unfair(plan, words)


def price_rows(plan: Plan, found: Outlook, times: Sequence[str], words: Words) -> list[list[str]]:
    """What several numbers of seeds find and cost: a head, then a row for each of the outlook's prices.

    Args:
        plan: the plan.
        found: its outlook.
        times: of training, one per price, as they are to be printed.
        words: in which language.

    Columns are those of PRICE_COLUMNS, then a mark for the planned number and the one that reaches the margin.
    """
    marks = {found.seeds_for_margin: words("plan.price.margin"), len(plan.study.seeds): words("plan.price.planned")}
    rows = [[*(words(name) for name in PRICE_COLUMNS), ""]]
    for price, time in zip(found.prices, times, strict=True):
        counts = [whole(price.seeds), f"{percent(price.effect)} pp", whole(price.trials), whole(price.new)]
        rows.append([*counts, time, marks.get(price.seeds, "")])
    return rows


def unfair(plan: Plan, words: Words) -> list[str]:
    """Arms that were tuned more than others, and claims that compare arms differing in several things."""
    between, said = words("list.arm"), []
    for one in unequal_tuning(plan.arms):
        values = words("list.comma").join(value(each) for each in one.values)
        arms, others = between.join(one.arms), between.join(one.others)
        said.append(words("warning.tuning", path=one.path, values=values, arms=arms, others=others))
    for pair in confounded_pairs(plan.arms, plan.study.claims):
        settings, paths = words.count("setting", len(pair.paths)), words("list.comma").join(pair.paths)
        said.append(words("warning.pair", arm=pair.arm, than=pair.than, settings=settings, paths=paths))
    return said


def found_afterwards(evidence: Evidence, words: Words) -> str:
    """What this many seeds would have found, with the spread they turned out to have; empty without a spread."""
    study, family = evidence.plan.study, len(evidence.compared)
    spread = pooled_spread([arm.values(study.metric) for arm in evidence.arms])
    if spread is None or not family or len(study.seeds) < 2:
        return ""
    level = look_level(study.alpha / family, study.looks, pairing=study.pairing)
    effect = detectable_effect(len(study.seeds), spread.sd, level, pairing=study.pairing)
    if effect > 1:
        return ""
    named = _named(evidence.plan, words)
    return words("sure.detectable", effect=percent(effect), **named, **_spread(spread, words))


def _named(plan: Plan, words: Words) -> dict[str, str]:
    seeds, metric = words.count("seed", len(plan.study.seeds)), words(f"metric.{plan.study.metric}")
    return {"seeds": seeds, "power": f"{100 * POWER:.0f}", "metric": metric}


def _spread(spread: Spread, words: Words) -> dict[str, str]:
    low, high = spread.factors()
    return {
        "sd": percent(spread.sd),
        "trials": words.count("trial", spread.trials),
        "arms": words.count("arm", spread.arms),
        "low": f"{low:.2g}",
        "high": f"{high:.2g}",
    }
