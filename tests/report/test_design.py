"""What is said of a design before the run and after it."""

from dataclasses import replace

import pytest

from ceteris.report.captions import how_sure
from ceteris.report.design import (
    correction_name,
    design_sentences,
    design_warnings,
    found_afterwards,
    price_rows,
    unfair,
)
from ceteris.report.evidence import gather
from ceteris.report.sentences import verdict_sentences, warnings
from ceteris.report.tables import contrasts
from ceteris.report.words import Words
from ceteris.stats.outlook import Outlook, Price, Spread, pooled_spread
from ceteris.stats.power import detectable_effect
from ceteris.study.claims import Claim, Expectation

EN, ZH = Words("en"), Words("zh")
MEASURED = Outlook(
    sd=0.0031, spread=Spread(0.0031, 4, 6, 2), accuracy=0.8, family=1, level=0.05, effect=0.0142, seeds_for_margin=18,
    prices=(Price(3, 0.0142, 6, 0, 0.0), Price(18, 0.0049, 36, 30, 600.0)), cannot="", least_sign_flip_p=0.25,
)  # fmt: skip


def tuned(world, rates):
    """The plan of a world in which each arm has its own learning rate, and is otherwise the model of its first word."""
    plan = world(dict.fromkeys(rates, 0.7)).plan
    arms = []
    for arm in plan.arms:
        model = {"name": arm.name.split()[0], "version": "1"}
        optimizer = arm.recipe["optimizer"] | {"lr": rates[arm.name]}
        arms.append(replace(arm, recipe=arm.recipe | {"model": model, "optimizer": optimizer}))
    return replace(plan, arms=tuple(arms))


def test_a_measured_spread_is_given_with_how_well_it_is_known(two_arms):
    said = " ".join(design_sentences(two_arms.plan, MEASURED, EN))

    assert "3 seeds find with a chance of 80 %: 1.42 pp top-1" in said
    assert "sd 0.31 pp, pooled over 6 trials of 2 arms" in said
    assert "within 0.6 to 2.9 times its value, and the smallest difference within 0.85 to 4.08 pp" in said


def test_three_seeds_of_one_arm_pin_the_sd_within_half_and_six_times(two_arms):
    one = replace(MEASURED, spread=Spread(0.0031, 2, 3, 1))

    assert "within 0.52 to 6.3 times its value" in " ".join(design_sentences(two_arms.plan, one, EN))


@pytest.mark.parametrize(("accuracy", "basis"), [(None, "80 % accuracy (assumed)"), (0.66, "66 % accuracy (mean of")])
def test_a_guess_is_called_one(two_arms, accuracy, basis):
    said = " ".join(design_sentences(two_arms.plan, replace(MEASURED, spread=None, accuracy=accuracy), EN))

    assert "is a guess" in said
    assert basis in said


def test_a_sign_flip_check_that_cannot_confirm_is_said_to_be_one(two_arms):
    six = replace(MEASURED, least_sign_flip_p=2 / 2**6)

    assert "cannot come below p 0.25 with 3 seeds" in design_sentences(two_arms.plan, MEASURED, EN)[-1]
    assert "sign-flip" not in " ".join(design_sentences(two_arms.plan, six, EN))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (replace(MEASURED, cannot="one_seed", effect=None), "cannot decide anything: one seed shows no spread"),
        (replace(MEASURED, cannot="out_of_reach", effect=1.7), "cannot decide anything: with this spread only"),
        (replace(MEASURED, seeds_for_margin=None), "more than 1,000 seeds"),
        (MEASURED, "the margin of 0.50 pp would take 18 seeds"),
    ],
)
def test_a_design_that_cannot_decide_says_why(two_arms, found, expected):
    assert expected in design_warnings(two_arms.plan, found, EN)[0]
    assert design_warnings(two_arms.plan, found, ZH)[0]


def test_a_design_with_seeds_enough_has_no_warning(two_arms):
    assert design_warnings(two_arms.plan, replace(MEASURED, seeds_for_margin=3), EN) == []


def test_one_seed_has_no_smallest_difference(two_arms):
    assert design_sentences(two_arms.plan, replace(MEASURED, effect=None, cannot="one_seed"), EN) == []


def test_the_price_of_more_seeds(two_arms):
    head, planned, enough = price_rows(two_arms.plan, MEASURED, ["", "10 min"], EN)

    assert head == ["seeds", "smallest difference", "trials", "to train", "training", ""]
    assert planned == ["3", "1.42 pp", "6", "0", "", "planned"]
    assert enough == ["18", "0.49 pp", "36", "30", "10 min", "finds the margin"]


def test_unequal_tuning_is_a_warning_of_plan_and_report(world):
    plan = tuned(world, {"cnn": 0.1, "cnn slow": 0.01, "resnet": 0.1})
    (said,) = unfair(plan, EN)

    assert said.startswith(
        "Unequal tuning: optimizer.lr was tried at 0.1, 0.01 (cnn; cnn slow), and at fewer values for"
    )
    assert said in design_warnings(plan, MEASURED, EN)
    assert said in warnings(gather(plan, {}), EN)
    assert unfair(plan, ZH)[0] in warnings(gather(plan, {}), ZH)
    assert unfair(tuned(world, {"cnn": 0.1, "resnet": 0.01}), EN) == []


def test_a_confounded_pair_of_a_claim_is_a_warning(world):
    claim = Claim(text="?", all=[Expectation(measure="top1", arm="resnet", than="vgg", expect="higher")])
    plan = tuned(world, {"cnn": 0.1, "resnet": 0.1, "vgg": 0.01})
    plan = replace(plan, study=plan.study.model_copy(update={"claims": [claim]}))

    assert any("resnet with vgg, which differ in 2 settings (model, optimizer.lr)" in said for said in unfair(plan, EN))


def test_the_page_says_what_the_design_would_have_found(two_arms):
    evidence = gather(two_arms.plan, two_arms.records)
    spread = pooled_spread([arm.values("top1") for arm in evidence.arms])
    said = found_afterwards(evidence, EN)

    assert f"a true difference of {100 * detectable_effect(3, spread.sd, 0.05):.2f} pp top-1 or more" in said
    assert "6 trials of 2 arms; so many pin an sd only within 0.6 to 2.9 times" in said
    assert said in how_sure(evidence, [], EN)


def test_without_a_spread_nothing_is_said_afterwards(two_arms):
    first = {key: record for key, record in two_arms.records.items() if record.seed == 0}

    assert found_afterwards(gather(two_arms.plan, first), EN) == ""
    assert found_afterwards(gather(two_arms.plan, {}), EN) == ""


def corrected(world, correction, **fields):
    """A study of three arms that declares how it pays for several contrasts."""
    made = world({"plain": 0.5, "wide": 0.9, "deep": 0.52}, pairing="independent", correction=correction, **fields)
    return gather(made.plan, made.records)


@pytest.mark.parametrize(("words", "word"), [(EN, "Exploratory"), (ZH, "探索性")])
def test_an_exploratory_list_is_called_one_wherever_it_decides(world, words, word):
    evidence = corrected(world, "exploratory")
    table = contrasts(evidence, words)

    assert evidence.contrasts[0].verdict == "better"
    assert all(said.startswith(word) for said in verdict_sentences(evidence, words))
    assert all(word.lower() in row[-1].text for row in table.rows)
    assert any("Benjamini" in heading for heading in table.headings)
    assert any(said.startswith(word) for said in how_sure(evidence, [], words))


def test_dunnetts_assumption_is_said(world):
    evidence = corrected(world, "dunnett")
    said = " ".join(how_sure(evidence, [], EN))

    assert "with one spread of seeds for all of them, as the study declares" in said
    assert "by Dunnett's single-step test" in said
    assert "Holm" not in said
    assert "p (Dunnett)" in contrasts(evidence, EN).headings
    assert verdict_sentences(evidence, EN)[0].startswith("wide is better than plain by")


@pytest.mark.parametrize(
    ("correction", "name"), [("holm", "Holm"), ("dunnett", "Dunnett"), ("exploratory", "Benjamini")]
)
def test_the_plan_names_the_correction(world, correction, name):
    assert name in correction_name(corrected(world, correction).plan, EN)
