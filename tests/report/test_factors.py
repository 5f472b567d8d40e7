"""The report of a factorial study: what is said of interactions, factors and simple effects, and what is not."""

import csv
import io
import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ceteris.report.drawing import render
from ceteris.report.evidence import gather
from ceteris.report.factors import (
    effects_table,
    factor_sentences,
    factor_values,
    factors,
    planned_sentences,
    simple_table,
)
from ceteris.report.figures.interaction import interaction
from ceteris.report.page import contents
from ceteris.report.plain_tables import csv_text, markdown_text
from ceteris.report.terminal import plain
from ceteris.report.words import Words, languages
from ceteris.stats.factorial import detectable
from ceteris.study.record import Status
from ceteris.study.vocabulary import Factor

NORM, RATE = Factor("model.norm", ["none"]), Factor("optimizer.lr", [0.01, 0.02])
CROSSED = {"baseline": 0.8, "lr=0.01": 0.8, "lr=0.02": 0.8, "norm=none": 0.8, "none 0.01": 0.5, "none 0.02": 0.2}
PLAIN = {"baseline": 0.8, "lr=0.01": 0.8, "lr=0.02": 0.8, "norm=none": 0.6, "none 0.01": 0.6, "none 0.02": 0.6}
BANNED = re.compile(r"(?<!statistically )\bsignificant|no effect|state of the art|proves", re.IGNORECASE)


@pytest.fixture(scope="module")
def factorial_world(world):
    """A made-up study of norm x lr: its arms by name with their accuracies, in the order of the plan."""

    def make(arms, factors=(NORM, RATE), **options):
        made = world(arms, factors=list(factors), design="factorial", **options)
        every = itertools.product(*((None, *factor.levels) for factor in factors))
        levels = [{f.path: own for f, own in zip(factors, one, strict=True) if own} for one in every]
        planned = tuple(
            replace(arm, levels=own, recipe=arm.recipe | {"model": {"name": "m", "norm": "batch"}})
            for arm, own in zip(made.plan.arms, levels, strict=True)
        )
        made.plan = replace(made.plan, arms=planned)
        study = made.plan.study.model_copy(update={"baseline": recipe_with_rate(made.plan.study.baseline)})
        made.plan = replace(made.plan, study=study)
        return made

    return make


def recipe_with_rate(recipe):
    return type(recipe).model_validate(recipe.plain() | {"optimizer": {"name": "sgd", "lr": 0.1}})


@pytest.fixture(scope="module")
def crossed(factorial_world):
    made = factorial_world(CROSSED)
    return gather(made.plan, made.records)


def said(evidence, language="en"):
    return factor_sentences(factors(evidence), Words(language))


def cells(table):
    return [[f"{cell.text} {cell.small}".strip() for cell in row] for row in table.rows]


def test_an_interaction_found_comes_first_and_takes_the_place_of_main_effects(crossed):
    sentences = said(crossed)
    assert sentences[0].startswith("The effect of norm on top-1 depends on lr (F ")
    assert "p (Holm) < 0.001" in sentences[0]
    assert sentences[1].startswith("norm and lr: a main effect would be an average over unlike effects")
    assert not any(sentence.startswith(("norm none", "The levels of lr", "No d")) for sentence in sentences)
    assert sentences[-1].startswith("Linear model of all factors and interactions with the seed as block")
    assert "10 residual degrees of freedom, 3 effects" in sentences[-1]


def test_the_table_has_interactions_first_and_says_what_depends(crossed):
    rows = cells(effects_table(factors(crossed), Words("en")))
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("norm × lr", "2, 10", "found"), ("norm", "1, 10", "depends on lr"), ("lr", "2, 10", "depends on norm")
    ]  # fmt: skip


def test_simple_effects_are_the_paired_differences_within_each_level(crossed):
    shown = factors(crossed)
    rows = cells(simple_table(shown, Words("en")))
    assert [row[:2] for row in rows] == [[f"lr {rate}", "norm: none − batch"] for rate in ("0.1", "0.01", "0.02")]
    assert [row[-1] for row in rows] == ["undecided", "worse", "worse"]
    ours, theirs = (list(crossed.arm(name).scores.scores.values()) for name in ("none 0.02", "lr=0.02"))
    assert shown.found.simple[2].p == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)


def test_without_an_interaction_the_factors_are_judged(factorial_world):
    made = factorial_world(PLAIN)
    evidence = gather(made.plan, made.records)
    sentences = said(evidence)
    assert re.match(
        r"No dependence of the effect of norm on lr was found \(.*; the smallest detectable with 80 %", sentences[0]
    )
    assert re.match(
        r"norm none minus batch, averaged over the other factors: −1\d\.\d\d pp top-1 \(adjusted", sentences[1]
    )
    assert sentences[2].startswith("No difference between the levels of lr was found")
    assert simple_table(factors(evidence), Words("en")) is None
    assert cells(effects_table(factors(evidence), Words("en")))[1][-1] == "found"


def test_factors_with_more_levels_are_said_to_matter(factorial_world):
    made = factorial_world({name: 0.5 if "0.02" in name else 0.8 for name in PLAIN})
    assert any(s.startswith("The levels of lr differ in top-1") for s in said(gather(made.plan, made.records)))


def test_lost_and_missing_trials_are_not_analysed_over(factorial_world):
    made = factorial_world(CROSSED, ended={("lr=0.01", 1): Status.DIVERGED})
    assert (
        "The factors are not analysed: of lr=0.01 a trial diverged or failed"
        in said(gather(made.plan, made.records))[0]
    )
    made = factorial_world(CROSSED, absent=[("none 0.01", seed) for seed in range(3)])
    evidence = gather(made.plan, made.records)
    assert said(evidence) == ["The factors are not analysed yet: there is no score for none 0.01."]
    assert effects_table(factors(evidence), Words("en")) is None
    assert interaction(evidence, factors(evidence), Words("en")) is not None


def test_one_seed_cannot_judge_factors(factorial_world):
    made = factorial_world(CROSSED, seeds=1)
    evidence = gather(made.plan, made.records)
    assert said(evidence)[0].startswith("The factors cannot be judged")
    assert {row[-1] for row in cells(effects_table(factors(evidence), Words("en")))} == {"not tested"}


def test_other_designs_have_no_factors(two_arms):
    evidence = gather(two_arms.plan, two_arms.records)
    assert factors(evidence) is None
    assert factor_values(evidence, Words("en")) is None


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("arms", [CROSSED, PLAIN])
def test_every_language_says_as_much(factorial_world, language, arms):
    made = factorial_world(arms)
    evidence = gather(made.plan, made.records)
    sentences = said(evidence, language)
    assert len(sentences) == len(said(evidence))
    assert not any(BANNED.search(sentence) or "{" in sentence for sentence in sentences)
    assert simple_table(factors(evidence), Words(language)) is not None or arms is PLAIN


@pytest.mark.usefixtures("quick")
def test_the_page_has_the_ranking_the_section_and_its_answer_at_the_top(factorial_world):
    two = {"baseline": 0.8, "lr=0.01": 0.8, "norm=none": 0.8, "none 0.01": 0.3}
    made = factorial_world(two, (NORM, Factor("optimizer.lr", [0.01])), seeds=2, sealed=False)
    evidence = gather(made.plan, made.records)
    files = contents(evidence, Words("en"))
    page, text = (files[name].decode() for name in ("report.html", "report.md"))
    first = said(evidence)[0]
    assert page.index('<a href="#factors">') < page.index('<section id="differs">')
    assert page.index('id="results"') < page.index('<section id="factors">') < page.index('id="learning"')
    title = f"<h3>{Words('en')('rank.title')}</h3>"
    assert page.index('id="results"') < page.index(title) < page.index('<section id="factors">')
    made_files = ("tables/factors.tex", "tables/simple-effects.tex", "tables/ranking.tex", "figures/interaction.svg")
    assert set(made_files) <= set(files)
    assert markdown_text(first) in text
    assert not BANNED.search(text)


@pytest.mark.usefixtures("quick")
def test_a_page_without_factorial_design_says_nothing_of_factors(world):
    made = world({"a": 0.7, "b": 0.8}, absent=[(arm, seed) for arm in "ab" for seed in range(3)])
    files = contents(gather(made.plan, made.records), Words("en"))
    assert 'id="factors"' not in files["report.html"].decode()
    assert not any("interaction" in name or "factors" in name for name in files)


def test_the_plot_s_points_are_the_means_of_the_combinations(crossed):
    drawing = interaction(crossed, factors(crossed), Words("en"))
    (panel,) = drawing.panels
    assert panel.title == "norm (lines) by lr"
    rows = {(row["level"], row["x_level"]): row for row in drawing.data}
    for name, place in (("baseline", ("batch", "0.1")), ("none 0.02", ("none", "0.02"))):
        scores = list(crossed.arm(name).scores.scores.values())
        assert rows[place]["mean"] == pytest.approx(np.mean(scores))
        assert (rows[place]["low"], rows[place]["high"]) == pytest.approx(
            stats.t.interval(0.95, 2, np.mean(scores), stats.sem(scores))
        )
    assert re.search(r"none minus batch goes from −\d+\.\d\d pp \(lr 0.02\) to .* pp \(lr 0.1\)", drawing.caption)


def test_levels_that_are_numbers_stand_in_their_order(crossed):
    svg = render(interaction(crossed, factors(crossed), Words("en"))).files["interaction.svg"].decode()
    assert [x for x in re.findall(r">([^<>]+)</text>", svg) if x.startswith("0.")] == ["0.01", "0.02", "0.1"]


def test_three_factors_are_drawn_as_pairs_of_averages(factorial_world):
    arms = {f"{a}{b}{c}": 0.5 + 0.1 * a + 0.05 * b for a, b, c in itertools.product((0, 1), repeat=3)}
    made = factorial_world(arms, (NORM, Factor("optimizer.lr", [0.01]), Factor("batch_size", [8])))
    evidence = gather(made.plan, made.records)
    drawing = interaction(evidence, factors(evidence), Words("en"))
    assert [panel.title for panel in drawing.panels] == [
        "norm (lines) by lr", "norm (lines) by batch_size", "lr (lines) by batch_size"
    ]  # fmt: skip
    scores = [[evidence.arm(name).scores.scores[seed] for name in ("000", "001")] for seed in range(3)]
    assert drawing.data[0]["mean"] == pytest.approx(np.mean(scores))
    assert "average over the levels of the other factors" in drawing.caption
    first = said(evidence)[0]
    assert re.match(r"No joint dependence of the effect of norm on lr and batch_size was found \(F [\d.]+, p", first)
    assert cells(effects_table(factors(evidence), Words("en")))[0][0] == "norm × lr × batch_size"


def test_a_plan_says_what_will_be_tested_and_what_dependence_it_can_find(factorial_world, two_arms):
    plan = factorial_world(CROSSED, absent=[(arm, seed) for arm in CROSSED for seed in range(3)]).plan
    tests, power = planned_sentences(plan, 0.01, Words("en"))
    assert tests.startswith("Factors: norm × lr, norm, lr, in this order; F tests of a linear model, 3 adjusted")
    smallest = 100 * detectable([2, 3], 1, 3, 0.01, 10, alpha=0.05 / 3)
    assert power.endswith(f"between two differences: norm × lr {smallest:.2f} pp.")
    assert planned_sentences(two_arms.plan, 0.01, Words("en")) == []
    assert plain(tests + power).isascii()


def test_one_planned_seed_has_no_smallest_dependence(factorial_world):
    plan = factorial_world(CROSSED, seeds=1, absent=[(arm, 0) for arm in CROSSED]).plan
    assert len(planned_sentences(plan, 0.01, Words("en"))) == 1


def test_registered_looks_share_alpha(factorial_world):
    made = factorial_world(PLAIN)
    study = made.plan.study.model_copy(update={"looks": [2, 3]})
    evidence = gather(replace(made.plan, study=study), made.records)
    assert factors(evidence).found.alpha == pytest.approx(0.025)
    assert said(evidence)[-1] == (
        "The study may stop at any of 2 registered looks, so each is held to a family error of 2.5 %."
    )


def test_values_for_other_programs(crossed):
    values = factor_values(crossed, Words("en"))
    assert values["levels"] == {"norm": ["batch", "none"], "lr": ["0.1", "0.01", "0.02"]}
    assert [tuple(effect["factors"]) for effect in values["effects"]] == [("norm", "lr"), ("norm",), ("lr",)]
    assert values["effects"][0]["found"]
    assert len(values["simple"]) == 3


def test_the_data_of_the_plot_can_be_read(crossed):
    rows = list(csv.DictReader(io.StringIO(csv_text(interaction(crossed, factors(crossed), Words("en")).data))))
    assert len(rows) == 6
    assert {row["n"] for row in rows} == {"3"}
