"""Files of results as people have them, and every mistake in them with its line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.errors import InputError
from ceteris.report.results_file import LARGEST_FILE, MOST_SAID, read_results

GOOD = "arm,seed,top1\nplain,0,0.71\nplain,1,0.72\nwide,0,0.75\nwide,1,diverged\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("results") / "r.csv"


def read(file, text, **options):
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_results(file, **options)


def mistakes(file, text, **options):
    with pytest.raises(InputError) as caught:
        read(file, text, **options)
    return [str(problem).removeprefix(str(file)) for problem in caught.value.problems]


def test_a_file_is_read_into_scores_and_lost_trials(file):
    found = read(file, GOOD)

    assert (found.metric, found.correct, found.file) == ("top1", {}, str(file))
    assert [arm.name for arm in found.arms] == ["plain", "wide"]
    assert found.arms[0].scores == {0: 0.71, 1: 0.72}
    assert (found.arms[1].scores, found.arms[1].lost) == ({0: 0.75}, {1: "diverged"})


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        "\n" + GOOD.replace("wide,0", "\n\n wide , 0 "),
        GOOD.replace("plain", '"plain"'),
        GOOD.replace("arm,seed", "Arm, Seed").replace("diverged", "Diverged"),
    ],
    ids=["BOM", "CRLF", "semicolons", "tabs", "spaces and empty lines", "quotes", "capitals"],
)
def test_other_ways_to_write_the_same(file, text):
    assert read(file, text) == read(file, GOOD)


def test_columns_may_come_in_any_order_and_metric_may_be_called_metric(file):
    found = read(file, "metric,arm,seed\n0.5,a,3\n0.25,b,3\n")

    assert found.metric == "metric"
    assert [arm.scores for arm in found.arms] == [{3: 0.5}, {3: 0.25}]


def test_correctness_by_image(file):
    found = read(file, "arm,seed,acc,correct\na,0,0.5,0011\nb,0,0.75,0111\nb,1,failed,\n")

    assert np.array_equal(found.correct["b"][0], [False, True, True, True])
    assert {arm: list(seeds) for arm, seeds in found.correct.items()} == {"a": [0], "b": [0]}


def test_percentages_are_asked_for_and_never_guessed(file):
    percents = GOOD.replace("0.7", "7")

    assert read(file, percents, percent=True).arms[0].scores == {0: pytest.approx(0.71), 1: pytest.approx(0.72)}
    assert mistakes(file, percents) == [
        ":2: 71 is not a fraction from 0 to 1, nor are the scores of 2 more lines "
        "(are they percentages? then give --percent)"
    ]
    assert mistakes(file, GOOD, percent=True) == [
        ": no score is above 1 %: these look like fractions (leave --percent out)"
    ]
    assert mistakes(file, percents.replace("75", "101"), percent=True) == [":4: 101 is not a percentage from 0 to 100"]


def test_every_mistake_is_reported_at_once_with_its_line(file):
    lost = "(write diverged, failed or stopped for a trial that was lost, or leave the line out)"
    text = 'arm,seed,top1\na,0,\na,one,0.5\n,2,0.5\na,3,nan\na,4,0,5\na,5,"0,5"\nb,0,best\nb,1,71%\nb,2,0.5\nb,2,0.6\n'

    assert mistakes(file, text) == [
        f":2: the score is missing {lost}",
        ":3: 'one' is not a seed (seeds are whole numbers from 0)",
        ":4: '' cannot name an arm",
        f":5: 'nan' is not a number {lost}",
        ":6: has 4 cells, and the heading 3",
        ":7: '0,5' is not a number (write a decimal point)",
        f":8: 'best' is not a number {lost}",
        ":9: '71%' is not a number (leave the sign out and give --percent)",
        ":11: b, seed 2 is there twice (it stands in line 10 already)",
    ]


def test_mistakes_in_correctness(file):
    text = "arm,seed,acc,correct\na,0,0.5,01\na,1,0.5,012\nb,0,0.5,0101\nb,1,failed,01\nb,2,0.5,\n"

    assert mistakes(file, text) == [
        ":3: correct holds more than 0 and 1 (one digit for every test image)",
        ":4: correct holds 4 images, and 2 in line 2",
        ":5: a trial that failed has no correct images (leave correct empty)",
        ":6: correct holds 0 images, and 2 in line 2",
    ]


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("arm,seed", ["has no column with scores (call it metric, or by the metric's name)"]),
        ("arm,seed,top1,top5", ["which of 'top1', 'top5' is the score? (call it metric and take the others out)"]),
        ("arm,seed,metric,note", ["unknown column 'note' (take it out)"]),
        (
            "name,seed,metric",
            ["has no column 'arm' (the first line names the columns)", "unknown column 'name' (take it out)"],
        ),
        ("arm,seed,seed,acc", ["the column 'seed' is there twice"]),
    ],
)  # fmt: skip
def test_a_heading_says_what_is_what(file, heading, said):
    assert mistakes(file, f"{heading}\na,0,0.5,0.5\n") == [f":1: {each}" for each in said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\xff", "is not UTF-8 text"),
        ("arm,seed,x\n".encode("utf-16"), "is not UTF-8 text"),
        (b"PK\0\0", "is not a text file"),
        ("arm,seed,x\n", "has fewer than two arms"),
        ("arm,seed,x\na,0,0.5\na,1,0.5\n", "has fewer than two arms"),
        ('arm,seed,x\n"a,0,0.5\n', "not valid CSV"),
    ],
)
def test_what_is_no_table_of_results_is_refused(file, text, said):
    (found,) = mistakes(file, text)
    assert said in found


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    large = tmp_path / "large.csv"
    with large.open("wb") as out:
        out.truncate(LARGEST_FILE + 1)
    for path, said in ((large, "too large"), (tmp_path / "none.csv", "cannot be read"), (tmp_path, "cannot be read")):
        with pytest.raises(InputError, match=said):
            read_results(path)


def test_a_file_with_one_cause_of_many_mistakes_does_not_bury_it(file):
    found = mistakes(file, "arm,seed,acc\n" + "a,x,0.5\n" * 100)

    assert len(found) == MOST_SAID + 1
    assert found[-1] == f": and {100 - MOST_SAID} more"


@given(st.text(alphabet='arm,seed;01.\t"\n \0\r%é-', max_size=200) | st.binary(max_size=100))
def test_anything_else_is_a_mistake_and_never_a_traceback(file, written):
    file.write_bytes(written if isinstance(written, bytes) else written.encode())
    try:
        arms = len(read_results(file).arms)
    except InputError as error:
        arms = 2 * len(error.problems)
    assert arms > 1
