"""The gate finds its rows, counts what they report, and passes only when nothing was lost or wrong."""

import contextlib
from types import SimpleNamespace

import pytest

from gates.faults import __main__ as gate
from gates.faults import mutants
from gates.faults.row import Injection, Outcome, draws


def row(*outcomes, breaks=False):
    def inject(short, only):
        for number, outcome in enumerate(outcomes[: 1 if short else None], start=1):
            if only in (None, number):
                yield Injection(number, f"case {number}", outcome, "seen")
        if breaks:
            raise RuntimeError("no such thing")

    return SimpleNamespace(FAULT="a fault", PROMISE="a promise", SOURCE="tests", inject=inject)


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """run(rows, *arguments) -> (exit code, printed, the written page or None)."""
    monkeypatch.setattr(gate, "RESULTS", tmp_path / "faults.md")
    monkeypatch.setattr(gate, "MUTANTS", ())

    def called(rows, *arguments):
        monkeypatch.setattr(gate, "found_rows", lambda: rows)
        code = gate.main(arguments)
        return code, capsys.readouterr().out, gate.RESULTS.read_text() if gate.RESULTS.exists() else None

    return called


GOOD = row(Outcome.SURVIVED, Outcome.REFUSED, Outcome.SURVIVED)


def test_every_file_of_the_folder_is_a_row():
    found = gate.found_rows()
    files = (gate.Path(gate.__file__).parent / "rows").glob("[!_]*.py")
    assert sorted(found) == sorted(file.stem.replace("_", "-") for file in files)
    for each in found.values():
        assert all(isinstance(said, str) and said for said in (each.FAULT, each.PROMISE, each.SOURCE))
        assert callable(each.inject)


def test_it_counts_and_keeps_the_table(run):
    code, printed, page = run({"one": GOOD, "two": GOOD})
    line = "injected 6 / survived 4 / refused 2 / lost 0 / wrong 0"
    assert code == 0
    assert line in printed
    assert line in page
    assert page.count("| 3 | 2 | 1 | 0 | 0 |") == 2
    assert "Promises broken" not in page


@pytest.mark.parametrize("outcome", [Outcome.LOST, Outcome.WRONG])
def test_one_broken_promise_fails_the_gate_and_is_named(run, outcome):
    code, printed, page = run({"one": GOOD, "two": row(Outcome.SURVIVED, outcome)})
    assert code == 1
    for text in (printed, page):
        assert f"{outcome} 1" in text
        assert f"2: case 2: {outcome}: seen" in text
        assert "**FAIL**" in text


def test_a_row_that_breaks_or_injects_nothing_fails_the_gate_and_the_others_go_on(run):
    code, printed, _ = run({"one": row(Outcome.SURVIVED, breaks=True), "two": GOOD})
    assert code == 1
    assert "one 2: the row itself broke: wrong: RuntimeError: no such thing" in printed
    assert "injected 5 / survived 3 / refused 1 / lost 0 / wrong 1" in printed
    assert run({"one": row()})[0] == 1


def test_a_short_run_one_row_and_a_replay_write_nothing(run):
    rows = {"one": GOOD, "two": row(Outcome.SURVIVED, Outcome.LOST)}
    assert "injected 2 / survived 2" in run(rows, "--short")[1]
    assert run(rows, "--row", "one")[0] == 0
    code, printed, page = run(rows, "--row", "two", "--only", "2")
    assert (code, page) == (1, None)
    assert "injected 1 / survived 0 / refused 0 / lost 1 / wrong 0" in printed
    with pytest.raises(SystemExit):
        run(rows, "--only", "2")


def breaking(row, message="a guard"):
    """A mutant that is seen, or not, by what its row reports."""
    return gate.Mutant(message, row, (), ())


def test_mutants_are_tried_after_a_full_run_and_one_that_lives_fails_the_gate(run, monkeypatch):
    rows = {"one": GOOD, "two": GOOD}
    monkeypatch.setattr(gate, "MUTANTS", (breaking("one", "a | guard"),))
    code, printed, page = run(rows)
    assert code == 1
    assert "NOT CAUGHT: a | guard (one)" in printed
    assert "0 of 1 mutants" in page
    assert "**LIVES**" in page
    assert "mutant" not in run(rows, "--short")[1]

    seen = iter([False, True, True])

    class Turning:
        FAULT = PROMISE = SOURCE = "turning"

        @staticmethod
        def inject(short, only):
            yield gate.Injection(1, "x", Outcome.WRONG if next(seen) else Outcome.SURVIVED, "seen")

    monkeypatch.setattr(gate, "MUTANTS", (breaking("turning"),))
    code, _, page = run({"turning": Turning})
    assert code == 0
    assert "1 of 1 mutants" in page
    assert "| wrong: seen | caught |" in page


def test_every_mutant_names_a_row_and_breaks_something_that_is_there():
    rows = gate.found_rows()
    assert len(mutants.MUTANTS) >= 20
    for mutant in mutants.MUTANTS:
        assert mutant.row in rows
        with contextlib.ExitStack() as broken:
            for way in mutant.ways:
                broken.enter_context(way())


@pytest.mark.parametrize("guard", ["batches are unpickled as they come", "an archive is read without rules"])
def test_a_mutant_is_caught_and_the_guard_is_whole_again_afterwards(guard):
    (mutant,) = (each for each in mutants.MUTANTS if each.guard == guard)
    row = gate.found_rows()[mutant.row]
    assert mutants.caught(mutant, row).outcome is Outcome.WRONG
    assert all(one.outcome is Outcome.REFUSED for only in mutant.numbers for one in row.inject(True, only))


def test_the_draws_of_an_injection_are_its_own():
    assert draws("a", 1).integers(2**60) == draws("a", 1).integers(2**60)
    assert len({int(draws(name, number).integers(2**60)) for name in "ab" for number in range(50)}) == 100
