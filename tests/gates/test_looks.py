"""A few dozen studies of the gate, through the scheduler, on a real store, with nothing trained."""

import pytest

from ceteris.lab.looks import rounds, standing, wanted_trials
from ceteris.stats.contrast import Verdict
from ceteris.store.records import Store
from ceteris.study.record import Record, Status
from ceteris.study.streams import stream
from gates.looks import CELLS, WON, Cell, plan_of, run_study, simulate, table

TWO_ARMS = Cell("two arms", (0.0, 0.0))


class Lab:
    """A store in which training is a draw: `better` is what an arm scores above the others."""

    def __init__(self, root, plan, better=None, ended=None):
        self.plan, self.store, self.better, self.ended = plan, Store(root), better or {}, ended or {}
        self.store.prepare()

    def train(self, trial):
        status = self.ended.get((trial.arm, trial.seed), Status.FINISHED)
        score = 0.9 + self.better.get(trial.arm, 0.0) + 0.002 * stream(trial.seed, f"tests/{trial.arm}").normal()
        metrics = {"top1": float(score)} if status is Status.FINISHED else {}
        arm = self.plan.arms[0]
        self.store.put(Record(trial.key, status, arm.recipe, trial.seed, arm.data, {}, metrics=metrics))

    def run(self):
        return run_study(self.plan, self.store, self.train)

    def verdicts(self):
        return {contrast.arm: (contrast.verdict, contrast.look) for contrast in standing(self.plan, self.store)}


def seeds_trained(lab, arm):
    return [trial.seed for trial in lab.plan.trials_of(arm) if lab.store.has(trial.key)]


@pytest.mark.parametrize("futility", [False, True])
def test_studies_without_a_difference_seldom_find_one(futility):
    """No cell may err more than alpha: of 40 studies 8 or more false ones would come once in a thousand times."""
    outcome = simulate(Cell("no difference, short", (0.0, 0.0), futility=futility), 40)

    assert outcome.false <= 7
    assert 0 <= outcome.saved < 0.6


def test_a_clear_difference_is_found_early():
    outcome = simulate(Cell("1 arm better by 6 sd, short", (6.0,)), 30)

    assert outcome.found == outcome.found_fixed == 1.0
    assert outcome.saved > 0.4


def test_the_table_says_what_fails():
    outcome = simulate(Cell("everything is called false", (6.0,), tuple(Verdict)), 3)

    assert not outcome.passed
    assert "**FAIL**" in table([outcome])
    assert all(cell.false == WON or cell.margin > 0.001 or cell.differences[0] < 0 for cell in CELLS)


def test_an_arm_that_is_decided_gets_no_more_seeds_and_the_baseline_goes_on(tmp_path):
    lab = Lab(tmp_path, plan_of(TWO_ARMS), better={"arm 1": 0.05})

    assert lab.run() == 3 + 10 + 10
    assert seeds_trained(lab, "arm 1") == [0, 1, 2]
    assert lab.verdicts() == {"arm 1": (Verdict.BETTER, 3), "arm 2": (Verdict.UNDECIDED, 10)}


def test_all_decided_at_the_first_look_ends_the_study(tmp_path):
    lab = Lab(tmp_path, plan_of(TWO_ARMS), better={"arm 1": 0.05, "arm 2": -0.05})

    assert lab.run() == 9
    assert lab.run() == 0
    assert lab.verdicts() == {"arm 1": (Verdict.BETTER, 3), "arm 2": (Verdict.WORSE, 3)}


def test_an_interrupted_run_decides_as_an_uninterrupted_one(tmp_path):
    whole = Lab(tmp_path / "whole", plan_of(TWO_ARMS), better={"arm 1": 0.004})
    whole.run()
    broken = Lab(tmp_path / "broken", plan_of(TWO_ARMS), better={"arm 1": 0.004})
    while left := [t for t in wanted_trials(broken.plan, broken.store) if not broken.store.has(t.key)]:
        broken.train(left[-1])

    assert broken.store.keys() == whole.store.keys()
    assert broken.verdicts() == whole.verdicts()


def test_trials_beyond_a_look_that_the_store_has_already_do_not_leak_in(tmp_path):
    lab = Lab(tmp_path, plan_of(TWO_ARMS), better={"arm 1": 0.05, "arm 2": 0.05})
    for trial in lab.plan.trials:
        if trial.seed >= 3:
            lab.better = {"arm 1": -0.5, "arm 2": -0.5}
            lab.train(trial)
    lab.better = {"arm 1": 0.05, "arm 2": 0.05}

    assert lab.run() == 9
    assert lab.verdicts() == {"arm 1": (Verdict.BETTER, 3), "arm 2": (Verdict.BETTER, 3)}


def test_a_look_waits_for_all_of_its_trials(tmp_path):
    lab = Lab(tmp_path, plan_of(TWO_ARMS), better={"arm 1": 0.05, "arm 2": 0.05})
    first = next(rounds(lab.plan, lab.store))
    for trial in first[:-1]:
        lab.train(trial)

    assert lab.verdicts() == {"arm 1": (Verdict.UNDECIDED, 0), "arm 2": (Verdict.UNDECIDED, 0)}
    assert wanted_trials(lab.plan, lab.store) == first


def test_an_arm_that_diverged_is_closed_at_its_look(tmp_path):
    lab = Lab(tmp_path, plan_of(TWO_ARMS), ended={("arm 1", 1): Status.DIVERGED, ("baseline", 7): Status.DIVERGED})

    assert lab.run() == 3 + 10 + 10
    assert lab.verdicts() == {"arm 1": (Verdict.UNSTABLE, 3), "arm 2": (Verdict.UNSTABLE, 10)}


def test_hopeless_arms_stop_only_where_futility_is_registered(tmp_path):
    worse = {"arm 1": -0.0044}
    without = Lab(tmp_path / "without", plan_of(Cell("", (0.0,))), better=worse)
    registered = Lab(tmp_path / "with", plan_of(Cell("", (0.0,), futility=True)), better=worse)

    assert without.run() > registered.run() == 10
    assert registered.verdicts() == {"arm 1": (Verdict.UNDECIDED, 5)}
    assert registered.run() == 0
    assert standing(registered.plan, registered.store)[0].futile
