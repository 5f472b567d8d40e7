"""The A/A gate: seeds of its own in every repeat, thresholds that go red when they should, and one repeat in small."""

import itertools
import math

import numpy as np
import pytest

from ceteris.data.source import DataPlace
from ceteris.stats.contrast import ArmScores, Verdict
from ceteris.stats.decide import contrasts
from ceteris.stats.power import power_to_detect
from ceteris.store.records import Store
from ceteris.study.vocabulary import Recipe
from gates import a_a
from gates.a_a import Outcome, page, planned, planted_size, repeat, studies, table, verdict

BASELINE = [0.30, 0.31, 0.29, 0.30, 0.31]


def outcome(again, longer):
    """One repeat whose check and whose planted arm come to these scores."""
    made = [ArmScores(str(n), dict(enumerate(scores)), {}) for n, scores in enumerate((BASELINE, again, longer))]
    (check,) = contrasts(made[:2], {}, 0.001, 0.05, "independent")
    (planted,) = contrasts([made[0], made[2]], {}, 0.001, 0.05)
    return Outcome((0, 1, 2, 3, 4), (5, 6, 7, 8, 9), check, planted, "a machine")


def shifted(by):
    return [score + by + 0.003 * (-1) ** place for place, score in enumerate(BASELINE)]


QUIET = outcome(shifted(0.001), shifted(0.1))
ALARM = outcome(shifted(0.1), shifted(0.1))
MISSED = outcome(shifted(0.001), shifted(0.001))


def test_no_seed_is_in_two_repeats_and_the_first_repeats_stay_the_same():
    made = studies(a_a.REPEATS)
    seeds = [seed for study in made for seed in (*study.seeds, *(study.again or ()))]

    assert len(set(seeds)) == len(seeds) == a_a.REPEATS * 2 * a_a.SEEDS
    assert studies(3) == made[:3]
    assert [study.seeds for study in studies(2, 3)] == [study.seeds[:3] for study in made[:2]]


@pytest.mark.parametrize(
    ("alarms", "missed", "passed"), [(0, 0, True), (3, 0, True), (4, 0, False), (0, 4, True), (0, 5, False)]
)
def test_the_gate_goes_red_when_it_should(alarms, missed, passed):
    outcomes = [ALARM] * alarms + [MISSED] * missed + [QUIET] * (20 - alarms - missed)
    said = verdict(outcomes)

    assert said[0] is passed
    assert f"{alarms} of 20 A/A checks" in said[1]
    assert f"{20 - missed} of 20 planted" in said[1]
    assert ("FAILED" in said[1]) is not passed


def test_what_counts_as_a_false_alarm_and_as_found():
    assert [(one.alarm, one.found) for one in (QUIET, ALARM, MISSED)] == [(False, True), (True, True), (False, False)]
    assert ALARM.check.verdict is Verdict.BETTER
    assert outcome(shifted(-0.1), shifted(-0.1)).alarm
    assert not outcome(shifted(-0.1), shifted(-0.1)).found


def test_the_size_of_what_was_planted():
    mean, sd, effect = planted_size([QUIET, MISSED])

    assert mean == pytest.approx((QUIET.planted.difference + MISSED.planted.difference) / 2)
    assert sd == pytest.approx(np.std(QUIET.planted.differences, ddof=1))
    assert power_to_detect(5, effect, sd / math.sqrt(2), 0.05) == pytest.approx(0.8)


@pytest.fixture
def small(monkeypatch):
    data = {"name": "shapes", "train_images": 60, "test_images": 30, "classes": 3}
    recipe = a_a.RECIPE.plain() | {"data": data, "split": {"train_images": 40, "test_images": 30}, "epochs": 1}
    monkeypatch.setattr(a_a, "RECIPE", Recipe.model_validate(recipe))
    monkeypatch.setattr(a_a, "MORE_IMAGES", 60)
    return studies(1, 2)[0]


def test_one_repeat_and_its_page(small, tmp_path):
    place, store = DataPlace(tmp_path, tmp_path / "cache"), Store(tmp_path / "store")
    store.prepare()
    found = repeat(small, place, store.root)

    assert (found.check.arm, found.planted.arm) == ("few again", "more")
    assert found.check.seeds == tuple(sorted((*small.seeds, *small.again)))
    assert len(found.planted.differences) == 2
    text = page([QUIET], planned(small, place, store), 60.0)
    assert table([QUIET]).splitlines()[2].startswith("| 1 | +0.16 [")
    assert all(str(seed) in text for seed in itertools.chain(QUIET.seeds, QUIET.again))
    assert "Passed: 0 of 1 A/A checks" in text
