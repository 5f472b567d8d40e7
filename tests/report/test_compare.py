import json

import pytest

from ceteris.report.compare import compare, compare_dict, compare_text
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
    assert [row[0] for row in rows] == ["0", "1", "2"]
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
