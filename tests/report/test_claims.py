"""Claims on the page: each outcome, each kind of measure, in words that hold its numbers."""

import numpy as np
import pytest

from ceteris.report.claims import (
    claim_arms,
    claim_sentences,
    claim_values,
    claims_line,
    decided_claims,
    family_sentence,
)
from ceteris.report.evidence import gather
from ceteris.report.page import contents
from ceteris.report.terminal import verdict_lines
from ceteris.report.words import Words
from ceteris.study.claims import Claim
from ceteris.study.findings import Findings
from ceteris.study.record import Status

EN, ZH = Words("en"), Words("zh")


def claim(*parts, text="It is so."):
    return Claim(text=text, all=[{"measure": "top1", "arm": "b", "expect": "higher"} | part for part in parts])


def evidence_of(world, *claims, findings=None, arms=None, **options):
    made = world(arms or {"a": 0.7, "b": 0.8}, claims=list(claims), **options)
    return gather(made.plan, made.records, findings(made.plan) if findings else None)


def said(world, *parts, words=EN, **options):
    (sentence,) = claim_sentences(evidence_of(world, claim(*parts), **options), words)
    return sentence


def test_a_supported_claim_gives_the_means_the_difference_and_what_was_expected(world):
    evidence = evidence_of(world, claim({}))
    ours, theirs = (100 * evidence.arm(name).mean for name in "ba")
    (contrast,) = evidence.contrasts
    low, high = (100 * end for end in contrast.interval)
    assert claim_sentences(evidence, EN) == [
        f"Supported: “It is so”, because top-1 is {ours:.2f} % for b and {theirs:.2f} % for a, difference "
        f"{ours - theirs:+.2f} pp (95 % interval {low:+.2f} to {high:+.2f}, 3 seeds; expected: higher)."
    ]
    assert claim_sentences(evidence, ZH)[0].startswith(f"得到支持：“It is so”，因为 b 的 top-1 准确率为 {ours:.2f} %，")


def test_the_other_outcomes(world):
    assert said(world, {"expect": "lower"}).startswith("Refuted: ")
    assert said(world, {}, seeds=1).endswith("but one seed shows no spread, and an interval needs at least 2.")
    assert said(world, {}, ended={("b", 1): Status.DIVERGED}).endswith("but a trial of theirs diverged or failed.")
    never = said(world, {"measure": "validation_top1@13"})
    assert never.startswith("Not measured: ")
    assert "validation top-1 after epoch 13 is not known" in never


def test_the_arms_compared_need_not_be_the_baseline(world):
    arms = {"a": 0.7, "b": 0.8, "c": 0.6}
    sentence = said(world, {"than": "c"}, {"arm": "c", "than": "b"}, arms=arms)
    assert sentence.startswith("Refuted: ")
    assert "for b and" in sentence.partition("; top-1")[0]
    assert "for c and" in sentence.partition("; top-1")[2]
    assert sentence.count("adjusted 95 % interval") == 2


def test_sizes_are_facts(world):
    halved = {"measure": "parameters", "expect": "at-most", "by": 0.51}
    assert said(world, halved, seeds=1) == (
        "Supported: “It is so”, because b has 308 k parameters, 0.50 times the 615 k of a "
        "(expected: at most 0.51 times)."
    )
    assert said(world, halved | {"by": 0.49}).startswith("Refuted")


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (
            {"measure": "train_seconds", "expect": "lower"},
            ("Refuted", "training time is 65", " s for b", " s (95 % int"),
        ),
        ({"measure": "train_seconds", "expect": "at-most", "by": 1.2}, ("Refuted", "b minus 1.2 times a")),
        ({"measure": "epochs", "expect": "same", "by": 1}, ("Supported", "epochs trained is 12 for b", "within 1")),
        ({"measure": "validation_top1@1"}, ("validation top-1 after epoch 1 is", " % for b")),
        ({"measure": "nll", "expect": "lower", "by": 0.01}, ("Supported", "log loss is 0.", "lower by more than 0.01")),
        ({"measure": "top5", "expect": "same"}, ("top-5 is", "the same within 0.50 pp")),
        ({"by": 0.5}, ("Refuted", "higher by more than 50.00 pp")),
    ],
)
def test_every_measure_with_its_unit(world, part, wanted):
    sentence = said(world, part)
    assert all(words in sentence for words in wanted), sentence


def test_not_learning_is_an_outcome_and_counted(world):
    part = {"measure": "status", "expect": "did-not-learn"}
    ended = {("b", 0): Status.DID_NOT_LEARN, ("b", 1): Status.DIVERGED, ("b", 2): Status.DID_NOT_LEARN}
    assert said(world, part, ended=ended) == (
        "Supported: “It is so”, because 3 of 3 trials of b did not learn (expected: all)."
    )
    assert said(world, part, ended={("b", 0): Status.DID_NOT_LEARN}).startswith("Refuted: “It is so”, because 1 of 3")
    waiting = said(world, part, ended=ended, absent=[("b", 2)])
    assert waiting.startswith("Undecided")
    assert waiting.endswith("but not all trials have been run.")


def probed(plan):
    """Gradient norms [2 epochs, 3 layers] whose first layer's mean is `first` times the last's; one value is lost."""
    made = {}
    for trial in plan.trials:
        first = (0.25 if trial.arm == "a" else 0.75) + 0.01 * trial.seed * (trial.arm == "a")
        norms = np.array([[2 * first, 9.0, 2.0], [np.nan, 9.0, 2.0]])
        identity = {"name": "gradient-flow", "version": "1"}
        made[trial.key] = [Findings(identity, {"gradient_norm": norms}, {"trace": 3.0 + trial.seed, "layers": ["x"]})]
    return made


def test_what_a_probe_found_is_averaged_or_put_in_proportion(world):
    layers = said(world, {"measure": "probe:gradient-flow:gradient_norm:first/last"}, findings=probed)
    assert layers.startswith("Supported")
    assert "gradient norm of the first layer over that of the last (probe gradient-flow) is 0.75 for b" in layers
    assert "and 0.26 for a" in layers
    mean = said(world, {"measure": "probe:gradient-flow:gradient_norm"}, findings=probed)
    assert f"is {(1.5 + 18 + 4) / 5:.4g} for b" in mean
    assert "trace (probe gradient-flow) is 4 for b" in said(
        world, {"measure": "probe:gradient-flow:trace", "expect": "same", "by": 1}, findings=probed
    )
    for lacking in ("probe:gradient-flow:layers", "probe:gradient-flow:nothing", "probe:latency:trace"):
        assert said(world, {"measure": lacking}, findings=probed).startswith("Not measured")


def test_a_declared_number_can_stand_in_place_of_the_other_arm(world):
    ratio = {"measure": "probe:gradient-flow:gradient_norm:first/last", "arm": "a", "value": 0.1}
    vanished = said(world, ratio | {"expect": "lower"}, findings=probed)
    assert vanished.startswith("Refuted")
    assert "is 0.26 for a, against a declared 0.1, difference +0.16" in vanished
    assert said(world, ratio | {"expect": "lower", "value": 0.5}, findings=probed).startswith("Supported")
    assert "is not known of a." in said(world, ratio)
    accuracy = said(world, {"measure": "top1", "arm": "a", "expect": "higher", "value": 0.1})
    assert "against a declared 10.00 %" in accuracy


def test_a_confounded_claim_says_that_the_cause_is_not_known(world):
    assert said(world, {}, confounded=["b"]).endswith(EN("verdict.confounded"))
    assert "Confounded" not in said(world, {})
    both = {"arms": {"a": 0.7, "b": 0.8, "c": 0.6}, "confounded": ["c"]}
    assert said(world, {"than": "c"}, **both).endswith(EN("verdict.confounded"))


def test_outcomes_are_counted_in_one_line(world):
    claims = claim({}), claim({"expect": "lower"}), claim({}, {"measure": "validation_top1@99"})
    evidence = evidence_of(world, *claims, arms={"a": 0.4, "b": 0.9}, seeds=5)
    assert claims_line(decided_claims(evidence), EN) == "Claims: 1 supported, 1 refuted, 1 not measured."
    assert claims_line(decided_claims(evidence), ZH) == "论断：1 条得到支持、1 条被否定、1 条未测量。"
    assert claims_line([], EN) == ""


def test_what_two_claims_share_is_tested_once(world):
    evidence = evidence_of(world, claim({}), claim({}, {"measure": "top5"}, text="And so is that."))
    first, second = decided_claims(evidence)
    assert first.decisions[0] == second.decisions[0]
    assert second.decisions[1].family == 2
    assert EN("claim.family", tests=2, alpha=5) == family_sentence(evidence, EN)


def test_arms_are_named_once_in_the_order_of_the_claim(world):
    arms = {"a": 0.7, "b": 0.8, "c": 0.6}
    made = claim({"arm": "c", "than": "b"}, {"arm": "c"}, {"measure": "status", "arm": "b", "expect": "did-not-learn"})
    evidence = evidence_of(world, made, arms=arms)
    assert [arm.name for arm in claim_arms(evidence, made)] == ["c", "b", "a"]


def test_plain_values_hold_text_outcome_and_numbers(world):
    (found,) = claim_values(evidence_of(world, claim({})), EN)
    (part,) = found["all"]
    assert (found["text"], found["outcome"], part["measure"], part["arm"]) == ("It is so.", "supported", "top1", "b")
    assert part["ours"] - part["theirs"] == pytest.approx(part["difference"])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("words", [EN, ZH], ids=["en", "zh"])
def test_the_page_has_a_section_of_claims_only_where_there_are_some(world, words):
    evidence = evidence_of(world, claim({}, {"measure": "macs"}))
    (sentence,) = claim_sentences(evidence, words)
    files = contents(evidence, words)
    page, text = files["report.html"].decode(), files["report.md"].decode()

    assert page.index('id="results"') < page.index('id="claims"') < page.index('id="learning"')
    section = page[page.index('<section id="claims">') : page.index('<section id="learning">')]
    assert all(f'href="#trial-{arm}-{seed}"' in section for arm in (0, 1) for seed in range(3))
    assert f"- {sentence}" in text
    assert words("claim.family", tests=1, alpha=5) in text
    assert page.index(claims_line(decided_claims(evidence), words)) < page.index('id="differs"')
    assert 'id="claims"' not in contents(evidence_of(world), words)["report.html"].decode()


def test_the_terminal_says_it_after_the_verdict(world):
    lines = " ".join(verdict_lines(evidence_of(world, claim({})), EN))
    assert lines.index("b is better than a") < lines.index("Supported: “It is so”")
