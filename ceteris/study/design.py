"""The arms of a factorial plan by their levels: which combination each of them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ceteris.study.arms import VARIANT
from ceteris.study.manifest import Plan
from ceteris.study.paths import value_at
from ceteris.study.vocabulary import Factor, level_name

BASELINE = "baseline"


@dataclass(frozen=True)
class Design:
    """A full factorial of two factors or more.

    Attributes:
        levels: factor -> names of its levels, the baseline's first.
        arms: arm -> its level of each factor, in the factors' order; baseline first.
    """

    levels: Mapping[str, tuple[str, ...]]
    arms: Mapping[str, tuple[str, ...]]

    @property
    def factors(self) -> tuple[str, ...]:
        """Their names, in the study's order; variants, as one factor, come first."""
        return tuple(self.levels)


def factorial_design(plan: Plan) -> Design | None:
    """The plan's arms as combinations of levels; None when its design is not factorial, or has one factor."""
    study = plan.study
    names = Counter(factor.name for factor in study.factors)
    shown = {factor.path: factor.path if names[factor.name] > 1 else factor.name for factor in study.factors}
    levels = {factor.path: (_baseline_level(plan, factor), *factor.levels) for factor in study.factors}
    if study.variants:
        shown[VARIANT] = VARIANT
        levels = {VARIANT: (_apart(BASELINE, study.variants), *study.variants)} | levels
    if study.design != "factorial" or len(levels) < 2:
        return None
    arms = {
        arm.name: tuple(arm.levels.get(path, known[0]) for path, known in levels.items())
        for arm in plan.arms
        if not arm.again
    }
    return Design({shown[path]: known for path, known in levels.items()}, arms)


def _baseline_level(plan: Plan, factor: Factor) -> str:
    given = value_at(plan.study.baseline.plain(), factor.path)
    value = value_at(plan.baseline.recipe, factor.path) if given is None else given
    return _apart(level_name(value), factor.levels)


def _apart(name: str, levels: Mapping[str, object]) -> str:
    """The name, or another one where a level has it."""
    return f"{name} ({BASELINE})" if name in levels else name
