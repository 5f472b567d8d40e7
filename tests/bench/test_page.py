"""The page and its tables say what the results hold, and name every aim that was missed."""

import copy
import json
import re

import pytest

from bench import tables
from bench.__main__ import CPU_RESULTS, GPU_RESULTS, PAGE, main
from bench.page import missed, page

RESULT = {
    "machine": {"processor": "A", "cores": 2, "system": "L", "python": "3", "packages": {"torch": "2"}, "load": 0.0},
    "made": {"date": "2026-01-02", "minutes": 7.6, "repeats": 3, "seconds": 2.0, "data": "made", "official": False},
    "limits": {
        "matmul": [1e11, 2e11, 3e11],
        "conv": [1e11] * 3,
        "augment": [61_000.0, 70_000.0, 80_000.0],
        "import torch": [1.1],
    },
    "trials": [
        {
            "model": "lenet",
            "target": 5.0,
            "images_per_second": {
                "ceteris": [6000.0, 6600.0, 5000.0],
                "usual": [1000.0] * 3,
                "lightning": [500.0, 660.0, 1000.0],
                "ceteris, bf16": [12_000.0, 9000.0, 10_000.0],
                "usual, bf16": [2000.0] * 3,
            },
            "flops_per_image": 1e7,
            "step": {
                "outside": [0.2, 0.1, 0.25],
                tables.BETWEEN: [0.03],
                "max_pool2d_with_indices": [0.08, 0.09, 0.01],
            },
            "around": {
                "start": [2.0] * 3,
                "training": [10.0, 10.0, 20.0],
                "evaluation": [0.8, 0.9, 0.6],
                "probe": [0.1, 0.1, 0.3],
                "checkpoint": [0.004, 0.003, 0.005],
                "resume": [3.24, 3.27, 0.1],
            },
        }
    ],
    "many": [
        {
            "model": "lenet",
            "chosen": "one core a trial",
            "beside": [
                {
                    "busy": busy,
                    "images_per_second": {
                        "all cores, one trial": [4000.0, 4000.0, 9000.0],
                        "one core a trial": [8000.0, 6000.0, 9000.0],
                        "torch's defaults": [2000.0, 1000.0, 3000.0],
                    },
                }
                for busy in (0, 2)
            ],
        }
    ],
}
CARD = {"machine": {"device": "a card", "torch": "2", "cores": 16}, "date": "2026-01-03"}
GPU = {
    "one_trial": CARD
    | {
        "repeats": 2,
        "loader_workers": 8,
        "limits": {
            "matmul": [8e14, 6e14],
            "convolutions": [
                {"model": "resnet18", "batch": batch, "images_per_second": 100_000.0} for batch in (128, 9)
            ],
        },
        "trials": [
            {
                "model": "resnet18",
                "batch": 128,
                "compiled": compiled,
                "precision": "bf16",
                "flops_per_image": 3.5e9,
                "images_per_second": {"ceteris": [100_000.0, 60_000.0], "usual": usual},
                "first_epoch_seconds": [8.7, 0.5],
            }
            for compiled, usual in ((False, [5000.0, 6000.0]), (True, []))
        ],
    },
    "many": CARD
    | {"trials": [{"model": "lenet", "precision": "tf32", "images_per_second": {"1": [1000.0], "12": [2500.0]}}]},
    "airbench": {"airbench": [[2.0, 0.94], [3.0, 0.95]], "ceteris": [[2.5, 0.93], [2.5, 0.94]]},
}


def changed(change):
    result = copy.deepcopy(RESULT)
    change(result)
    return result


def row(table, first):
    """The cells of the row that begins so."""
    return next(line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith(f"| {first} "))


def test_one_trial_is_compared_repeat_by_repeat():
    cells = row(tables.one_trial(RESULT), "lenet")

    assert cells == ["lenet", "6,000", "1,000", "660", "6.0 (5.0 to 6.6)", "7.5", "5.0", "10.0 (5.0 to 12.0)"]


def test_bf16_is_compared_with_fp32_and_with_the_usual_script_in_either():
    assert row(tables.in_bf16(RESULT), "lenet")[1:] == [
        "10,000", "2,000", "2.0 (1.4 to 2.0)", "5.0 (4.5 to 6.0)", "10.0 (9.0 to 12.0)", "5.0"
    ]  # fmt: skip


def test_a_processor_without_bf16_has_no_such_table():
    without = changed(lambda r: r["trials"][0].update(target=6.5))
    for name in ("ceteris", "usual"):
        del without["trials"][0]["images_per_second"][f"{name}, bf16"]

    assert "This processor has no instructions for bf16" in page(without)
    assert "(7.5 at most)" in page(without)


def test_what_surrounds_an_epoch_is_a_share_of_its_training_and_a_resume_of_thirty_epochs():
    assert row(tables.around(RESULT), "lenet")[1:] == [
        "10.0", "8.0%", "1.0%", "9.0%", "10%", "0.004", "3.24", "1.0%", "2%"
    ]  # fmt: skip


def test_the_share_is_of_the_higher_bare_rate():
    assert row(tables.limits(RESULT), "lenet")[1:5] == ["10.0", "60.0", "30%", "20 (10 to 25)"]


def test_the_largest_parts_of_the_rest_of_a_step_come_first():
    assert row(tables.costly(RESULT), "lenet")[1] == (
        f"max_pool2d_with_indices 8.0%, {tables.BETWEEN} 3.0%, all others 9.0%"
    )


def test_what_an_aim_leaves_for_the_rest_of_a_step_is_told_in_milliseconds():
    assert row(tables.left_for_the_rest(RESULT), "lenet")[1:] == ["21.3", "17.1", "25.6", "8.5", "4.3", "0.6"]
    slow = changed(lambda r: r["trials"][0]["images_per_second"].update(usual=[2000.0] * 3))
    assert row(tables.left_for_the_rest(slow), "lenet")[4] == "none"
    unsaid = changed(lambda r: r["trials"][0].update(target=None))
    assert "lenet" not in tables.left_for_the_rest(unsaid)


def test_the_executor_is_compared_with_the_better_way_and_with_the_defaults():
    cells = row(tables.many_trials(RESULT), "lenet")

    assert cells[5:] == ["one core a trial", "1.00 (1.00 to 1.00)", "4.0 (3.0 to 6.0)"]


def test_the_way_that_ends_sooner_is_taken_when_a_trial_is_over():
    fast = changed(
        lambda r: r["many"][0]["beside"][0]["images_per_second"].update({"all cores, one trial": [8800.0] * 3})
    )

    assert row(tables.odd_one_out(RESULT), "lenet")[1:] == ["0.89 (0.67 to 1.33)", "one core a trial"]
    assert row(tables.odd_one_out(fast), "lenet")[2] == "all cores, one trial"


@pytest.mark.parametrize(
    "table",
    [tables.one_trial, tables.machine_limits, tables.limits, tables.costly, tables.left_for_the_rest, tables.around],
)
def test_every_row_has_as_many_cells_as_the_head(table):
    assert len({line.count("|") for line in table(RESULT).splitlines()}) == 1


def test_nothing_is_missed_when_all_aims_are_reached():
    assert missed(RESULT) == []
    assert "All aims of the tables are reached" in page(RESULT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda r: r["trials"][0].update(target=6.5),
            "lenet is 6.0 times as fast as the usual script, not 6.5 times (7.5 at most; 10.0 in bf16)",
        ),
        (
            lambda r: r["trials"][0].update(step={"outside": [0.3], tables.BETWEEN: [0.1]}),
            "lenet spends 30% of a step outside",
        ),
        (lambda r: r["trials"][0]["around"].update(probe=[0.3] * 3), "lenet's evaluation and probe take 11.0% of its"),
        (lambda r: r["trials"][0]["around"].update(resume=[7.0] * 3), "going on with lenet takes 2.1% of a trial"),
        (
            lambda r: r["limits"].update(augment=[50_000.0]),
            "augmentation makes 50,000 images/s on one core, not 60,000",
        ),
        (
            lambda r: r["many"][0]["beside"][1]["images_per_second"].update({"torch's defaults": [7000.0] * 3}),
            "many trials of lenet beside 2 busy processes are 1.1 times",
        ),
    ],
)
def test_a_missed_aim_is_named_and_not_hidden(change, said):
    result = changed(change)

    assert len(missed(result)) == 1
    assert said in missed(result)[0]
    assert missed(result)[0] in page(result)


def test_defaults_that_win_on_a_quiet_machine_miss_no_aim():
    quiet = changed(lambda r: r["many"][0]["beside"][0]["images_per_second"].update({"torch's defaults": [7000.0] * 3}))

    assert missed(quiet) == []


def test_the_page_says_where_and_on_what_it_was_made():
    said = page(RESULT)

    assert "Made by `make bench` on 2026-01-02 in 8 min: A, 2 cores" in said
    assert "random images of CIFAR-10's shape; 3 repeats of 2 s" in said
    assert "cifar10, a modified copy;" in page(changed(lambda r: r["made"].update(data="cifar10")))
    assert "GPU" not in said


def test_the_gpu_has_its_part_when_it_was_measured():
    said = page(RESULT, GPU)

    assert "a card, torch 2, 16 cores" in said
    own, usual = "80,000 (60,000 to 100,000)", "5,500 (5,000 to 6,000)"
    assert row(said, "resnet18") == ["resnet18", "128", "bf16", own, usual, "15.0 (10.0 to 20.0)", "40%"]
    assert row(said, "resnet18, compiled") == [
        "resnet18, compiled",
        "128",
        "bf16",
        own,
        "",
        "15.0 (10.0 to 20.0)",
        "40%",
    ]
    assert "in a process took 9 to 9 s" in said
    assert "at batch 128 50% and 18.3 times the usual script; resnet18's at batch 9 50%." in said
    assert row(said, "lenet") == row(page(RESULT), "lenet")
    assert "| lenet | tf32 | 1,000 | 2,500 | 2.5 (2.5 to 2.5) |" in said
    assert "5 times one after another, not reached by lenet;" in said
    assert "| airbench | 2.50 (2.00 to 3.00) | 94.50 (94.00 to 95.00) | 2 |" in said


def test_other_ways_for_many_trials_are_shown_where_they_were_measured():
    assert "Other ways" not in page(RESULT, GPU)
    measured = copy.deepcopy(GPU)
    measured["many"]["trials"][0] |= {
        "images_per_second": {"1": [1000.0], "12": [5100.0]},
        "kernels": {"a_step": 65.0, "busy_microseconds": 336.7},
        "other_ways": {"one graph": {"1": 1100.0, "8": 2600.0}},
    }
    said = page(RESULT, measured)

    many = said[said.index("Many trials on one GPU") :]
    assert row(many, "lenet") == ["lenet", "tf32", "1,000", "5,100", "5.1 (5.1 to 5.1)", "65", "337", "2,590"]
    assert row(said[said.index("Other ways") :], "lenet") == ["lenet", "1,100", "2,600"]
    assert "5 times one after another, reached by all;" in said


def test_the_page_is_made_again_from_results_alone(tmp_path, capsys):
    (tmp_path / "results").mkdir()
    for name, result in ((CPU_RESULTS, RESULT), (GPU_RESULTS, GPU)):
        (tmp_path / "results" / name).write_text(json.dumps(result))

    assert main(["--page", "--to", str(tmp_path)]) == 0
    assert (tmp_path / PAGE).read_text() == page(RESULT, GPU)
    assert tables.one_trial(RESULT) in capsys.readouterr().out


def test_without_results_there_is_no_page(tmp_path, capsys):
    assert main(["--page", "--to", str(tmp_path)]) == 2
    assert re.search(r"error: .*speed-cpu\.json", capsys.readouterr().err)
