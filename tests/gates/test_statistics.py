"""The gate lets the product's rules pass, and goes red when a rule is broken on purpose."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from ceteris.stats.contrast import Verdict
from ceteris.stats.decide import contrasts
from ceteris.study.streams import stream
from gates import statistics
from gates.statistics import Cell, bootstrap_alarms, cells, peeking_alarms, simulate, table

FIVE_ARMS = Cell(5, 5, statistics.SD, (), "normal")
FIVE_SEEDS = Cell(5, 1, statistics.SD, (), "normal")


def without_holm(arms, *terms, **options):
    """Every arm tested as if it were the only one."""
    baseline, *others = arms
    return [contrasts([baseline, arm], *terms, **options)[0] for arm in others]


def by_bootstrap(arms, confounded, margin, alpha):
    """The percentile bootstrap over seeds in place of the t interval."""
    found = []
    for contrast in contrasts(arms, confounded, margin, alpha):
        differences = np.array(contrast.differences)
        drawn = stream(0, f"test/{differences[0]}").choice(differences, (400, len(differences))).mean(axis=1)
        low, high = (float(end) for end in np.quantile(drawn, (alpha / 2, 1 - alpha / 2)))
        verdict = Verdict.BETTER if low > 0 else Verdict.WORSE if high < 0 else Verdict.UNDECIDED
        found.append(replace(contrast, verdict=verdict, interval=(low, high)))
    return found


def too_wide(*terms):
    """Intervals of 99 % called 95 %: no false wins, and too much coverage."""
    return [replace(c, interval=c.adjusted_interval) for c in contrasts(*terms[:3], alpha=0.01)]


@pytest.mark.parametrize("cell", [FIVE_SEEDS, FIVE_ARMS])
def test_the_products_own_rules_pass(cell):
    outcome = simulate(cell, 400)
    assert outcome.passed is True
    assert 0 < outcome.false_wins < 0.1
    assert simulate(cell, 400) == outcome


@pytest.mark.parametrize(
    ("cell", "broken"), [(FIVE_ARMS, without_holm), (FIVE_SEEDS, by_bootstrap), (FIVE_SEEDS, too_wide)]
)
def test_a_broken_rule_turns_the_gate_red(cell, broken):
    outcome = simulate(cell, 400, broken)
    assert outcome.passed is False
    assert "**FAIL**" in table([outcome])


def test_peeking_without_a_price_turns_the_gate_red():
    def peeking(arms, *terms, looks):
        seen = [[replace(arm, scores=dict(list(arm.scores.items())[:n])) for arm in arms] for n in looks]
        for stage in seen:
            found = contrasts(stage, *terms)
            if found[0].verdict in (Verdict.BETTER, Verdict.WORSE):
                break
        return found

    cell = Cell(10, 1, statistics.SD, (3, 5, 10), "normal")
    assert simulate(cell, 400, peeking).passed is False
    assert simulate(cell, 1000).passed is True


def test_a_failing_row_is_a_failing_command(monkeypatch, capsys):
    failed = replace(simulate(FIVE_SEEDS, 50), false_wins=0.2)

    class Pool:
        def __init__(self, *_): ...
        def __enter__(self):
            return self

        def __exit__(self, *_): ...
        def map(self, function, cells, *_):
            return [failed for _ in cells][:1]

    monkeypatch.setattr(statistics, "ProcessPoolExecutor", Pool)
    assert statistics.main(["--short"]) == 1
    assert "1 of 2 rows fail" in capsys.readouterr().out


def test_a_row_that_misses_by_chance_is_repeated_on_fresh_draws_and_both_are_shown():
    missed = replace(simulate(FIVE_SEEDS, 50), false_wins=0.2)
    fresh = simulate(FIVE_SEEDS, 50, draws=statistics.FRESH_DRAWS)
    again = replace(fresh, studies=1000, false_wins=0.05, coverage=0.95)

    assert fresh.coverage_error != simulate(FIVE_SEEDS, 50).coverage_error
    assert statistics.said_of([missed, again]) == ["repeated", "pass"]
    assert statistics.said_of([missed, replace(again, false_wins=0.06)])[1] == "pass"
    assert statistics.said_of([missed, replace(again, false_wins=0.07)])[1] == "**FAIL**"
    assert statistics.said_of([missed]) == ["**FAIL**"]


def test_the_page_holds_the_table_the_date_and_the_command(monkeypatch):
    monkeypatch.setattr(statistics, "warnings_table", lambda: "| a short cut | 25.0 |")
    outcome = simulate(FIVE_SEEDS, 50)
    written = statistics.page([outcome])

    assert table([outcome]) in written
    assert "50 simulated studies" in written
    assert "`make gate-statistics` on 20" in written
    assert "| a short cut | 25.0 |" in written


def test_noise_of_other_shapes_is_reported_and_promises_nothing():
    outcome = simulate(Cell(3, 1, statistics.LARGE_SD, (), "skewed"), 100)
    assert outcome.passed is None
    assert "as it is" in table([outcome])


def test_every_combination_once_and_looks_where_there_are_several():
    planned = list(cells())
    assert len(set(planned)) == len(planned) == 60
    crossed = {(cell.seeds, cell.arms, cell.sd, cell.noise) for cell in planned}
    assert crossed == set(product((3, 5, 10), (1, 5), (statistics.SD, statistics.LARGE_SD), statistics.NOISE))
    assert {cell.looks for cell in planned} == {(), (3, 5), (3, 5, 10)}


@pytest.mark.parametrize("noise", statistics.NOISE)
def test_noise_has_mean_0_and_sd_1(noise):
    drawn = statistics.NOISE[noise](stream(0, f"test/{noise}"), (200_000,))
    assert drawn.mean() == pytest.approx(0, abs=0.02)
    assert drawn.std() == pytest.approx(1, abs=0.1)


def test_three_seeds_by_bootstrap_alarm_when_all_have_one_sign():
    """The smallest of 27 resampled means has a share of 1 / 27, more than 2.5 %: the interval is the range."""
    assert bootstrap_alarms(3, 4000) == pytest.approx(2 / 2**3, abs=0.03)


def test_one_look_is_no_peeking():
    assert peeking_alarms((5,)) == pytest.approx(0.05, abs=0.002)
    assert peeking_alarms((3, 5, 10)) > 0.11
