"""Studies that did not go as planned: the report says so, and still tells what is decided."""

import re
from dataclasses import replace

import pytest

from ceteris.report.evidence import gather
from ceteris.report.page import contents
from ceteris.report.sentences import verdict_sentences, warnings
from ceteris.report.terminal import verdict_lines
from ceteris.report.words import Words
from ceteris.stats.contrast import Verdict
from ceteris.study.record import Status

SEEDS = range(5)


def told(made, language="en"):
    words, evidence = Words(language), gather(made.plan, made.records)
    return verdict_sentences(evidence, words), warnings(evidence, words), evidence


def verdicts(evidence):
    return {contrast.arm: contrast.verdict for contrast in evidence.contrasts}


def test_an_arm_that_was_never_run_leaves_the_others_decided(world):
    made = world({"a": 0.6, "b": 0.9, "c": 0.8}, seeds=5, absent=[("c", seed) for seed in SEEDS])
    (b, c), warned, evidence = told(made)
    assert verdicts(evidence) == {"b": Verdict.BETTER, "c": Verdict.UNDECIDED}
    assert b.startswith("b is better than a by ")
    assert "Not run yet" not in b
    assert c == (
        "c against a is undecided so far: they share no scored seed, and an interval needs at least 2. "
        "Not run yet: c: seeds 0, 1, 2, 3, 4. Until then the word may change; its error rate is that of the "
        "complete plan."
    )
    assert "Not complete: 5 of 15 trials left to run (c: seeds 0, 1, 2, 3, 4)." in warned[0]
    assert not any("cannot be decided" in sentence.lower() for sentence in warned)
    assert evidence.contrasts[0].family == 2


def test_blocks_that_were_not_run_are_named_and_the_word_is_called_interim(world):
    made = world({"a": 0.6, "b": 0.9}, seeds=5, absent=[(arm, seed) for arm in "ab" for seed in (3, 4)])
    (said,), _, evidence = told(made)
    assert verdicts(evidence) == {"b": Verdict.BETTER}
    assert "3 seeds)" in said
    assert "Not run yet: b: seeds 3, 4; a: seeds 3, 4. Until then the word may change; its error rate is that" in said
    (complete,), _, _ = told(world({"a": 0.6, "b": 0.9}, seeds=5))
    assert "Not run yet" not in complete


def test_one_seed_done_shows_what_was_seen_and_blames_no_design(world):
    made = world({"a": 0.6, "b": 0.9}, seeds=5, absent=[(arm, seed) for arm in "ab" for seed in SEEDS if seed])
    (said,), warned, evidence = told(made)
    assert verdicts(evidence) == {"b": Verdict.UNDECIDED}
    assert said.startswith(
        "b against a is undecided so far: one seed shows no spread, and an interval needs at least 2."
    )
    assert re.search(r"Difference seen: \+\d+\.\d\d pp top-1 \(no interval, 1 seed\)\.", said)
    assert not any("cannot be decided" in sentence.lower() for sentence in warned)


def test_no_record_at_all(world):
    made = world({"a": 0.6, "b": 0.9}, absent=[(arm, seed) for arm in "ab" for seed in range(3)])
    said, warned, _ = told(made)
    assert said == [Words("en")("nothing_yet")]
    assert "Not complete: 6 of 6 trials left to run" in warned[0]


def test_trials_that_did_not_learn_are_counted_in_the_sentence_of_their_contrast(world):
    ended = {("b", 0): Status.DID_NOT_LEARN, ("b", 2): Status.DID_NOT_LEARN, ("a", 1): Status.DID_NOT_LEARN}
    (b, c), _, evidence = told(world({"a": 0.6, "b": 0.9, "c": 0.7}, ended=ended))
    assert "Counted in it: 2 of 3 trials of b did not learn and 1 of 3 trials of a did not learn." in b
    assert "Counted in it: 1 of 3 trials of a did not learn." in c
    assert len(evidence.contrasts[0].seeds) == 3


def test_with_looks_only_the_trials_of_the_look_are_counted(world):
    ended = {("b", seed): Status.DID_NOT_LEARN for seed in SEEDS}
    made = world({"a": 0.9, "b": 0.6}, seeds=5, ended=ended)
    made.plan = replace(made.plan, study=made.plan.study.model_copy(update={"looks": (3, 5)}))
    (said,), _, evidence = told(made)
    assert evidence.contrasts[0].look == 3
    assert "Counted in it: 3 of 3 trials of b did not learn." in said


def test_a_stopped_trial_is_named_as_left_out(world):
    made = world({"a": 0.6, "b": 0.9}, seeds=4, ended={("b", 3): Status.STOPPED})
    (said,), warned, evidence = told(made)
    assert [trial.seed for trial in evidence.arm("b").scored] == [0, 1, 2]
    assert "Not in it: 1 of 4 trials of b stopped." in said
    assert any("b: 1 of 4 trials stopped (seed 3)." in sentence for sentence in warned)


def test_a_diverged_arm_is_unstable_and_the_others_stay_decided(world):
    ended = {("b", seed): Status.DIVERGED for seed in SEEDS}
    (b, c), _, evidence = told(world({"a": 0.6, "b": 0.9, "c": 0.8}, seeds=5, ended=ended))
    assert verdicts(evidence) == {"b": Verdict.UNSTABLE, "c": Verdict.BETTER}
    assert b == "b against a is unstable: 5 of 5 trials of b diverged."
    assert c.startswith("c is better than a by ")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "options",
    [
        {"absent": [("c", seed) for seed in SEEDS]},
        {"absent": [(arm, seed) for arm in "abc" for seed in (3, 4)]},
        {"absent": [(arm, seed) for arm in "abc" for seed in (1, 2, 3, 4)]},
        {"absent": [(arm, seed) for arm in "abc" for seed in SEEDS]},
        {"absent": [("a", seed) for seed in SEEDS]},
        {"ended": {("a", seed): Status.DID_NOT_LEARN for seed in SEEDS}, "absent": [("b", 4)]},
    ],
    ids=["arm missing", "blocks missing", "one seed", "nothing", "baseline missing", "baseline did not learn"],
)
def test_page_and_terminal_hold_whatever_is_there(world, options, language):
    made = world({"a": 0.6, "b": 0.9, "c": 0.8}, seeds=5, **options)
    words, evidence = Words(language), gather(made.plan, made.records)
    files = contents(evidence, words)
    text = files["report.md"].decode()
    if evidence.missing:
        assert warnings(evidence, words)[0].split("（")[0].split(" (")[0] in text
    lines = "".join(verdict_lines(evidence, words))
    assert "None" not in lines
    assert "nan" not in lines.lower()
