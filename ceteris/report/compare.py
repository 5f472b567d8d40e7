"""One pair of arms in full: `ceteris compare STUDY A B`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ceteris.report.answers import incomparable, right_answers
from ceteris.report.claims import claim_arms, claim_sentence, decided_claims
from ceteris.report.evidence import ArmEvidence, Evidence, gather
from ceteris.report.numbers import NONE, p_value, percent, points, value, whole
from ceteris.report.palette import columns_of, shortened
from ceteris.report.plain_tables import contrast_values
from ceteris.report.sentences import interval_text, verdict_sentence
from ceteris.report.terminal import lined, plain, strip_text
from ceteris.report.uncertainty import full_sentences, uncertainty_of, uncertainty_values
from ceteris.report.words import Words
from ceteris.stats.contrast import Contrast
from ceteris.stats.decide import contrasts
from ceteris.stats.intervals import mean_of
from ceteris.stats.looks import e_value
from ceteris.stats.paired_models import McNemar, mcnemar
from ceteris.study.findings import Findings
from ceteris.study.manifest import Plan
from ceteris.study.paths import differences
from ceteris.study.record import Record

WIDTH = 80
Found = Mapping[str, Sequence[Findings]] | None
"""What the plan's probes found, by trial key; claims may rest on it."""


@dataclass(frozen=True)
class Comparison:
    """Two arms and what may be said of them.

    Attributes:
        contrast: `arm` minus `baseline`; the planned one where the plan has it, whichever way the two were named.
        differs: dotted path -> (baseline's value, arm's value).
        exploratory: not one of the planned contrasts: chosen after the fact, and not adjusted for that.
    """

    evidence: Evidence
    contrast: Contrast
    differs: Mapping[str, tuple[Any, Any]]
    exploratory: bool

    @property
    def arm(self) -> ArmEvidence:
        return self.evidence.arm(self.contrast.arm)

    @property
    def baseline(self) -> ArmEvidence:
        return self.evidence.arm(self.contrast.baseline)


def compare(plan: Plan, records: Mapping[str, Record], arm_a: str, arm_b: str, *, findings: Found = None) -> Comparison:
    """Compare two different arms of the plan, by name: B minus A, or as the plan has it."""
    evidence = gather(plan, records, findings)
    a, b = evidence.arm(arm_a), evidence.arm(arm_b)
    planned = next((c for c in evidence.contrasts if {c.arm, c.baseline} == {arm_a, arm_b}), None)
    if planned is None:
        found = differences(a.planned.recipe, b.planned.recipe)
        study = plan.study
        confounded = {b.name: len(found) > 1}
        pairing = "independent" if a.planned.again or b.planned.again else study.pairing
        made = contrasts([a.scores, b.scores], confounded, study.margin, study.alpha, pairing, looks=study.looks)[0]
        return Comparison(evidence, made, found, exploratory=True)
    return Comparison(evidence, planned, evidence.arm(planned.arm).planned.differs, exploratory=False)


def compare_text(
    plan: Plan, records: Mapping[str, Record], arm_a: str, arm_b: str, language: str = "en", *, findings: Found = None
) -> str:
    """The comparison for a terminal: verdict, claims, strip, scores by seed, tests, seeds against images, the single
    networks, and in what the recipes differ.
    """
    found, words = compare(plan, records, arm_a, arm_b, findings=findings), Words(language)
    contrast = found.contrast
    metric = words(f"metric.{plan.study.metric}")
    said = [words("compare.title", arm=contrast.arm, baseline=contrast.baseline, metric=metric, scale=plan.scale)]
    said += [verdict_sentence(found.evidence, contrast, words)]
    said += [words("verdict.exploratory")] if found.exploratory else []
    said += _claims(found, words)
    p, tost, flip = (p_value(p) for p in (contrast.p, contrast.p_equivalent, contrast.p_sign_flip))
    tests = words("compare.p", p=p, margin=percent(contrast.margin), tost=tost, flip=flip)
    changed = [f"{path}: {value(old)} -> {value(new)}" for path, (old, new) in found.differs.items()]
    blocks = [
        [line for sentence in said for line in lined(plain(sentence), WIDTH)],
        [strip_text([contrast], WIDTH, words)],
        _scores(found, words),
        lined(plain(words("list.sentence").join([tests, *_any_time(contrast, words)])), WIDTH),
        *_beyond_the_verdict(found, words),
        [words("compare.differs" if changed else "compare.same"), *(f"  {line}" for line in changed)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def compare_dict(
    plan: Plan, records: Mapping[str, Record], arm_a: str, arm_b: str, *, findings: Found = None
) -> dict[str, Any]:
    """The comparison as plain values; scores and differences are fractions, by seed."""
    found = compare(plan, records, arm_a, arm_b, findings=findings)
    paired = zip(found.contrast.seeds, found.contrast.differences, strict=bool(found.contrast.differences))
    return contrast_values(found.contrast) | {
        "study": plan.study.name,
        "scale": plan.scale,
        "metric": plan.study.metric,
        "exploratory": found.exploratory,
        "sentence": verdict_sentence(found.evidence, found.contrast, Words("en")),
        "claims": _claims(found, Words("en")),
        "e_value": _e_value(found.contrast),
        "seeds": list(found.contrast.seeds),
        "differences": {str(seed): difference for seed, difference in paired},
        "scores": {arm.name: _by_seed(arm) for arm in (found.arm, found.baseline)},
        "keys": {arm.name: {str(t.seed): t.planned.key for t in arm.trials} for arm in (found.arm, found.baseline)},
        "differs": {path: list(values) for path, values in found.differs.items()},
        "uncertainty": uncertainty_values(uncertainty_of(found.evidence, found.contrast)),
        "networks": {str(seed): asdict(test) for seed, test in _networks(found).items()},
    }


def _any_time(contrast: Contrast, words: Words) -> list[str]:
    """The e-value in a sentence; none where there is no paired test."""
    e = _e_value(contrast)
    return [] if e is None else [words("compare.e", e=f"{e:.3g}", least=f"{1 / contrast.alpha:g}")]


def _e_value(contrast: Contrast) -> float | None:
    estimate = mean_of(contrast.differences) if contrast.p is not None else None
    return None if estimate is None else e_value(estimate.value / estimate.error, len(contrast.differences))


def _claims(found: Comparison, words: Words) -> list[str]:
    """What came of the claims that rest on both arms."""
    evidence, both = found.evidence, {found.arm.name, found.baseline.name}
    about = [d for d in decided_claims(evidence) if both <= {arm.name for arm in claim_arms(evidence, d.claim)}]
    return [claim_sentence(evidence, one, words) for one in about]


def _beyond_the_verdict(found: Comparison, words: Words) -> list[list[str]]:
    """What the uncertainty is made of; then each pair of trained networks, with what that cannot tell."""
    if found.evidence.same_recipe(found.contrast):
        return []
    metric = words(f"metric.{found.evidence.plan.study.metric}")
    said = full_sentences(uncertainty_of(found.evidence, found.contrast), metric, words)
    blocks = [[line for sentence in said for line in lined(plain(sentence), WIDTH)]] if said else []
    tests = _networks(found)
    if not tests:
        return blocks
    only = [words("compare.only", arm=shortened(arm.name, 20)) for arm in (found.arm, found.baseline)]
    rows = [[words("page.seed"), *only, "p"]]
    for seed, test in tests.items():
        rows.append([str(seed), whole(test.first_only), whole(test.second_only), p_value(test.p)])
    return [*blocks, [*lined(plain(words("compare.networks")), WIDTH), *_aligned(rows)]]


def _networks(found: Comparison) -> dict[int, McNemar]:
    """Seed -> the two networks that were trained with it, where both answered the same images."""
    if found.evidence.same_recipe(found.contrast) or incomparable(found.contrast, found.arm, found.baseline):
        return {}
    metric = found.evidence.plan.study.metric
    ours, theirs = right_answers(found.arm, metric), right_answers(found.baseline, metric)
    shared = [seed for seed in found.contrast.seeds if seed in ours and seed in theirs]
    return {seed: mcnemar(ours[seed], theirs[seed]) for seed in shared}


def _by_seed(arm: ArmEvidence) -> dict[str, float | str]:
    return {str(trial.seed): arm.scores.scores.get(trial.seed, trial.status) for trial in arm.trials}


def _mean(arm: ArmEvidence, contrast: Contrast) -> str:
    """Over the seeds that the contrast uses, so that the means differ by the difference."""
    values = [arm.scores.scores[seed] for seed in contrast.seeds if seed in arm.scores.scores]
    return percent(sum(values) / len(values)) if values else NONE


def _scores(found: Comparison, words: Words) -> list[str]:
    contrast = found.contrast
    both = dict(zip(contrast.seeds, contrast.differences, strict=True)) if contrast.differences else {}
    rows = [[words("page.seed"), shortened(found.arm.name, 26), shortened(found.baseline.name, 26), "pp"]]
    for ours, theirs in zip(found.arm.trials, found.baseline.trials, strict=not contrast.looks):
        shown = []
        for arm, trial in ((found.arm, ours), (found.baseline, theirs)):
            score = arm.scores.scores.get(trial.seed)
            shown.append(words(f"status.{trial.status}") if score is None else percent(score))
        difference = both.get(ours.seed)
        seed = str(ours.seed) if ours.seed == theirs.seed else f"{ours.seed} / {theirs.seed}"
        rows.append([seed, *shown, NONE if difference is None else points(difference)])
    means = [_mean(arm, contrast) for arm in (found.arm, found.baseline)]
    mean = NONE if contrast.difference is None else points(contrast.difference)
    rows.append([words("compare.mean"), *means, mean])
    lines = _aligned(rows)
    lines[-1] += f"  ({plain(interval_text(contrast, words))})"
    return lines


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, every column flush right."""
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    lines = [[" " * (w - columns_of(cell)) + cell for cell, w in zip(row, widths, strict=True)] for row in rows]
    return [plain("  ".join(cells)) for cells in lines]
