"""The plan as it is written down before anything runs: what the report and `status` read."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from ceteris.study.arms import AGAIN
from ceteris.study.findings import Identity
from ceteris.study.record import DataFacts, ModelFacts
from ceteris.study.vocabulary import FULL, Study


@dataclass(frozen=True)
class PlannedTrial:
    """One trial of the plan; trials that share a seed form a block."""

    arm: str
    seed: int
    key: str


@dataclass(frozen=True)
class PlannedArm:
    """One arm of the plan.

    Attributes:
        name: as tables and figures call it; unique, the baseline is the plan's first arm.
        levels: factor path -> level, where it differs from the baseline.
        recipe: resolved.
        differs: dotted path -> [baseline's value, this arm's], everything in which it differs from the baseline;
            empty for the baseline.
        confounded: more differs than the one factor (or the one variant) that the arm is named for.
        data: what it trains on.
        model: parameters, MACs, layer table.
        seconds: predicted training time of one trial, None when nothing is known.
        seconds_from: where the prediction comes from: "records" of the same model here, or a "guess" from MACs.
    """

    name: str
    levels: Mapping[str, str]
    recipe: Mapping[str, Any]
    differs: Mapping[str, tuple[Any, Any]]
    confounded: bool
    data: DataFacts
    model: ModelFacts
    seconds: float | None
    seconds_from: str

    @property
    def again(self) -> bool:
        """It is the baseline under other seeds: an A/A check."""
        return AGAIN in self.levels


@dataclass(frozen=True)
class Plan:
    """The keyed, counted, priced trials of a study at one scale.

    Attributes:
        study: at this scale: its `seeds` and `margin` are those that count; recipes are in `arms`.
        scale: "full", "laptop", "smoke", ...
        overrides: `--set` values, already in the arms' recipes.
        arms: baseline first.
        trials: block by block, baseline first in each; the block of an A/A check's seed is the one at its place.
        source: how the user named the study on the command line, to print commands that repeat it.
        options: further command line options that repeat it (`--data-dir` left out).
        ceteris: version that planned.
        probes: identities of the study's probes: name, version and all options.
        threads: of every trial on the CPU, where they were measured; None where counting trials and cores decides.
        resources: where it was last run, as `ceteris.lab.sharing.Resources` takes it; prices are of such a run.
    """

    study: Study
    scale: str
    overrides: Mapping[str, Any]
    arms: tuple[PlannedArm, ...]
    trials: tuple[PlannedTrial, ...]
    source: str
    options: tuple[str, ...]
    ceteris: str
    probes: tuple[Identity, ...] = ()
    threads: int | None = None
    resources: Mapping[str, Any] = field(default_factory=dict)

    @property
    def baseline(self) -> PlannedArm:
        return self.arms[0]

    @cached_property
    def _by_arm(self) -> dict[str, list[PlannedTrial]]:
        found: dict[str, list[PlannedTrial]] = {}
        for trial in self.trials:
            found.setdefault(trial.arm, []).append(trial)
        return found

    def trials_of(self, arm: str) -> list[PlannedTrial]:
        """In the order of the study's seeds."""
        return list(self._by_arm.get(arm, ()))

    def same_recipe(self, arm: str) -> str | None:
        """The first arm before it with the very same trials: one recipe under two names. None when there is none."""
        for earlier in self.arms[: [each.name for each in self.arms].index(arm)]:
            if [t.key for t in self.trials_of(earlier.name)] == [t.key for t in self.trials_of(arm)]:
                return earlier.name
        return None

    @property
    def scale_and_changes(self) -> str:
        """The scale with what `--set` changed in it: "full", "full (epochs=5)"."""
        changes = ", ".join(f"{path}={value}" for path, value in self.overrides.items())
        return f"{self.scale} ({changes})" if changes else self.scale

    def command(self, verb: str) -> str:
        """`ceteris VERB ...` with all that repeats this plan, exact enough to paste."""
        scale = [] if "--scale" in self.options or self.scale == FULL else ["--scale", self.scale]
        return f"ceteris {verb} {shlex.join([self.source, *scale, *self.options])}"

    def export_command(self, key: str) -> str:
        """`ceteris export ...` of one trial, with the user's own modules that its network may need."""
        own = [value for option, value in zip(self.options, self.options[1:], strict=False) if option == "--import"]
        if ":" in self.source and not self.source.endswith((".yaml", ".yml")):
            own.append(self.source.partition(":")[0])
        return shlex.join(["ceteris", "export", key, "--to", "trained", *(f"--import={name}" for name in own)])

    def to_json(self) -> bytes:
        return _PLAN.dump_json(self, indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> Plan:
        """Read a manifest back. Raises pydantic.ValidationError when it is not one."""
        return _PLAN.validate_json(text)


_PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)
