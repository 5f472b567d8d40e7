"""The ranking in the report: its rows, its caution, and when there is none."""

import pytest

from ceteris.report.evidence import gather
from ceteris.report.figures.cost import cost
from ceteris.report.numbers import probability
from ceteris.report.ranking import ranked, ranking, ranking_values
from ceteris.report.words import Words
from ceteris.study.record import Status

THREE = {"plain": 0.6, "best": 0.9, "good": 0.8}


@pytest.fixture(scope="module")
def three(world):
    made = world(THREE)
    return gather(made.plan, made.records)


def rows(shown):
    return [[cell.text for cell in row] for row in shown.table.rows]


def test_the_best_mean_comes_first_with_its_rank_and_probability(three):
    found = ranked(three)
    assert [rank.arm for rank in found] == ["best", "good", "plain"]
    table = rows(ranking(three, Words("en")))
    assert [row[0] for row in table] == ["best", "good", "plain"]
    assert [row[2] for row in table] == [
        str(rank.low) if rank.low == rank.high else f"{rank.low} to {rank.high}" for rank in found
    ]
    assert [row[3] for row in table] == [probability(rank.best) for rank in found]


def test_a_winner_is_exploratory(three):
    first = ranking(three, Words("en")).sentences[0]
    assert first.startswith("best has the highest mean of 3 arms; the probability that it is the best of them is")
    assert first.endswith("is exploratory until it is confirmed on fresh seeds.")


def test_arms_with_the_same_scores_share_the_first_place(three, world):
    made = world(THREE)
    keys = {arm: [trial.key for trial in made.plan.trials_of(arm)] for arm in THREE}
    for one, other in zip(keys["good"], keys["best"], strict=True):
        made.records[one] = made.records[other]
    first = ranking(gather(made.plan, made.records), Words("en")).sentences[0]
    assert first.startswith("best and good share the highest mean of 3 arms. A winner")


def test_what_has_no_probability_is_named(world):
    made = world(THREE, ended={("best", 1): Status.DIVERGED}, absent=[("good", 1), ("good", 2)])
    shown = ranking(gather(made.plan, made.records), Words("en"))
    assert [row[2:] for row in rows(shown)] == [["1 to 3", "–"]] * 3
    assert shown.sentences[0].startswith("best has the highest mean of 3 arms. A winner")
    assert shown.sentences[-1].startswith("No probability for best, good and plain: ")


def test_two_arms_and_no_scores_have_no_ranking(two_arms, world):
    evidence = gather(two_arms.plan, two_arms.records)
    assert ranking(evidence, Words("en")) is None
    assert ranking_values(evidence) == []
    nothing = world(THREE, absent=[(arm, seed) for arm in THREE for seed in range(3)])
    assert ranking(gather(nothing.plan, nothing.records), Words("en")) is None


def test_values_for_other_programs(three):
    assert [value["arm"] for value in ranking_values(three)] == ["best", "good", "plain"]
    assert sum(value["best"] for value in ranking_values(three)) == pytest.approx(1)


def test_the_cost_figure_tells_how_probable_the_front_is(three):
    """In the made-up study the baseline has the most parameters, and each later arm more MACs."""
    drawing = cost(three, Words("en"))
    row = {row["arm"]: row for row in drawing.data}
    assert row["plain"]["front_macs"] == row["good"]["front_parameters"] == 1
    assert row["best"]["front_macs"] > 0.95
    assert row["good"]["front_macs"] < 0.3
    assert f"best ({probability(row['best']['front_macs'])})" in drawing.caption
    assert "plain (" not in drawing.caption


def test_the_cheapest_arm_and_arms_without_spread_have_no_number(world):
    made = world(THREE, seeds=1)
    evidence = gather(made.plan, made.records)
    drawing = cost(evidence, Words("en"))
    assert all(row["front_macs"] is None for row in drawing.data)
    assert "On the front by MACs per image (forward): plain and best." in drawing.caption


@pytest.mark.parametrize(
    ("share", "said"), [(0.0, "< 0.01"), (0.004, "< 0.01"), (0.25, "0.25"), (0.994, "0.99"), (0.9999, "> 0.99")]
)
def test_no_probability_is_written_as_a_certainty(share, said):
    assert probability(share) == said
