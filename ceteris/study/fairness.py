"""Whether two arms may be compared at face value: what differs between them, and how much each of them was tuned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ceteris.study.arms import VARIANT
from ceteris.study.claims import Claim
from ceteris.study.keys import canonical_json
from ceteris.study.manifest import PlannedArm
from ceteris.study.paths import differences, value_at


@dataclass(frozen=True)
class ConfoundedPair:
    """Two arms, neither of them the baseline, that a claim compares and that differ in more than one thing."""

    arm: str
    than: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class UnequalTuning:
    """A setting that was varied more for some arms than for others.

    Attributes:
        path: of the setting, `optimizer.lr`.
        values: tried for the arms that it was varied most for, which differ in tuned settings only.
        arms: their names.
        others: names of the arms that had fewer values.
    """

    path: str
    values: tuple[Any, ...]
    arms: tuple[str, ...]
    others: tuple[str, ...]


def recipe_differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Settings in which two resolved recipes differ: dotted path -> both values; versions of parts are no setting."""
    return {path: values for path, values in differences(first, second).items() if not path.endswith(".version")}


def is_confounded(changed: Collection[str], differs: Collection[str]) -> bool:
    """Whether two arms differ in more than the one thing they are told apart by.

    Args:
        changed: factors, by dotted path, or "variant", whose levels differ.
        differs: paths at which the recipes differ.
    """
    if len(changed) == 1 and VARIANT not in changed:
        (factor,) = changed
        return any(not (_within(path, factor) or _within(factor, path)) for path in differs)
    return len(differs) > 1


def confounded_pairs(arms: Sequence[PlannedArm], claims: Sequence[Claim]) -> list[ConfoundedPair]:
    """Pairs that tested claims compare without the baseline; an arm against the baseline is marked in the plan itself.

    Args:
        arms: of the plan, baseline first.
        claims: of its study.
    """
    planned = {arm.name: arm for arm in arms[1:]}
    compared = [(one.arm, one.than) for claim in claims for one in claim.all if not one.exact]
    found = []
    for arm, than in dict.fromkeys(compared):
        if arm in planned and than in planned:
            ours, theirs = planned[arm], planned[than]
            paths = tuple(recipe_differences(theirs.recipe, ours.recipe))
            changed = {path for path, _ in ours.levels.items() ^ theirs.levels.items()}
            if is_confounded(changed, paths):
                found.append(ConfoundedPair(arm, than, paths))
    return found


def unequal_tuning(arms: Sequence[PlannedArm]) -> list[UnequalTuning]:
    """Options of the optimizer, and batch sizes, of which some arms were given more values than others.

    Arms that are equal but for these settings count as one that was tuned. Only arms that have the setting at all are
    compared: momentum says nothing about an optimizer without it.
    """
    groups: dict[str, list[PlannedArm]] = {}
    for arm in arms:
        groups.setdefault(canonical_json(_untuned(arm.recipe)), []).append(arm)
    paths = dict.fromkeys(path for arm in arms for path in _tuned(arm.recipe))
    found = [_tuning(path, [g for g in groups.values() if path in _tuned(g[0].recipe)]) for path in paths]
    return [one for one in found if one]


def _tuning(path: str, groups: Sequence[Sequence[PlannedArm]]) -> UnequalTuning | None:
    tried = [tuple(dict.fromkeys(_hashable(value_at(arm.recipe, path)) for arm in group)) for group in groups]
    most = max(map(len, tried))
    others = [arm.name for group, values in zip(groups, tried, strict=True) if len(values) < most for arm in group]
    if not others:
        return None
    values, members = next((values, group) for group, values in zip(groups, tried, strict=True) if len(values) == most)
    return UnequalTuning(path, values, tuple(arm.name for arm in members), tuple(others))


def _tuned(recipe: Mapping[str, Any]) -> list[str]:
    options = [name for name in recipe["optimizer"] if name not in ("name", "version")]
    return [*(f"optimizer.{name}" for name in options), "batch_size"]


def _untuned(recipe: Mapping[str, Any]) -> dict[str, Any]:
    optimizer = {name: recipe["optimizer"][name] for name in ("name", "version")}
    return {**recipe, "optimizer": optimizer, "batch_size": None}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _within(path: str, whole: str) -> bool:
    """Whether a path is another, or lies in it."""
    return f"{path}.".startswith(f"{whole}.")
