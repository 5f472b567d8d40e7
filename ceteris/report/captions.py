"""What each figure shows, in sentences made from its numbers; and how sure the whole is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ceteris.report.confusions import Confusions
from ceteris.report.design import found_afterwards
from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.report.looks import price_sentences
from ceteris.report.numbers import percent, points
from ceteris.report.optimism import Habit
from ceteris.report.sentences import level
from ceteris.report.words import Words
from ceteris.stats.contrast import Verdict


def strip_caption(evidence: Evidence, words: Words) -> str:
    """How to read the strip, and its largest difference when there are several."""
    study, family = evidence.plan.study, len(evidence.compared)
    known = [(c.difference, c.arm) for c in evidence.compared if c.difference is not None]
    adjusted = words("strip.adjusted", contrasts=words.count("contrast", family)) if family > 1 else ""
    said = [
        words(
            "strip.caption",
            metric=words(f"metric.{study.metric}"),
            baseline=evidence.baseline.name,
            level=level(study.alpha),
            adjusted=adjusted,
            margin=percent(study.margin),
        )
    ]
    if family > 1 and known:
        difference, arm = max(known, key=lambda one: abs(one[0]))
        said.append(words("strip.largest", difference=points(difference), arm=arm))
    return words("list.sentence").join(said)


def learning_caption(evidence: Evidence, words: Words, floor: float) -> str:
    """Validation and training accuracy at the chosen epoch, per arm; then how to read the figure."""
    arms = [sentence for arm in evidence.arms if (sentence := _learned(arm, words))]
    said = [words("learning.caption", arms=words("list.arm").join(arms))] if arms else []
    return words("list.sentence").join([*said, words("learning.key", floor=f"{floor:g}")])


def _learned(arm: ArmEvidence, words: Words) -> str:
    chosen = [epoch for r in arm.records for epoch in r.epochs if epoch.epoch == r.chosen_epoch]
    if not chosen:
        return ""
    first, last = min(epoch.epoch for epoch in chosen), max(epoch.epoch for epoch in chosen)
    epochs = str(first) if first == last else words("learning.epochs", first=first, last=last)
    return words(
        "learning.arm",
        arm=arm.name,
        validation=percent(float(np.mean([epoch.validation_top1 for epoch in chosen]))),
        train=percent(float(np.mean([epoch.train_top1 for epoch in chosen]))),
        epochs=epochs,
    )


def cost_caption(evidence: Evidence, fronts: Mapping[str, Sequence[str]], words: Words) -> str:
    """The most accurate arm, and the front of each kind of cost (kind -> names of the arms on it)."""
    best = max((arm for arm in evidence.arms if arm.mean is not None), key=lambda arm: arm.mean or 0.0)
    metric = words(f"metric.{evidence.plan.study.metric}")
    said = [words("cost.caption", metric=metric, arm=best.name, mean=percent(best.mean or 0.0))]
    for kind, names in fronts.items():
        said.append(words("cost.front", cost=words(f"cost.{kind}"), arms=words.listed(list(names))))
    return words("list.sentence").join([*said, words("cost.key")])


def confusion_caption(found: Confusions, words: Words) -> str:
    """The baseline's largest confusion, and each arm's largest change that its seeds agree on."""
    evidence, said = found.evidence, []
    wrong = _off_diagonal(found.mean(evidence.baseline))
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    if wrong[row, column] > 0:
        cell = {"label": found.classes[row], "predicted": found.classes[column]}
        share = percent(float(wrong[row, column]))
        said.append(words("confusion.caption", arm=evidence.baseline.name, share=share, **cell))
    for arm in evidence.arms[1:]:
        changed = found.difference(arm)
        if changed is None:
            continue
        certain = np.abs(_off_diagonal(changed[0])) * changed[1]
        row, column = np.unravel_index(int(certain.argmax()), certain.shape)
        if not certain[row, column]:
            said.append(words("confusion.none", arm=arm.name))
            continue
        cell = {"label": found.classes[row], "predicted": found.classes[column]}
        difference = points(float(changed[0][row, column]))
        said.append(words("confusion.change", arm=arm.name, difference=difference, **cell))
    said.append(words("confusion.key", level=level(evidence.plan.study.alpha)))
    return words("list.sentence").join(said)


def _off_diagonal(matrix: np.ndarray | None) -> np.ndarray:
    kept = np.zeros((1, 1)) if matrix is None else matrix.copy()
    np.fill_diagonal(kept, 0)
    return kept


def habit_caption(found: Sequence[Habit], words: Words) -> str:
    """What each arm's best test epoch would have printed, and how much of that is optimism."""
    arms = [
        words(
            "habit.arm",
            arm=one.arm.name,
            best=percent(one.best),
            chosen=percent(one.chosen),
            optimism=points(one.mean("optimism")),
            more=percent(one.best - one.mean("last")),
        )
        for one in found
    ]
    return words("list.sentence").join([words("habit.caption", arms=words("list.arm").join(arms)), words("habit.note")])


def how_sure(evidence: Evidence, found: Sequence[Habit], words: Words) -> list[str]:
    """Test, family and threshold, what more seeds would do, test images against seeds, and optimism."""
    said = _tests(evidence, words)
    for contrast in evidence.contrasts:
        seeds = words.count("seed", len(contrast.seeds))
        if contrast.verdict is Verdict.UNDECIDED and contrast.seeds_to_decide and contrast in evidence.compared:
            more = words.count("seed", contrast.seeds_to_decide)
            said.append(words("sure.decide", arm=contrast.arm, seeds=seeds, more=more))
    said += [sentence for sentence in (found_afterwards(evidence, words), _test_set(evidence, words)) if sentence]
    if found:
        extra = sum(one.mean("optimism") for one in found) / len(found)
        said.append(words("sure.optimism", optimism=percent(extra)))
    return said


def _tests(evidence: Evidence, words: Words) -> list[str]:
    """The test of the study's own contrasts with its family and threshold, and that of an A/A check."""
    study, family, said = evidence.plan.study, len(evidence.compared), []
    if family:
        test = "dunnett" if study.correction == "dunnett" else study.pairing
        said.append(words(f"sure.{test}", baseline=evidence.baseline.name, margin=percent(study.margin)))
    if family > 1 or (family and study.correction != "holm"):
        rule = "sure.family" if study.correction == "holm" else f"sure.correction.{study.correction}"
        said.append(words(rule, contrasts=words.count("contrast", family), alpha=f"{100 * study.alpha:g}"))
    elif family == 1:
        said.append(words("sure.one", alpha=f"{study.alpha:g}"))
    said += price_sentences(study, words) if family else []
    again = [arm.name for arm in evidence.arms if arm.planned.again]
    return said + [words("sure.check", arm=arm, alpha=f"{study.alpha:g}") for arm in again]


def _test_set(evidence: Evidence, words: Words) -> str:
    """Binomial error of one accuracy on this many images, beside the spread of the baseline's seeds."""
    arm = next((arm for arm in evidence.arms if len(arm.scored) > 1 and arm.mean is not None), None)
    sizes = [len(r.predictions["labels"]) for r in (arm.records if arm else []) if "labels" in r.predictions]
    if arm is None or arm.mean is None or not sizes:
        return ""
    error = (arm.mean * (1 - arm.mean) / sizes[0]) ** 0.5
    spread = float(np.std(list(arm.scores.scores.values()), ddof=1))
    return words(
        "sure.test_set",
        images=words.count("image", sizes[0]),
        arm=arm.name,
        mean=percent(arm.mean),
        se=percent(error),
        sd=percent(spread),
    )
