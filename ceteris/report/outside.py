"""Results that others trained, with any framework: verdicts, strip and tables as of a study, from scores alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ceteris.errors import InputError, Problem, did_you_mean
from ceteris.report.numbers import NONE, p_value, percent, points
from ceteris.report.palette import shortened
from ceteris.report.plain_tables import contrast_values
from ceteris.report.results_file import Results
from ceteris.report.sentences import Sides, contrast_sentence, seeds_named
from ceteris.report.terminal import LONGEST_NAME, aligned, lined, plain, strip_text
from ceteris.report.uncertainty import Uncertainty, measured, uncertainty_sentences, uncertainty_values
from ceteris.report.words import Words
from ceteris.stats.contrast import ArmScores, Contrast
from ceteris.stats.decide import contrasts
from ceteris.stats.intervals import mean_interval
from ceteris.stats.paired_models import McNemar, mcnemar
from ceteris.stats.power import Pairing

WIDTH = 80


@dataclass(frozen=True)
class Outside:
    """Arms that were trained elsewhere and what may be said of them.

    Attributes:
        results: the file, baseline first.
        contrasts: every other arm against the baseline, as one family.
        pairing: "paired" by seed, or "independent".
    """

    results: Results
    contrasts: tuple[Contrast, ...]
    pairing: Pairing

    @property
    def baseline(self) -> ArmScores:
        return self.results.arms[0]

    def arm(self, name: str) -> ArmScores:
        return next(arm for arm in self.results.arms if arm.name == name)

    def uncertainty(self, contrast: Contrast) -> Uncertainty | None:
        """Seeds against test images; None where the file says nothing about single images."""
        correct = self.results.correct
        if not correct:
            return None
        ours, theirs = correct[contrast.arm], correct[contrast.baseline]
        return measured(contrast, self.arm(contrast.arm), self.baseline, ours, theirs)

    def models(self, contrast: Contrast) -> dict[int, McNemar]:
        """Seed -> the two networks trained with it, compared on the same images."""
        ours, theirs = (self.results.correct.get(name, {}) for name in (contrast.arm, contrast.baseline))
        return {seed: mcnemar(ours[seed], theirs[seed]) for seed in contrast.seeds if seed in ours and seed in theirs}


def compare_results(
    results: Results, *, baseline: str | None = None, margin: float, alpha: float, pairing: Pairing = "paired"
) -> Outside:
    """Compare all arms of a file with one of them. A seed that only other arms have is a trial not run yet.

    Args:
        results: of the file.
        baseline: name of the arm that the others are compared with; by default the file's first.
        margin: smallest difference that matters, as a fraction.
        alpha: error rate of the family.
        pairing: "independent" where equal seeds mean nothing.

    Raises InputError for a baseline that is not in the file.
    """
    names = [arm.name for arm in results.arms]
    first = names[0] if baseline is None else baseline
    if first not in names:
        raise InputError(Problem(f"no arm is called {first!r}", "--baseline", did_you_mean(first, names)))
    ordered = sorted(results.arms, key=lambda arm: arm.name != first)
    if pairing == "paired":
        seeds = sorted({seed for arm in ordered for seed in (*arm.scores, *arm.lost)})
        ordered = [replace(a, missing=tuple(s for s in seeds if s not in {*a.scores, *a.lost})) for a in ordered]
    made = contrasts(ordered, {}, margin, alpha, pairing)
    return Outside(replace(results, arms=tuple(ordered)), tuple(made), pairing)


def outside_text(outside: Outside, words: Words) -> str:
    """For a terminal: verdicts, strip, a table of arms and one of tests, and what the file cannot tell."""
    name = Path(outside.results.file).name
    said = [words("outside.title", file=name, arms=words.count("arm", len(outside.results.arms)))]
    said += [_sentence(outside, contrast, words) for contrast in outside.contrasts]
    blocks = [
        _lines([*said, *_incomplete(outside, words)]),
        [strip_text(outside.contrasts, WIDTH, words)],
        aligned(_arms(outside, words)),
        aligned(_tests(outside, words)),
        *(_on_images(outside, contrast, words) for contrast in outside.contrasts),
        _lines(_how_sure(outside, words)),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def outside_dict(outside: Outside, words: Words) -> dict[str, Any]:
    """As plain values; scores and differences are fractions, by seed."""
    return {
        "file": outside.results.file,
        "metric": outside.results.metric,
        "baseline": outside.baseline.name,
        "pairing": outside.pairing,
        "arms": {
            arm.name: {str(seed): score for seed, score in {**arm.scores, **arm.lost}.items()}
            for arm in outside.results.arms
        },
        "contrasts": [_values(outside, contrast, words) for contrast in outside.contrasts],
    }


def _values(outside: Outside, contrast: Contrast, words: Words) -> dict[str, Any]:
    paired = zip(contrast.seeds, contrast.differences, strict=bool(contrast.differences))
    found = outside.uncertainty(contrast)
    return contrast_values(contrast) | {
        "seeds": list(contrast.seeds),
        "differences": {str(seed): difference for seed, difference in paired},
        "sentence": _sentence(outside, contrast, words),
        "images": uncertainty_values(found) if found else None,
        "these_two_networks": {str(seed): vars(one) for seed, one in outside.models(contrast).items()},
    }


def _metric(outside: Outside, words: Words) -> str:
    """The metric's word; a name that is not ours stays as it is."""
    return words.table.get(f"metric.{outside.results.metric}", outside.results.metric)


def _sentence(outside: Outside, contrast: Contrast, words: Words) -> str:
    sides = Sides(outside.arm(contrast.arm), outside.baseline, _metric(outside, words))
    return contrast_sentence(contrast, sides, words)


def _incomplete(outside: Outside, words: Words) -> list[str]:
    """Lost trials and those that are not in the file, by arm."""
    said = []
    for arm in outside.results.arms:
        trials = words.count("trial", len(arm.scores) + len(arm.lost) + len(arm.missing))
        for status in dict.fromkeys(arm.lost.values()):
            seeds = [seed for seed, ended in arm.lost.items() if ended == status]
            values = {"lost": len(seeds), "trials": trials, "seeds": seeds_named(seeds, words)}
            said.append(words("warning.lost", arm=arm.name, status=words(f"status.{status}"), **values))
        if arm.missing:
            said.append(words("outside.missing", arm=arm.name, seeds=seeds_named(arm.missing, words)))
    return said


def _arms(outside: Outside, words: Words) -> list[list[str]]:
    """A row per arm: mean of its own trials, interval, n."""
    alpha = outside.contrasts[0].alpha
    metric = words("page.metric", metric=_metric(outside, words))
    rows = [[words("page.arm"), metric, words("outside.interval", level=f"{100 * (1 - alpha):g}"), words("page.n")]]
    for arm in outside.results.arms:
        values = list(arm.scores.values())
        mean, interval = percent(sum(values) / len(values)) if values else NONE, mean_interval(values, alpha)
        shown = words("interval.plain", low=percent(interval[0]), high=percent(interval[1])) if interval else NONE
        rows.append([shortened(arm.name, LONGEST_NAME), mean, shown, str(len(values))])
    return rows


def _tests(outside: Outside, words: Words) -> list[list[str]]:
    """A row per contrast: difference, every p, and the correlation of the arms over seeds."""
    names = ("p", "p_adjusted", "p_equivalent", "p_sign_flip")
    rows = [[words("page.arm"), "pp", *(words(f"page.{name}") for name in names), "r"]]
    for one in outside.contrasts:
        difference = NONE if one.difference is None else points(one.difference)
        tests = [p_value(p) for p in (one.p, one.p_adjusted, one.p_equivalent, one.p_sign_flip)]
        r = NONE if one.correlation is None else f"{one.correlation:+.2f}"
        rows.append([shortened(one.arm, LONGEST_NAME), difference, *tests, r])
    return rows


def _on_images(outside: Outside, contrast: Contrast, words: Words) -> list[str]:
    """Seeds against test images, then the networks of each seed; empty without correctness."""
    found = outside.uncertainty(contrast)
    if found is None:
        return []
    said = [words("list.sentence").join(uncertainty_sentences(found, _metric(outside, words), words))]
    alone = [
        words("outside.network", seed=seed, arm=one.first_only, baseline=one.second_only, p=p_value(one.p))
        for seed, one in outside.models(contrast).items()
    ]
    if alone:
        networks = words("list.arm").join(alone)
        said.append(words("outside.networks", arm=contrast.arm, baseline=contrast.baseline, networks=networks))
    return _lines(said)


def _how_sure(outside: Outside, words: Words) -> list[str]:
    first, family = outside.contrasts[0], len(outside.contrasts)
    said = [words(f"sure.{outside.pairing}", baseline=outside.baseline.name, margin=percent(first.margin))]
    if family > 1:
        contrasted = words.count("contrast", family)
        said.append(words("outside.family", contrasts=contrasted, alpha=f"{100 * first.alpha:g}"))
    return [*said, words("outside.trust")]


def _lines(said: Sequence[str]) -> list[str]:
    return [line for sentence in said for line in lined(plain(sentence), WIDTH)]
