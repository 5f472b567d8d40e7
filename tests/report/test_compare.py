import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from statsmodels.stats import contingency_tables

from ceteris.report.compare import compare, compare_dict, compare_text
from ceteris.stats.looks import e_value
from ceteris.study.claims import Claim


def test_a_planned_pair_keeps_its_family(troubled):
    found = compare(troubled.plan, troubled.records, "resnet14", "plain-cnn")
    assert (found.contrast.arm, found.contrast.baseline, found.contrast.family) == ("resnet14", "plain-cnn", 4)
    assert not found.exploratory
    assert set(found.differs) == {"model", "loss.smoothing"}


def test_an_unplanned_pair_is_exploratory_and_is_b_minus_a(troubled):
    found = compare(troubled.plan, troubled.records, "resnet14", "wide")
    assert (found.contrast.arm, found.contrast.baseline, found.contrast.family) == ("wide", "resnet14", 1)
    text = compare_text(troubled.plan, troubled.records, "resnet14", "wide")
    assert "Exploratory: this pair is not one of the planned contrasts." in text
    assert "model: resnet14 -> wide" in text


def test_the_text_shows_every_seed_and_fits_80_columns(troubled):
    text = compare_text(troubled.plan, troubled.records, "plain-cnn", "none")
    rows = [line.split() for line in text.splitlines() if line.strip()[:1].isdigit()]
    assert [row[0] for row in rows] == ["0", "1", "2", "0", "1"]  # the scores, then the pairs of networks
    assert "failed" in rows[2]
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii()


def test_the_dict_is_plain_and_traceable(two_arms):
    found = json.loads(json.dumps(compare_dict(two_arms.plan, two_arms.records, "plain-cnn", "resnet14")))
    for seed, key in found["keys"]["resnet14"].items():
        assert found["scores"]["resnet14"][seed] == two_arms.records[key].metrics["top1"]
        difference = found["scores"]["resnet14"][seed] - found["scores"]["plain-cnn"][seed]
        assert found["differences"][seed] == pytest.approx(difference)
    assert found["verdict"] == "better"


def test_chinese_comparison(two_arms):
    assert "resnet14 优于 plain-cnn" in compare_text(two_arms.plan, two_arms.records, "plain-cnn", "resnet14", "zh")


def test_claims_that_rest_on_both_arms_are_told(world):
    expected = {"measure": "top1", "arm": "b", "expect": "higher"}
    claims = [Claim(text="B wins.", all=[expected]), Claim(text="C wins.", all=[expected | {"arm": "c"}])]
    made = world({"a": 0.5, "b": 0.9, "c": 0.7}, claims=claims)
    text = compare_text(made.plan, made.records, "a", "b")
    (told,) = compare_dict(made.plan, made.records, "a", "b")["claims"]

    assert told.startswith("Supported: “B wins”")
    assert "Supported: “B wins”" in text
    assert "C wins" not in text
    assert compare_dict(made.plan, made.records, "b", "c")["claims"] == []


def test_this_test_set_and_new_images_are_told_in_full(two_arms):
    text = " ".join(compare_text(two_arms.plan, two_arms.records, "plain-cnn", "resnet14").split())
    assert (
        "resnet14 minus plain-cnn on this test set: +11.42 pp top-1 (95 % interval +9.85 to +12.98, 3 seeds)." in text
    )
    assert "On new images from the same source: +11.42 pp top-1" in text
    assert "Variance components of one answer's difference: seeds " in text
    assert "Effect size (Hedges' g) " in text
    found = compare_dict(two_arms.plan, two_arms.records, "plain-cnn", "resnet14")
    assert found["uncertainty"]["new_low"] <= found["adjusted_low"]


def test_single_networks_are_compared_by_seed_with_a_warning(two_arms):
    found = json.loads(json.dumps(compare_dict(two_arms.plan, two_arms.records, "plain-cnn", "resnet14")))
    text = compare_text(two_arms.plan, two_arms.records, "plain-cnn", "resnet14")
    assert list(found["networks"]) == ["0", "1", "2"]
    for seed, test in found["networks"].items():
        ours, theirs = (
            np.equal(record.predictions["predicted"], record.predictions["labels"])
            for record in (two_arms.records[found["keys"][arm][seed]] for arm in ("resnet14", "plain-cnn"))
        )
        table = [[(ours & theirs).sum(), (ours & ~theirs).sum()], [(~ours & theirs).sum(), (~ours & ~theirs).sum()]]
        oracle = contingency_tables.mcnemar(table, exact=True)
        assert (test["first_only"], test["second_only"]) == (table[0][1], table[1][0])
        assert test["p"] == pytest.approx(oracle.pvalue)
        assert f"{seed} {test['first_only']} {test['second_only']} <" in " ".join(text.split())
    assert "says nothing about the recipes" in " ".join(text.split())


def test_networks_on_other_images_are_not_compared(world):
    made = world({"a": 0.7, "b": 0.8})
    records = {
        key: replace(record, predictions=record.predictions | {"image": record.predictions["image"] + record.seed})
        for key, record in made.records.items()
    }
    text = compare_text(made.plan, records, "a", "b")
    assert compare_dict(made.plan, records, "a", "b")["networks"] == {}
    assert "McNemar" not in text
    assert "as the two arms were tested on different images" in " ".join(text.split())


def test_a_comparison_with_lost_and_missing_trials_stays_sound(troubled):
    for arm, reason in (("wide", "unstable"), ("a network with quite a long name", "few_seeds")):
        found = compare_dict(troubled.plan, troubled.records, "plain-cnn", arm)
        assert found["uncertainty"]["reason"] == reason
        text = compare_text(troubled.plan, troubled.records, "plain-cnn", arm)
        assert max(map(len, text.splitlines())) <= 80
        assert text.isascii()


def test_evidence_that_holds_at_any_time(two_arms, troubled):
    found = compare(two_arms.plan, two_arms.records, "plain-cnn", "resnet14").contrast
    t = ttest_1samp(found.differences, 0).statistic
    text = compare_text(two_arms.plan, two_arms.records, "plain-cnn", "resnet14")

    said = compare_dict(two_arms.plan, two_arms.records, "plain-cnn", "resnet14")["e_value"]
    assert said == pytest.approx(e_value(t, 3))
    assert f"any time: e {said:.3g}" in " ".join(text.split())
    assert compare_dict(troubled.plan, troubled.records, "plain-cnn", "wide")["e_value"] is None
