"""What the page shows, made in one place from a plan and its records; every number leads back to trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ceteris.stats.contrast import ArmScores, Contrast
from ceteris.stats.decide import contrasts, seeds_wanted
from ceteris.stats.intervals import mean_interval
from ceteris.study.findings import Findings
from ceteris.study.manifest import Plan, PlannedArm, PlannedTrial
from ceteris.study.record import SCORED, Cost, Record

MISSING = "missing"


@dataclass(frozen=True)
class Trial:
    """A planned trial with its record, if there is one; `anchor` is its place in the page."""

    planned: PlannedTrial
    record: Record | None
    anchor: str

    @property
    def seed(self) -> int:
        return self.planned.seed

    @property
    def status(self) -> str:
        return str(self.record.status) if self.record else MISSING

    def metric(self, name: str) -> float | None:
        """A metric of the test set, if this trial has a score that counts."""
        if self.record is None or self.record.status not in SCORED:
            return None
        return self.record.metrics.get(name)


@dataclass(frozen=True)
class ArmEvidence:
    """One arm: its plan, its trials in the order of the study's seeds, and its mean with interval.

    Attributes:
        index: place in the plan, which decides its colour, marker and dash.
        interval: of the mean over seeds at 1 - alpha (Student's t); None below two seeds,
            and for scores that are all the same.
    """

    index: int
    planned: PlannedArm
    trials: tuple[Trial, ...]
    scores: ArmScores
    mean: float | None
    interval: tuple[float, float] | None

    @property
    def name(self) -> str:
        return self.planned.name

    @property
    def anchor(self) -> str:
        return f"arm-{self.index}"

    @property
    def records(self) -> list[Record]:
        return [trial.record for trial in self.trials if trial.record]

    @property
    def scored(self) -> list[Trial]:
        """The trials whose score counts."""
        return [trial for trial in self.trials if trial.seed in self.scores.scores]

    def statuses(self) -> dict[str, int]:
        """Status -> how many trials ended so, in the order of first appearance."""
        counts: dict[str, int] = {}
        for trial in self.trials:
            counts[trial.status] = counts.get(trial.status, 0) + 1
        return counts

    def average(self, of: Callable[[Cost], float]) -> float | None:
        """Mean of one cost over the trials that were scored; None when there is none."""
        values = [of(trial.record.cost) for trial in self.scored if trial.record and trial.record.cost]
        return sum(values) / len(values) if values else None

    def values(self, name: str) -> list[float]:
        """A metric of every scored trial that has it, in the order of the seeds."""
        return [value for trial in self.scored if (value := trial.metric(name)) is not None]

    def metric_mean(self, name: str) -> float | None:
        values = self.values(name)
        return sum(values) / len(values) if values else None


@dataclass(frozen=True)
class Evidence:
    """A plan, what was recorded of it, and what follows: arms (baseline first) and the planned contrasts.

    `findings` are those of the plan's probes, by trial key. With looks an arm's trials are those up to the look that
    closed it, or up to the next one; `spared` holds the others, trained elsewhere or not.
    """

    plan: Plan
    arms: tuple[ArmEvidence, ...]
    contrasts: tuple[Contrast, ...]
    findings: Mapping[str, Sequence[Findings]] = field(default_factory=dict)
    spared: tuple[PlannedTrial, ...] = ()

    @property
    def baseline(self) -> ArmEvidence:
        return self.arms[0]

    def arm(self, name: str) -> ArmEvidence:
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def trials(self) -> list[Trial]:
        return [trial for arm in self.arms for trial in arm.trials]

    @property
    def records(self) -> list[Record]:
        return [trial.record for trial in self.trials if trial.record]

    @property
    def missing(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.record is None]

    @property
    def same_classes(self) -> bool:
        """All arms tell the same classes apart, so that their errors can be compared."""
        return len({arm.planned.data.classes for arm in self.arms}) == 1

    @cached_property
    def environments(self) -> list[tuple[Mapping[str, Any], list[Trial]]]:
        """The different environments, each with the trials that ran in it."""
        found: list[tuple[Mapping[str, Any], list[Trial]]] = []
        for trial in self.trials:
            if trial.record is None:
                continue
            for known, members in found:
                if known == trial.record.environment:
                    members.append(trial)
                    break
            else:
                found.append((trial.record.environment, [trial]))
        return found

    @property
    def compared(self) -> list[Contrast]:
        """The contrasts that answer the study's question: all but an A/A check."""
        return [contrast for contrast in self.contrasts if not self.arm(contrast.arm).planned.again]

    def same_recipe(self, contrast: Contrast) -> bool:
        """Both arms have the very same trials: one recipe under two names."""
        keys = [[trial.key for trial in self.plan.trials_of(n)] for n in (contrast.arm, contrast.baseline)]
        return keys[0] == keys[1]

    def relation(self, contrast: Contrast) -> str:
        """What is no comparison of two recipes: "same recipe" or "A/A check"; empty for a contrast of the question."""
        if self.same_recipe(contrast):
            return "same recipe"
        return "A/A check" if self.arm(contrast.arm).planned.again else ""

    def crosses_environments(self, contrast: Contrast) -> bool:
        """The contrast's trials ran in more than one environment."""
        sides = (self.arm(contrast.arm), self.arm(contrast.baseline))
        used = {trial.anchor for side in sides for trial in side.scored}
        return sum(any(trial.anchor in used for trial in members) for _, members in self.environments) > 1


def gather(
    plan: Plan, records: Mapping[str, Record], findings: Mapping[str, Sequence[Findings]] | None = None
) -> Evidence:
    """Join a plan with the records and findings that exist, by key, and decide the planned contrasts."""
    arms = tuple(_arm(plan, records, index, planned) for index, planned in enumerate(plan.arms))
    decided = tuple(decide(plan, arms))
    wanted = seeds_wanted(decided)
    if not wanted:
        return Evidence(plan, arms, decided, findings or {})
    shown = tuple(trial for trial in plan.trials if trial.seed < wanted[trial.arm])
    looked = replace(plan, trials=shown)
    arms = tuple(_arm(looked, records, index, planned) for index, planned in enumerate(plan.arms))
    spared = tuple(trial for trial in plan.trials if trial not in shown)
    return Evidence(plan, arms, decided, findings or {}, spared)


def decide(plan: Plan, arms: tuple[ArmEvidence, ...]) -> list[Contrast]:
    """The contrasts of all later arms with the first, as one family; an A/A check last, as a family of its own.

    The seeds of an A/A check are not the others', so nothing is paired in it, whatever the study plans.
    """
    study = plan.study
    confounded = {arm.name: arm.planned.confounded for arm in arms}
    planned = [arm.scores for arm in arms if not arm.planned.again]
    options: dict[str, Any] = {"correction": study.correction, "looks": study.looks, "futility": study.futility}
    made = contrasts(planned, confounded, study.margin, study.alpha, study.pairing, **options)
    check = [arm.scores for arm in arms if arm.planned.again]
    return made + contrasts([arms[0].scores, *check], confounded, study.margin, study.alpha, "independent")


def _arm(plan: Plan, records: Mapping[str, Record], index: int, planned: PlannedArm) -> ArmEvidence:
    trials = tuple(
        Trial(trial, records.get(trial.key), f"trial-{index}-{trial.seed}") for trial in plan.trials_of(planned.name)
    )
    metric = plan.study.metric
    known = {trial.seed: value for trial in trials if (value := trial.metric(metric)) is not None}
    lost = {trial.seed: trial.status for trial in trials if trial.record and trial.seed not in known}
    missing = tuple(trial.seed for trial in trials if trial.record is None)
    values = list(known.values())
    return ArmEvidence(
        index=index,
        planned=planned,
        trials=trials,
        scores=ArmScores(planned.name, known, lost, missing),
        mean=sum(values) / len(values) if values else None,
        interval=mean_interval(values, plan.study.alpha),
    )
