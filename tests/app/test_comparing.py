"""`ceteris compare --csv` as a user calls it."""

import json

import pytest

CSV = "arm,seed,accuracy\nplain,0,0.71\nplain,1,0.72\nplain,2,0.70\nwide,0,0.75\nwide,1,0.77\nwide,2,0.75\n"


@pytest.fixture
def results(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text(CSV)
    return path


def test_a_file_gives_verdict_strip_and_tables(call, results):
    printed = call("compare", "--csv", results)
    assert printed.code == 0
    assert "wide is better than plain by 4.67 pp accuracy" in printed.out
    assert "o minus plain in pp" in printed.out
    assert "p (Holm)" in printed.out


def test_options_of_the_comparison(call, results):
    found = json.loads(
        call("compare", "--csv", results, "--json", "--baseline", "wide", "--margin", "0.1", "--independent").out
    )
    assert (found["baseline"], found["pairing"]) == ("wide", "independent")
    assert found["contrasts"][0]["margin"] == 0.1
    assert found["contrasts"][0]["arm"] == "plain"
    assert "plain" in call("compare", "--csv", results, "--lang", "zh").out
    results.write_text(CSV.replace("0.7", "7"))
    assert "4.67 pp" in call("compare", "--csv", results, "--percent").out


def test_mistakes_in_the_file_stand_with_their_lines(call, results):
    results.write_text(CSV + "wide,3,\nwide,2,0.9\n")
    printed = call("compare", "--csv", results)
    assert printed.code == 2
    assert f"{results}:8: the score is missing" in printed.err
    assert f"{results}:9: wide, seed 2 is there twice" in printed.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give a study and two of its arms, or --csv"),
        (("quickstart", "--csv", "r.csv"), "not both"),
        (("quickstart",), "which two arms? (ceteris compare quickstart A B)"),
        (("quickstart", "plain-cnn", "resnet14", "--margin", "0.1"), "--margin: goes with --csv only"),
        (("--csv", "r.csv", "--seeds", "3", "--scale", "smoke"), "--seeds: goes with a study only"),
        (("--csv", "r.csv", "--margin", "5"), "--margin: must be above 0 and below 0.5, not 5"),
        (("--csv", "r.csv", "--alpha", "nan"), "--alpha: must be above 0 and below 0.5"),
        (("--csv", "none.csv"), "none.csv: cannot be read"),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(call, arguments, said):
    printed = call("compare", *arguments)
    assert printed.code == 2
    assert said in printed.err
    assert "Traceback" not in printed.err
