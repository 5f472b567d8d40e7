import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from ceteris.report.evidence import gather
from ceteris.report.page import contents
from ceteris.report.uncertainty import (
    measured,
    uncertainties,
    uncertainty_of,
    uncertainty_section,
    uncertainty_sentences,
)
from ceteris.report.words import Words
from ceteris.stats.contrast import ArmScores
from ceteris.stats.crossed import crossed
from ceteris.stats.decide import contrasts
from ceteris.study.record import Status


def one_of(made):
    evidence = gather(made.plan, made.records)
    return uncertainty_of(evidence, evidence.contrasts[0])


def said(one, language="en"):
    words = Words(language)
    return " ".join(uncertainty_sentences(one, words("metric.top1"), words))


def changed(made, arm, **arrays):
    """The same study with other prediction arrays in one arm."""
    records = dict(made.records)
    for trial in made.plan.trials_of(arm):
        record = records[trial.key]
        kept = {name: array for name, array in (record.predictions | arrays).items() if array is not None}
        records[trial.key] = replace(record, predictions=kept)
    return gather(made.plan, records)


def from_answers(ours, theirs, *, alpha=0.05, others=()):
    """Measured from correctness [seeds, images] alone, as results trained elsewhere would be."""
    arms = [
        ArmScores(name, {seed: float(row.mean()) for seed, row in enumerate(table)}, {})
        for name, table in (("base", theirs), ("new", ours), *others)
    ]
    contrast = contrasts(arms, {}, 0.005, alpha)[0]
    return measured(contrast, arms[1], arms[0], dict(enumerate(ours)), dict(enumerate(theirs)))


def test_both_intervals_come_from_the_recorded_predictions(two_arms):
    evidence = gather(two_arms.plan, two_arms.records)
    (one,) = uncertainties(evidence)
    tables = {}
    for arm in ("resnet14", "plain-cnn"):
        records = [two_arms.records[trial.key] for trial in two_arms.plan.trials_of(arm)]
        tables[arm] = np.array([r.predictions["predicted"] == r.predictions["labels"] for r in records], np.int8)
    expected = crossed(tables["resnet14"] - tables["plain-cnn"])
    assert one.crossed == expected
    assert expected.this_test_set.interval(0.05) == pytest.approx(one.contrast.adjusted_interval)
    assert one.new_images == pytest.approx(expected.interval(0.05))


def test_they_are_two_sentences_with_two_intervals(two_arms):
    one = one_of(two_arms)
    text = said(one)
    assert one.new_images[0] < one.contrast.adjusted_interval[0]
    low, high = (100 * end for end in one.new_images)
    assert (
        "resnet14 minus plain-cnn on this test set: +11.42 pp top-1 (95 % interval +9.85 to +12.98, 3 seeds)." in text
    )
    assert f"On new images from the same source: +11.42 pp top-1 (95 % interval +{low:.2f} to +{high:.2f}, " in text
    assert "3 seeds and 400 images)." in text
    assert "在来自同一来源的新图像上" in said(one, "zh")


def test_in_a_family_both_intervals_are_at_the_level_of_the_verdict(world):
    made = world({"a": 0.7, "b": 0.72, "c": 0.8, "d": 0.85}, seeds=4)
    for one in uncertainties(gather(made.plan, made.records)):
        here, adjusted = one.crossed.this_test_set, one.contrast.adjusted_interval
        alphas = [0.05 / k for k in (1, 2, 3) if here.interval(0.05 / k) == pytest.approx(adjusted)]
        assert one.new_images == pytest.approx(one.crossed.interval(alphas[0]))
        assert "(adjusted 95 % interval " in said(one)


def test_an_interval_that_few_seeds_leave_wide_enough_is_not_given_twice():
    rng = np.random.default_rng(4)
    level = np.array([0.2, 0.6, 0.8])[:, None]
    one = from_answers(rng.random((3, 500)) < level, rng.random((3, 500)) < 0.3)
    assert one.new_images == pytest.approx(one.contrast.adjusted_interval)
    text = said(one)
    assert "On new images from the same source: the same interval, which 3 seeds leave wide enough" in text
    assert text.count("95 % interval") == 1


def test_images_that_differ_much_make_more_seeds_a_waste():
    rng = np.random.default_rng(1)
    easy_for_new, easy_for_base = rng.random((1, 300)) < 0.6, rng.random((1, 300)) < 0.55
    flips = rng.random((2, 6, 300)) < 0.02
    one = from_answers(np.tile(easy_for_new, (6, 1)) ^ flips[0], np.tile(easy_for_base, (6, 1)) ^ flips[1])
    assert one.crossed.image_share > 0.9
    assert "comes from the choice of test images: more seeds would help little there, more test images would." in said(
        one
    )


def test_seeds_that_differ_much_make_more_images_a_waste():
    rng = np.random.default_rng(2)
    level = np.array([0.2, 0.5, 0.8, 0.4])[:, None]
    one = from_answers(rng.random((4, 3000)) < level, rng.random((4, 3000)) < 0.5)
    assert one.crossed.image_share < 0.1
    assert "comes from the seeds: more test images would help little there, more seeds would." in said(one)


def test_a_sign_that_holds_here_only_is_said_to_hold_here_only():
    """Fixed answers on 40 images: new is right on 7 more of them whatever the seed, but for one image per seed."""
    ours, theirs = np.zeros((5, 40), bool), np.zeros((5, 40), bool)
    ours[:, :16], theirs[:, 16:25] = True, True
    ours[[0, 1], [30, 31]] = True
    one = from_answers(ours, theirs)
    assert one.contrast.adjusted_interval[0] > 0
    assert one.new_images[0] < 0 < one.new_images[1]
    assert "Its sign is decided for this test set, but not for new images." in said(one)
    assert one.contrast.verdict == "better"


@pytest.mark.parametrize(
    ("ours", "theirs", "begins"),
    [
        ([0.1, 0.2, 0.3, 0.4], [0.12, 0.19, 0.31, 0.42], "Pairing helped: the arms correlate by 0.9"),
        ([0.1, 0.2, 0.1, 0.2], [0.1, 0.1, 0.2, 0.21], "Pairing bought little: the arms correlate by 0.0"),
        ([0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.21, 0.1], "Pairing cost rather than helped: the arms correlate by −1.00"),
    ],
)
def test_what_pairing_bought(ours, theirs, begins):
    arms = [ArmScores(name, dict(enumerate(scores)), {}) for name, scores in (("base", theirs), ("new", ours))]
    one = measured(contrasts(arms, {}, 0.005, 0.05)[0], arms[1], arms[0], {}, {})
    assert begins in said(one)
    assert f"is {one.ratio:.2f} times that of unpaired arms (from 4 seeds, so itself uncertain)." in said(one)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ended": {("b", 1): Status.DIVERGED}}, "unstable"),
        ({"pairing": "independent"}, "independent"),
        ({"absent": [("b", 1), ("b", 2)]}, "few_seeds"),
        ({"seeds": 1}, "few_seeds"),
    ],
)
def test_why_nothing_is_said_of_new_images(world, options, reason):
    one = one_of(world({"a": 0.7, "b": 0.8}, **options))
    assert (one.reason, one.crossed, one.new_images) == (reason, None, None)
    assert said(one).endswith(Words("en")(f"uncertainty.without.{reason}"))


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"predicted": None}, "no_predictions"),
        ({"image": np.arange(400) + 400}, "other_images"),
        ({"predicted": np.full(400, 3, np.int16)}, "other_scores"),
    ],
)
def test_predictions_that_cannot_be_laid_side_by_side(world, arrays, reason):
    evidence = changed(world({"a": 0.7, "b": 0.8}), "b", **arrays)
    one = uncertainty_of(evidence, evidence.contrasts[0])
    assert (one.reason, one.new_images) == (reason, None)
    assert Words("en")(f"uncertainty.without.{reason}") in said(one)
    assert "on this test set: +" in said(one)


def test_the_headline_stays_over_seeds_on_this_test_set(world):
    """The verdict needs no predictions at all."""
    made = world({"a": 0.7, "b": 0.8})
    without = changed(made, "b", predicted=None)
    assert without.contrasts == gather(made.plan, made.records).contrasts


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_table_sentences_and_data(two_arms, language):
    words = Words(language)
    evidence = gather(two_arms.plan, two_arms.records)
    files = contents(evidence, words)
    section = uncertainty_section(evidence, words)
    page, text = files["report.html"].decode(), files["report.md"].decode()
    assert page.count('<h3 id="uncertainty">') == 1
    assert "<details open><summary>" in page
    assert all(sentence in text for sentence in section.sentences)
    (row,) = csv.DictReader(io.StringIO(files["uncertainty.csv"].decode()))
    assert float(row["new_low"]) == one_of(two_arms).new_images[0]
    assert float(row["variance_seeds"]) == one_of(two_arms).crossed.seeds.raw
    assert "tables/uncertainty.tex" in files


@pytest.mark.usefixtures("undrawn")
def test_a_study_without_a_difference_has_no_such_part(world):
    made = world({"a": 0.7, "b": 0.8}, absent=[("b", seed) for seed in range(3)])
    files = contents(gather(made.plan, made.records), Words("en"))
    assert "uncertainty.csv" not in files
    assert not re.search(r'id="uncertainty"', files["report.html"].decode())


def test_top5_studies_are_split_by_top5_answers(world):
    made = world({"a": 0.7, "b": 0.8}, metric="top5")
    rng = np.random.default_rng(3)
    records = {}
    for key, record in made.records.items():
        logits = rng.normal(size=(400, 10)).astype(np.float16)
        top5 = np.argsort(-logits, axis=1)[:, :5] == record.predictions["labels"][:, None]
        metrics = record.metrics | {"top5": float(top5.any(axis=1).mean())}
        records[key] = replace(record, metrics=metrics, predictions=record.predictions | {"logits": logits})
    evidence = gather(made.plan, records)
    (one,) = uncertainties(evidence)
    assert one.reason == ""
    assert one.crossed.mean == pytest.approx(evidence.contrasts[0].difference)
