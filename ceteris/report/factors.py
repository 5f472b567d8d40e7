"""Factorial designs: which factors matter, whether one depends on another, in a table and in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.report.numbers import MINUS, NONE, p_value, percent, points
from ceteris.report.sentences import level
from ceteris.report.tables import Cell, Table
from ceteris.report.words import Words
from ceteris.stats.contrast import NOT_SURVIVED
from ceteris.stats.factorial import Effect, Factorial, detectable, effects_of, factorial
from ceteris.stats.power import POWER
from ceteris.stats.simple_effects import SimpleEffect, focus
from ceteris.study.design import Design, factorial_design
from ceteris.study.manifest import Plan

TIMES = " × "


@dataclass(frozen=True)
class Factors:
    """A factorial design and what its trials say.

    Attributes:
        design: arms by their levels.
        found: the analysis; None where there is none to trust.
        lost, empty: arms with a trial that diverged or failed, and without any score: why there is none.
        metric, alpha, blocked: what is measured, error rate, and whether seeds are blocks.
    """

    design: Design
    found: Factorial | None
    lost: tuple[str, ...]
    empty: tuple[str, ...]
    metric: str
    alpha: float
    blocked: bool


def factors(evidence: Evidence) -> Factors | None:
    """The analysis of a factorial study; None for any other design.

    A combination without a score leaves interactions open, and after a lost trial the rest are a selection: neither is
    analysed. Registered looks share alpha equally among them (Bonferroni): the study may have stopped at any of them.
    """
    design, study = factorial_design(evidence.plan), evidence.plan.study
    if design is None:
        return None
    cells = [evidence.arm(name) for name in design.arms]
    lost = tuple(arm.name for arm in cells if any(status in NOT_SURVIVED for status in arm.scores.lost.values()))
    empty = tuple(arm.name for arm in cells if not arm.scores.scores)
    blocked = study.pairing == "paired"
    each = study.alpha / max(1, len(study.looks))
    found = None if lost or empty else _analysed(design, cells, each, blocked=blocked)
    return Factors(design, found, lost, empty, study.metric, study.alpha, blocked)


def effects_table(shown: Factors, words: Words) -> Table | None:
    """A row per effect, interactions first: df, F, p, and the difference of effects of two levels; None without any."""
    if shown.found is None:
        return None
    names = ("factors.effect", "factors.freedom", "factors.f", "page.p", "page.p_adjusted")
    headings = [*(words(name) for name in names), words("factors.difference"), words("page.verdict")]
    rows = tuple(_effect(shown.found, effect, words) for effect in shown.found.effects)
    return Table("factors", words("section.factors"), tuple(headings), rows, (0, len(headings) - 1))


def simple_table(shown: Factors, words: Words) -> Table | None:
    """A row per simple effect; None when no interaction was found."""
    if shown.found is None or not shown.found.simple:
        return None
    names = ("factors.within", "factors.compared", "page.difference", "page.adjusted", "page.p", "page.p_adjusted")
    headings = [*(words(name) for name in names), words("page.verdict")]
    rows = tuple(_simple(one, words) for one in shown.found.simple)
    return Table("simple-effects", words("factors.simple"), tuple(headings), rows, (0, 1, len(headings) - 1))


def factor_sentences(shown: Factors, words: Words) -> list[str]:
    """What may be said of the factors, interactions first; or why nothing may."""
    if shown.found is None:
        arms = words.listed(list(shown.lost or shown.empty))
        return [words("factors.lost" if shown.lost else "factors.empty", arms=arms)]
    if not any(effect.p is not None for effect in shown.found.effects):
        return [words("factors.untested")]
    said = [_sentence(shown, shown.found, effect, words) for effect in shown.found.effects]
    averages = [name for name in shown.design.factors if shown.found.depends(name)]
    if averages:
        said.append(words("factors.averages", factors=words.listed(averages)))
    said += [_method(shown, shown.found, words)]
    looks = round(shown.alpha / shown.found.alpha)
    said += [words("factors.looks", looks=looks, level=f"{100 * shown.found.alpha:.3g}")] if looks > 1 else []
    return [sentence for sentence in said if sentence]


def interaction_sentences(shown: Factors, words: Words) -> list[str]:
    """Of those only what is said of interactions: the first thing to know of a factorial study."""
    if shown.found is None:
        return factor_sentences(shown, words)
    interactions = [effect for effect in shown.found.effects if effect.order > 1 and effect.p is not None]
    said = [_sentence(shown, shown.found, effect, words) for effect in interactions]
    return [sentence for sentence in said if sentence]


def factor_values(evidence: Evidence, words: Words) -> dict[str, Any] | None:
    """The analysis as plain values; None for other designs."""
    shown = factors(evidence)
    if shown is None:
        return None
    found: Mapping[str, Any] = asdict(shown.found) if shown.found else {}
    levels = {name: list(known) for name, known in shown.design.levels.items()}
    return {"levels": levels, **found, "sentences": factor_sentences(shown, words)}


def planned_sentences(plan: Plan, sd: float, words: Words) -> list[str]:
    """What a factorial plan will test, interactions first, and the smallest dependence that it can find.

    Args:
        plan: of any design; nothing is said of one that is not factorial.
        sd: expected of one arm's seeds, a fraction.
        words: in which language.
    """
    design = factorial_design(plan)
    if design is None:
        return []
    terms = [TIMES.join(term) for term in effects_of(design.factors)]
    said = [words("factors.planned", effects=words("list.comma").join(terms), n=len(terms))]
    seeds, cells = len(plan.study.seeds), len(design.arms)
    freedom = (seeds - 1) * (cells - 1 if plan.study.pairing == "paired" else cells)
    if freedom < 1:
        return said
    alpha = plan.study.alpha / max(1, len(plan.study.looks)) / len(terms)
    found = []
    for pair in (term for term in effects_of(design.factors) if len(term) == 2):
        counts = [len(design.levels[name]) for name in pair]
        effect = detectable(counts, cells // math.prod(counts), seeds, sd, freedom, alpha=alpha)
        found.append(words("factors.planned_pair", pair=TIMES.join(pair), effect=percent(effect)))
    return [*said, words("factors.planned_power", power=f"{100 * POWER:.0f}", pairs=words("list.comma").join(found))]


def _analysed(design: Design, cells: Sequence[ArmEvidence], alpha: float, *, blocked: bool) -> Factorial:
    rows = [(design.arms[arm.name], seed, score) for arm in cells for seed, score in arm.scores.scores.items()]
    levels = {name: [combination[place] for combination, _, _ in rows] for place, name in enumerate(design.levels)}
    seeds = [seed for _, seed, _ in rows] if blocked else None
    return factorial(levels, [score for _, _, score in rows], seeds, alpha)


def _effect(found: Factorial, effect: Effect, words: Words) -> tuple[Cell, ...]:
    size = 2 ** (effect.order - 1)
    difference = NONE if effect.estimate is None else points(size * effect.estimate)
    small = ""
    if effect.interval:
        small = f"[{', '.join(points(size * end) for end in effect.interval)}]"
    freedom = f"{effect.freedom}, {found.residual_freedom}"
    f = NONE if effect.f is None else f"{effect.f:.2f}"
    return (
        Cell(TIMES.join(effect.factors)),
        Cell(freedom),
        Cell(f),
        Cell(p_value(effect.p)),
        Cell(p_value(effect.p_adjusted)),
        Cell(difference, small),
        Cell(_word(found, effect, words)),
    )


def _word(found: Factorial, effect: Effect, words: Words) -> str:
    if effect.p is None:
        return words("factors.word.untested")
    above = [one for one in found.effects if one.found and set(effect.factors) < set(one.factors)]
    if above:
        others = [name for name in above[0].factors if name not in effect.factors]
        return words("factors.word.depends", others=words.listed(others))
    return words("factors.word.found" if effect.found else "factors.word.not_found")


def _simple(one: SimpleEffect, words: Words) -> tuple[Cell, ...]:
    within = ", ".join(f"{name} {where}" for name, where in one.within.items())
    interval = NONE if one.interval is None else f"[{', '.join(points(end) for end in one.interval)}]"
    better = (one.difference or 0.0) > 0
    label = ("better" if better else "worse") if one.found else "undecided"
    return (
        Cell(within),
        Cell(f"{one.factor}: {one.level} {MINUS} {one.reference}"),
        Cell(NONE if one.difference is None else points(one.difference)),
        Cell(interval),
        Cell(p_value(one.p)),
        Cell(p_value(one.p_adjusted)),
        Cell(words(f"label.{label}")),
    )


def _sentence(shown: Factors, found: Factorial, effect: Effect, words: Words) -> str:
    """Empty for what an interaction of more factors takes the meaning from, and for what could not be tested."""
    inside = any(one.found and set(effect.factors) < set(one.factors) for one in found.effects)
    if effect.p is None or inside:
        return ""
    first = focus(effect.factors, shown.design.levels)
    others = [name for name in effect.factors if name != first]
    values = {
        "factor": first,
        "others": words.listed(others),
        "metric": words(f"metric.{shown.metric}"),
        "test": words("factors.test", f=f"{effect.f:.2f}", p=p_value(effect.p_adjusted)),
        "smallest": percent(effect.detectable or 0.0),
        "power": f"{100 * POWER:.0f}",
    }
    if effect.order > 2:
        return words("factors.depends_jointly" if effect.found else "factors.no_joint_dependence", **values)
    if effect.order == 2:
        return words("factors.depends" if effect.found else "factors.no_dependence", **values)
    if not effect.found:
        return words("factors.no_difference", **values)
    if effect.estimate is None or effect.interval is None:
        return words("factors.matters", **values)
    reference, other = shown.design.levels[first]
    low, high = (points(end) for end in effect.interval)
    interval = words("interval.adjusted", level=level(shown.alpha), low=low, high=high)
    values |= {"level": other, "reference": reference, "difference": points(effect.estimate), "interval": interval}
    return words("factors.differs", **values)


def _method(shown: Factors, found: Factorial, words: Words) -> str:
    effects = words.count("effect", len(found.effects))
    key = "factors.blocked" if shown.blocked else "factors.independent"
    return words(key, freedom=found.residual_freedom, effects=effects, alpha=f"{100 * shown.alpha:g}")
