"""Precision, recall and F1 of every class and arm, from the predictions of the records."""

import csv

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from ceteris.report.confusions import Confusions
from ceteris.report.evidence import gather
from ceteris.report.page import contents
from ceteris.report.per_class import MOST_ROWS, per_class_rows, per_class_table
from ceteris.report.words import Words


def found(made):
    return Confusions(gather(made.plan, made.records))


def test_the_table_holds_means_over_seeds_of_what_scikit_learn_gives(world):
    made = world({"a": 0.6, "b": 0.8})
    table = per_class_table(found(made), Words("en"))
    assert table.headings == ("class", "a", "b")
    trained = [made.records[trial.key].predictions for trial in made.plan.trials_of("b")]
    expected = np.mean(
        [precision_recall_fscore_support(one["labels"], one["predicted"], labels=range(10))[:3] for one in trained],
        axis=0,
    )
    for place, row in enumerate(table.rows):
        precision, recall, f1 = (f"{100 * share:.2f}" for share in expected[:, place])
        assert (row[2].text, row[2].small) == (f1, f"P {precision} · R {recall}")


def test_every_number_is_in_the_csv_also_where_the_page_has_no_table(world):
    many = world({"a": 0.6, "b": 0.8}, classes=[f"class {place}" for place in range(MOST_ROWS + 1)])
    assert per_class_table(found(many), Words("en")) is None
    files = contents(gather(many.plan, many.records), Words("en"))
    rows = list(csv.DictReader(files["per-class.csv"].decode().splitlines()))
    assert len(rows) == 2 * 3 * (MOST_ROWS + 1)
    assert set(rows[0]) == {"arm", "seed", "class", "images", "precision", "recall", "f1"}


def test_a_class_without_images_has_no_recall(world):
    made = world({"a": 0.6, "b": 0.8})
    for record in made.records.values():
        record.predictions["labels"][record.predictions["labels"] == 0] = 1
        record.predictions["predicted"][record.predictions["predicted"] == 0] = 1
    rows = [row for row in per_class_rows(found(made)) if row["class"] == "airplane"]
    assert {row["recall"] for row in rows} == {row["precision"] for row in rows} == {None}
    assert per_class_table(found(made), Words("en")).rows[0][1].text == "–"


def test_nothing_is_shown_before_anything_has_run(world):
    made = world({"a": 0.6, "b": 0.8}, absent=[(arm, seed) for arm in "ab" for seed in range(3)])
    assert per_class_table(found(made), Words("en")) is None
    assert list(per_class_rows(found(made))) == []


@pytest.mark.parametrize("arms", [2, 8])
def test_full_matrices_are_drawn_while_there_are_few(world, arms):
    made = world(dict.fromkeys("abcdefgh"[:arms], 0.7))
    files = contents(gather(made.plan, made.records), Words("en"))
    assert ("figures/confusion-of-each.svg" in files) == (arms == 2)
