"""The stores that the benchmark fills are real: every record reads back, and commands see what a study leaves."""

import json

import pytest

from bench.store import ARMS, PER_STUDY, SEEDS, Timing, calls, fill, study_of, table
from ceteris.app.cli import main
from ceteris.store.records import Store


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    root = tmp_path_factory.mktemp("bench") / "store"
    assert fill(root, [0, 1]) == 2 * PER_STUDY
    return root


def test_every_record_is_valid_and_no_trial_is_shared(filled):
    store = Store(filled)
    keys = store.keys()
    assert len(keys) == 2 * PER_STUDY
    assert not any(store.broken(key) for key in keys[::10])


def test_status_counts_them(filled, capsys):
    assert main(["status", "--json", "--store", str(filled)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [state["study"] for state in found] == [study_of(0).name, study_of(1).name]
    assert all(state["outcomes"] == {"finished": PER_STUDY} for state in found)
    assert PER_STUDY == ARMS * SEEDS


@pytest.mark.parametrize("name", ["plan STUDY", "status STUDY", "show KEY (8 digits)", "show KEY (64 digits)"])
def test_every_command_finds_what_it_asks_for(filled, capsys, name):
    assert main([*calls(filled)[name], "--store", str(filled)]) == 0
    said = capsys.readouterr().out
    assert ("seed 0: finished" in said) if name.startswith("show") else (" 0 to train" in said or "100" in said)


def test_the_table_has_a_row_for_each_command_and_a_column_for_each_size():
    made = table([Timing("status", size, (2.0, 1.0, 9.0), (0.5, 0.5, 0.6)) for size in (100, 1000)])
    assert made.splitlines()[2] == "| `ceteris status` | 3 | 2.00 (1.00 to 9.00) | 0.50 | 2.00 (1.00 to 9.00) | 0.50 |"
