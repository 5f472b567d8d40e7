"""Numbers into sentences: verdicts, warnings and how sure they are. Captions of figures are in `captions`.

Only the words of the message tables; a verdict's word always comes from its contrast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ceteris.report.design import unfair
from ceteris.report.evidence import Evidence, Trial
from ceteris.report.looks import look_sentence
from ceteris.report.numbers import percent, points
from ceteris.report.words import Words
from ceteris.stats.contrast import NOT_SURVIVED, ArmScores, Contrast, Verdict
from ceteris.study.manifest import Plan
from ceteris.study.record import SCORED, Status
from ceteris.study.vocabulary import FULL


def verdict_sentences(evidence: Evidence, words: Words) -> list[str]:
    """One for each planned contrast, in the plan's order; one line that says so when nothing has run."""
    if not evidence.records:
        return [words("nothing_yet")]
    return [verdict_sentence(evidence, contrast, words) for contrast in evidence.contrasts]


@dataclass(frozen=True)
class Sides:
    """What a sentence needs beside a contrast: the outcomes of its two arms, and what their score is called."""

    arm: ArmScores
    baseline: ArmScores
    metric: str


def verdict_sentence(evidence: Evidence, contrast: Contrast, words: Words) -> str:
    """What may be said of one contrast of a study, with its number and interval."""
    arm, baseline = evidence.arm(contrast.arm), evidence.arm(contrast.baseline)
    if evidence.same_recipe(contrast):
        return words("verdict.same_recipe", arm=arm.name, baseline=baseline.name)
    sides = Sides(arm.scores, baseline.scores, words(f"metric.{evidence.plan.study.metric}"))
    told = check_sentence if arm.planned.again else contrast_sentence
    said = [told(contrast, sides, words), look_sentence(contrast, words), *_outcomes(evidence, contrast, words)]
    return words("list.sentence").join(filter(None, said))


def check_sentence(contrast: Contrast, sides: Sides, words: Words) -> str:
    """What came of an A/A check: one recipe under two sets of seeds, so that a difference found is a false alarm."""
    decided = contrast.verdict in (Verdict.BETTER, Verdict.WORSE)
    passed = contrast.verdict in (Verdict.SAME, Verdict.UNDECIDED) and contrast.interval is not None
    if not decided and not passed:
        return words("check.other", said=contrast_sentence(contrast, sides, words))
    values = _values(contrast, sides, words) | {"alpha": f"{100 * contrast.alpha:g}"}
    if decided:
        return words("check.alarm", **values | {"difference": percent(abs(contrast.difference or 0.0))})
    return words("check.passed", **values)


def contrast_sentence(contrast: Contrast, sides: Sides, words: Words) -> str:
    """What may be said of one contrast, whoever trained the arms, with its number and interval."""
    said = _said(contrast, sides, words)
    return words("verdict.listed", said=said) if contrast.correction == "exploratory" else said


def _said(contrast: Contrast, sides: Sides, words: Words) -> str:
    better = contrast.verdict is Verdict.BETTER
    values = _values(contrast, sides, words)
    if contrast.verdict in (Verdict.BETTER, Verdict.WORSE):
        values["difference"] = percent(abs(contrast.difference or 0.0))
        key = ("better" if better else "worse") + ("_by_margin" if contrast.by_margin else "")
        said = [words(f"verdict.{key}", **values)]
        said += [words("verdict.within", **values)] if contrast.within_margin else []
        said += [words("verdict.confounded")] if contrast.confounded else []
        return words("list.sentence").join(said)
    return words("list.sentence").join(_not_decided(contrast, sides, values, words))


def _values(contrast: Contrast, sides: Sides, words: Words) -> dict[str, str]:
    return {
        "arm": contrast.arm,
        "baseline": contrast.baseline,
        "metric": sides.metric,
        "margin": percent(contrast.margin),
        "seeds": words.count("seed", len(contrast.seeds)),
        "interval": interval_text(contrast, words, flipped=contrast.verdict is Verdict.WORSE),
        "difference": "" if contrast.difference is None else points(contrast.difference),
    }


def _not_decided(contrast: Contrast, sides: Sides, values: dict[str, str], words: Words) -> list[str]:
    if contrast.verdict is Verdict.SAME:
        reaches = contrast.adjusted_interval and max(map(abs, contrast.adjusted_interval)) > contrast.margin
        return [words("verdict.same", **values), *([words("verdict.wider")] if reaches else [])]
    if contrast.verdict is Verdict.UNDECIDED and contrast.interval is None and not contrast.looks:
        seen = [] if contrast.difference is None else [words("verdict.seen", **values)]
        return [words("verdict.not_yet", **values, reason=_why_not(contrast, sides, words)), *seen]
    if contrast.verdict is Verdict.UNDECIDED:
        more = contrast.seeds_to_decide
        decide = [words("verdict.seeds_to_decide", seeds=words.count("seed", more))] if more else []
        return [words("verdict.undecided", **values), *decide]
    seen = [] if contrast.difference is None else [words("verdict.seen", **values)]
    if contrast.verdict is Verdict.UNSTABLE:
        counts = words.listed(_losses(sides, words))
        return [words("verdict.unstable", **values, counts=counts), *seen]
    return [words("verdict.cannot", **values, reason=_why_not(contrast, sides, words)), *seen]


def _outcomes(evidence: Evidence, contrast: Contrast, words: Words) -> list[str]:
    """Trials at chance level that count in a contrast, trials that were stopped, and those that have not been run."""
    arms, said = (evidence.arm(contrast.arm), evidence.arm(contrast.baseline)), []
    for status, key in ((Status.DID_NOT_LEARN, "verdict.at_chance"), (Status.STOPPED, "verdict.left_out")):
        counts, shown = [], words(f"status.{status}")
        for arm in arms:
            used = [trial for trial in arm.trials if not contrast.look or trial.seed < contrast.look]
            if ended := sum(trial.status == status for trial in used):
                trials = words.count("trial", len(used))
                counts.append(words("reason.lost", lost=ended, trials=trials, arm=arm.name, status=shown))
        said += [words(key, counts=words.listed(counts))] if counts else []
    left = [(arm.name, [trial for trial in arm.trials if trial.record is None]) for arm in arms]
    where = [words("warning.missing_seeds", arm=name, seeds=seed_list(of, words)) for name, of in left if of]
    if where and not contrast.looks:
        said.append(words("verdict.interim", where=words("list.arm").join(where)))
    return said


def interval_text(contrast: Contrast, words: Words, *, flipped: bool = False) -> str:
    """The interval that goes with the verdict: adjusted when the family has more than one contrast.

    Args:
        contrast: whose interval.
        words: in which language.
        flipped: of baseline minus arm, for sentences that say "worse by".
    """
    if contrast.adjusted_interval is None:
        return words("interval.none")
    low, high = contrast.adjusted_interval
    if flipped:
        low, high = -high, -low
    kind = "adjusted" if contrast.family > 1 or contrast.looks else "named"
    plain = contrast.verdict in (Verdict.BETTER, Verdict.WORSE)
    low_text, high_text = (percent(end) if plain else points(end) for end in (low, high))
    return words(f"interval.{kind}", level=level(contrast.alpha), low=low_text, high=high_text)


def level(alpha: float) -> str:
    """Error rate 0.05 -> "95", a confidence in percent."""
    return f"{100 * (1 - alpha):g}"


def verdict_label(evidence: Evidence, contrast: Contrast, words: Words) -> str:
    """The verdict in as few words as it takes, for the strip and tables."""
    if evidence.same_recipe(contrast):
        return words("label.same recipe")
    if evidence.arm(contrast.arm).planned.again:
        return words("label.check", said=words(f"label.{contrast.verdict}"))
    said = words(f"label.{contrast.verdict}")
    return words("label.listed", said=said) if contrast.correction == "exploratory" else said


def modified_sentence(evidence: Evidence, words: Words) -> str:
    """That the data is not the official data set; empty when it is. It belongs at the very top."""
    facts = {arm.planned.data.fingerprint: arm.planned.data for arm in evidence.arms if not arm.planned.data.official}
    said = [
        words("modified.text", data=data.name, fingerprint=data.fingerprint.split(":")[-1][:12])
        for data in facts.values()
    ]
    return words("list.sentence").join(said)


def warnings(evidence: Evidence, words: Words) -> list[str]:
    """Everything a reader must know before using a number, most important first."""
    found = [_missing(evidence, words), *same_arms(evidence.plan, words)]
    found += [*_confounds(evidence, words), *unfair(evidence.plan, words), *_lost(evidence, words)]
    hopeless = [c.arm for c in evidence.contrasts if c.verdict is Verdict.CANNOT_DECIDE]
    if hopeless and evidence.records:
        found.append(words("warning.cannot", arms=words.listed(hopeless)))
    found += [*_environments(evidence, words), _epochs(evidence, words), _shared(evidence, words)]
    if evidence.plan.scale != FULL:
        found.append(words("warning.scale", scale=evidence.plan.scale))
    notes = [note for arm in evidence.arms for note in arm.planned.data.notes]
    notes += [note for record in evidence.records for note in record.data.notes]  # some are seen in pixels only
    return list(dict.fromkeys([sentence for sentence in found if sentence] + notes))


def same_arms(plan: Plan, words: Words) -> list[str]:
    """Which arms are another one once more: under other seeds (an A/A check), or under another name."""
    again = [arm.name for arm in plan.arms if arm.again]
    said = [words("check.warning", arm=arm, baseline=plan.baseline.name) for arm in again]
    twins = {arm.name: plan.same_recipe(arm.name) for arm in plan.arms}
    return said + [words("verdict.same_recipe", arm=arm, baseline=twin) for arm, twin in twins.items() if twin]


def seed_list(trials: Sequence[Trial], words: Words) -> str:
    """Their seeds: "seed 1", "seeds 0, 2"."""
    return words(f"seeds.{'one' if len(trials) == 1 else 'other'}", seeds=", ".join(str(t.seed) for t in trials))


def seeds_named(seeds: Sequence[int], words: Words) -> str:
    """The different ones among those seeds: "seed 1", "seeds 0, 2"."""
    distinct = list(dict.fromkeys(seeds))
    return words(f"seeds.{'one' if len(distinct) == 1 else 'other'}", seeds=", ".join(map(str, distinct)))


def _losses(sides: Sides, words: Words) -> list[str]:
    said = []
    for arm in (sides.arm, sides.baseline):
        trials = words.count("trial", len(arm.scores) + len(arm.lost) + len(arm.missing))
        for status, count in Counter(arm.lost.values()).items():
            if status in NOT_SURVIVED:
                shown = words(f"status.{status}")
                said.append(words("reason.lost", lost=count, trials=trials, arm=arm.name, status=shown))
    return said


def _why_not(contrast: Contrast, sides: Sides, words: Words) -> str:
    each = min(len(sides.arm.scores), len(sides.baseline.scores)) if contrast.seeds else 0
    seeds = len(contrast.differences) or each
    if seeds < 2:
        return words("reason.one_seed" if seeds else "reason.no_seed")
    return words("reason.no_spread" if contrast.interval is None else "reason.out_of_reach")


def _missing(evidence: Evidence, words: Words) -> str:
    if not evidence.missing:
        return ""
    where = []
    for arm in evidence.arms:
        left = [trial for trial in arm.trials if trial.record is None]
        if left:
            where.append(words("warning.missing_seeds", arm=arm.name, seeds=seed_list(left, words)))
    trials = words.count("trial", len(evidence.trials))
    return words("warning.missing", missing=len(evidence.missing), trials=trials, where="; ".join(where))


def _confounds(evidence: Evidence, words: Words) -> list[str]:
    return [
        words(
            "warning.confounded",
            arm=arm.name,
            baseline=evidence.baseline.name,
            settings=words.count("setting", len(arm.planned.differs)),
            paths=", ".join(arm.planned.differs),
        )
        for arm in evidence.arms
        if arm.planned.confounded
    ]


def _lost(evidence: Evidence, words: Words) -> list[str]:
    said = []
    for arm in evidence.arms:
        total = words.count("trial", len(arm.trials))
        for status in (Status.DIVERGED, Status.FAILED, Status.STOPPED, Status.DID_NOT_LEARN):
            ended = [trial for trial in arm.trials if trial.status == status]
            if ended:
                key = "warning.chance" if status in SCORED else "warning.lost"
                values = {"lost": len(ended), "trials": total, "seeds": seed_list(ended, words)}
                said.append(words(key, arm=arm.name, status=words(f"status.{status}"), **values))
    return said


def _environments(evidence: Evidence, words: Words) -> list[str]:
    crossing = [c for c in evidence.contrasts if evidence.crosses_environments(c)]
    return [
        words("warning.environments", arm=c.arm, baseline=c.baseline, names=", ".join(environment_changes(evidence)))
        for c in crossing
    ]


def environment_changes(evidence: Evidence) -> list[str]:
    """The entries in which the environments differ, each with its values: "threads 1 / 2"."""
    here = [environment for environment, _ in evidence.environments]
    names = dict.fromkeys(name for environment in here for name in environment)
    values = {name: list(dict.fromkeys(str(environment.get(name)) for environment in here)) for name in names}
    return [f"{name} {' / '.join(shown)}" for name, shown in values.items() if len(shown) > 1]


def _epochs(evidence: Evidence, words: Words) -> str:
    epochs = {arm.name: arm.planned.recipe.get("epochs") for arm in evidence.arms}
    if len(set(epochs.values())) < 2:
        return ""
    return words("warning.epochs", epochs=", ".join(f"{name} {count}" for name, count in epochs.items()))


def _shared(evidence: Evidence, words: Words) -> str:
    shared = sum(record.cost.shared_machine for record in evidence.records if record.cost)
    if not shared:
        return ""
    return words("warning.shared", shared=shared, trials=words.count("trial", len(evidence.records)))
