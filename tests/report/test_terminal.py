import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ceteris.report.evidence import gather
from ceteris.report.palette import columns_of
from ceteris.report.terminal import lined, strip_text, verdict_lines
from ceteris.report.words import Words


def test_the_strip_shows_every_arm_within_80_ascii_columns(troubled):
    evidence = gather(troubled.plan, troubled.records)
    text = strip_text(evidence.contrasts)
    rows = text.splitlines()
    assert text.isascii()
    assert max(map(len, rows)) <= 80
    assert [row.split()[0] for row in rows[:4]] == ["resnet14", "a", "wide", "none"]


def test_the_mean_stands_at_its_place_right_of_zero(two_arms):
    evidence = gather(two_arms.plan, two_arms.records)
    row = strip_text(evidence.contrasts).splitlines()[0]
    assert row.index("|") < row.index("[") < row.index("o", len("resnet14")) < row.index("]")
    assert "+11.42 pp [9.85, 12.98]" in row


def test_no_contrast_gives_no_strip():
    assert strip_text([]) == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_verdicts_fit_80_columns_and_begin_with_modified_data(troubled, language):
    lines = verdict_lines(gather(troubled.plan, troubled.records), Words(language))
    assert max(columns_of(line) for line in lines) <= 80
    assert lines[0].startswith("cifar10")


@given(st.text(st.sampled_from("ab %1区间，"), max_size=200), st.integers(20, 80))
@example("1" * 12 + "区" * 10 + " ", 32)
def test_lines_keep_every_word_and_stay_within_their_columns(text, width):
    lines = lined(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(columns_of(line) <= width for line in lines if " " in line)


def test_a_number_stays_with_its_unit():
    assert lined("aaaa 95 % interval", 8) == ["aaaa", "95 %", "interval"]
