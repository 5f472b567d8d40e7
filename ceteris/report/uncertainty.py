"""What a contrast's uncertainty is made of: seeds and test images, what pairing bought, how large the effect is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ceteris.report.answers import Answers, incomparable, right_answers
from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.report.numbers import MINUS, NONE, points
from ceteris.report.sentences import level
from ceteris.report.tables import Cell, Table, arm_cell
from ceteris.report.words import Words
from ceteris.stats.contrast import ArmScores, Contrast, Verdict
from ceteris.stats.crossed import Crossed, crossed
from ceteris.stats.effect import EffectSize, paired_effect, pairing_ratio

Interval = tuple[float, float]

MOST = 0.75
"""Share of the variance from which on the rest hardly matters: without the rest the error shrinks by 13 %."""
TOLERANCE = 0.001
"""How far the mean of correctness may lie from the difference of the scores: logits are stored rounded."""
BOUGHT, COST = 0.8, 1.25
"""Ratios of variances between which pairing did little."""


@dataclass(frozen=True)
class Uncertainty:
    """One contrast, measured beyond its verdict.

    Attributes:
        contrast: whose.
        crossed: seeds against images; None where `reason` says why not.
        new_images: interval of the difference on new images, at the confidence of the contrast's adjusted interval.
        effect: of the paired differences; None without enough of them.
        ratio: variance of the difference over that of unpaired arms; None without spread or below 3 seeds.
        reason: "unstable", "independent", "few_seeds", "no_spread", "no_predictions", "other_images" or
            "other_scores" (the predictions do not give the scores compared); empty with an interval on new images.
    """

    contrast: Contrast
    crossed: Crossed | None
    new_images: Interval | None
    effect: EffectSize | None
    ratio: float | None
    reason: str = ""


def uncertainties(evidence: Evidence) -> list[Uncertainty]:
    """Of every planned contrast that compares two recipes, in the plan's order."""
    return [uncertainty_of(evidence, c) for c in evidence.contrasts if not evidence.same_recipe(c)]


def uncertainty_of(evidence: Evidence, contrast: Contrast) -> Uncertainty:
    """Of one contrast of a study, from the test predictions of its trials."""
    arm, baseline = evidence.arm(contrast.arm), evidence.arm(contrast.baseline)
    reason = incomparable(contrast, arm, baseline)
    metric = evidence.plan.study.metric
    correct = (right_answers(arm, metric), right_answers(baseline, metric)) if not reason else ({}, {})
    return measured(contrast, arm.scores, baseline.scores, *correct, reason=reason)


def measured(
    contrast: Contrast, arm: ArmScores, baseline: ArmScores, ours: Answers, theirs: Answers, *, reason: str = ""
) -> Uncertainty:
    """From correctness by seed, whoever trained the arms.

    Args:
        contrast: `arm` minus `baseline`.
        arm, baseline: their scores.
        ours, theirs: their correctness, on the same images in the same order.
        reason: why correctness cannot be compared, where that is known already.
    """
    seeds = [seed for seed in contrast.seeds if seed in arm.scores and seed in baseline.scores]
    scores = [[side.scores[seed] for seed in seeds] for side in (arm, baseline)]
    paired = len(contrast.differences) > 0
    table, reason = _table(contrast, seeds, ours, theirs, reason)
    return Uncertainty(
        contrast=contrast,
        crossed=table,
        new_images=_on_new_images(contrast, table) if table and not reason else None,
        effect=paired_effect(contrast.differences, contrast.alpha),
        ratio=pairing_ratio(*scores) if paired else None,
        reason=reason,
    )


def uncertainty_sentences(one: Uncertainty, metric: str, words: Words) -> list[str]:
    """On this test set, on new images, which of seeds and images it is, and what pairing bought.

    Args:
        one: what was measured.
        metric: what the score is called.
        words: in which language.
    """
    contrast = one.contrast
    if contrast.difference is None:
        return []
    values = {"arm": contrast.arm, "baseline": contrast.baseline, "difference": points(contrast.difference)}
    values |= {"metric": metric, "seeds": words.count("seed", len(contrast.seeds))}
    here = words("uncertainty.here", **values, interval=_interval(contrast, contrast.adjusted_interval, words))
    said = [here, *_new_images(one, values, words)]
    if one.ratio is not None and contrast.correlation is not None:
        bought = "bought" if one.ratio < BOUGHT else "cost" if one.ratio > COST else "little"
        ratio, r = _decimal(one.ratio, 2), _decimal(contrast.correlation, 2)
        said.append(words(f"uncertainty.{bought}", r=r, ratio=ratio, seeds=values["seeds"]))
    return said


def full_sentences(one: Uncertainty, metric: str, words: Words) -> list[str]:
    """`uncertainty_sentences` with the variance components and the effect size."""
    said = uncertainty_sentences(one, metric, words)
    if one.crossed and not one.reason:
        parts = {"seeds": one.crossed.seeds, "images": one.crossed.images, "residual": one.crossed.residual}
        components = {name: f"{part.value:.3g}" for name, part in parts.items()}
        said.append(words("uncertainty.components", **components))
    if one.effect:
        low, high = (_decimal(end, 2) for end in one.effect.interval)
        shown = level(one.contrast.alpha)
        said.append(words("uncertainty.effect", g=_decimal(one.effect.g, 2), level=shown, low=low, high=high))
    return said


@dataclass(frozen=True)
class Section:
    """What a report shows of it all: a table with its key, sentences by contrast, and rows for a CSV file."""

    table: Table
    key: str
    sentences: Sequence[str]
    rows: Sequence[Mapping[str, Any]]


def uncertainty_section(evidence: Evidence, words: Words) -> Section | None:
    """Of all planned contrasts; None when there is no difference yet."""
    study, found = evidence.plan.study, [one for one in uncertainties(evidence) if one.contrast.difference is not None]
    if not found:
        return None
    family = max(one.contrast.family for one in found)
    adjusted = words("uncertainty.adjusted", contrasts=words.count("contrast", family)) if family > 1 else ""
    metric, between = words(f"metric.{study.metric}"), words("list.sentence")
    return Section(
        table=uncertainty_table(evidence, found, words),
        key=words("uncertainty.key", adjusted=adjusted, level=level(study.alpha)),
        sentences=[between.join(uncertainty_sentences(one, metric, words)) for one in found],
        rows=[uncertainty_values(one) for one in found],
    )


def uncertainty_table(evidence: Evidence, found: Sequence[Uncertainty], words: Words) -> Table:
    """One row per contrast."""
    names = ("here", "new", "share", "ratio", "effect")
    headings = [words("page.arm"), words("page.difference"), *(words(f"uncertainty.column.{name}") for name in names)]
    rows = tuple(_row(evidence.arm(one.contrast.arm), one) for one in found)
    return Table("uncertainty", words("uncertainty.title"), tuple(headings), rows)


def uncertainty_values(one: Uncertainty) -> dict[str, Any]:
    """The numbers by name, fractions; a variance component is given as estimated, also where it is negative."""
    contrast, table = one.contrast, one.crossed
    here, there = (table.this_test_set, table.new_images) if table else (None, None)
    low, high = one.new_images or (None, None)
    effect_low, effect_high = one.effect.interval if one.effect else (None, None)
    return {
        "arm": contrast.arm,
        "baseline": contrast.baseline,
        "images": table.n_images if table else None,
        "se_this_test_set": here.error if here else None,
        "se_new_images": there.error if there else None,
        "df_new_images": there.freedom if there else None,
        "new_low": low,
        "new_high": high,
        "ms_seeds": table.ms_seeds if table else None,
        "ms_images": table.ms_images if table else None,
        "ms_residual": table.ms_residual if table else None,
        "variance_seeds": table.seeds.raw if table else None,
        "variance_images": table.images.raw if table else None,
        "variance_residual": table.residual.raw if table else None,
        "image_share": table.image_share if table else None,
        "correlation": contrast.correlation,
        "pairing_ratio": one.ratio,
        "effect_d": one.effect.d if one.effect else None,
        "effect_g": one.effect.g if one.effect else None,
        "effect_low": effect_low,
        "effect_high": effect_high,
        "reason": one.reason,
    }


def _obstacle(contrast: Contrast, seeds: Sequence[int], ours: Answers, theirs: Answers) -> str:
    """Why seeds and images cannot be told apart; empty when they can."""
    if contrast.verdict is Verdict.UNSTABLE:
        return "unstable"
    if contrast.difference is not None and not contrast.differences:
        return "independent"
    if len(seeds) < 2:
        return "few_seeds"
    if any(seed not in side for side in (ours, theirs) for seed in seeds):
        return "no_predictions"
    sizes = {len(side[seed]) for side in (ours, theirs) for seed in seeds}
    return "other_images" if len(sizes) > 1 or min(sizes) < 2 else ""


def _table(
    contrast: Contrast, seeds: Sequence[int], ours: Answers, theirs: Answers, reason: str
) -> tuple[Crossed | None, str]:
    obstacle = _obstacle(contrast, seeds, ours, theirs)
    if obstacle:
        return None, reason if obstacle == "no_predictions" and reason else obstacle
    table = crossed(np.array([ours[seed].astype(np.int8) - theirs[seed] for seed in seeds]))
    if abs(table.mean - (contrast.difference or 0.0)) > TOLERANCE:
        return None, "other_scores"
    return table, "" if table.new_images else "no_spread"


def _on_new_images(contrast: Contrast, table: Crossed) -> Interval | None:
    """At the level of the contrast's adjusted interval, which its width on this test set tells."""
    from scipy.special import stdtr

    here = table.this_test_set
    if contrast.adjusted_interval is None or here is None:
        return None
    low, high = contrast.adjusted_interval
    alpha = 2 * float(stdtr(here.freedom, -(high - low) / (2 * here.error)))
    return table.interval(alpha)


def _interval(contrast: Contrast, interval: Interval | None, words: Words) -> str:
    if interval is None:
        return words("interval.none")
    low, high = (points(end) for end in interval)
    kind = "adjusted" if contrast.family > 1 or contrast.looks else "named"
    return words(f"interval.{kind}", level=level(contrast.alpha), low=low, high=high)


def _new_images(one: Uncertainty, values: Mapping[str, str], words: Words) -> list[str]:
    if one.new_images is None or one.crossed is None:
        return [words(f"uncertainty.without.{one.reason}")] if one.reason else []
    images = words.count("image", one.crossed.n_images)
    interval = _interval(one.contrast, one.new_images, words)
    here = one.contrast.adjusted_interval
    as_wide = here is not None and np.allclose(one.new_images, here)
    said = [words(f"uncertainty.{'as_wide' if as_wide else 'new'}", **values, interval=interval, images=images)]
    if _decided(one.contrast.adjusted_interval) and not _decided(one.new_images):
        said.append(words("uncertainty.only_here"))
    share = one.crossed.image_share
    if share is not None:
        part = "images" if share >= MOST else "seeds" if share <= 1 - MOST else "both"
        said.append(words(f"uncertainty.share.{part}", images=f"{100 * share:.0f}", seeds=f"{100 * (1 - share):.0f}"))
    return said


def _decided(interval: Interval | None) -> bool:
    return interval is not None and (interval[0] > 0 or interval[1] < 0)


def _row(arm: ArmEvidence, one: Uncertainty) -> tuple[Cell, ...]:
    contrast, share = one.contrast, one.crossed.image_share if one.crossed else None
    return (
        arm_cell(arm, f"#contrast-{arm.index}"),
        Cell(NONE if contrast.difference is None else points(contrast.difference)),
        *(_bracketed(interval) for interval in (contrast.adjusted_interval, one.new_images)),
        Cell(NONE if share is None or one.reason else f"{100 * share:.0f} %"),
        Cell(NONE if one.ratio is None else _decimal(one.ratio, 2)),
        _effect(one.effect),
    )


def _effect(effect: EffectSize | None) -> Cell:
    if effect is None:
        return Cell(NONE)
    low, high = (_decimal(end, 1) for end in effect.interval)
    return Cell(_decimal(effect.g, 1), f"[{low}, {high}]")


def _bracketed(interval: Interval | None) -> Cell:
    return Cell(NONE if interval is None else f"[{points(interval[0])}, {points(interval[1])}]")


def _decimal(number: float, digits: int) -> str:
    return f"{number:.{digits}f}".replace("-", MINUS)
