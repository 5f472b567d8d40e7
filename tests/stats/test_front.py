"""The front with uncertainty against its definition and against the probability of being best."""

import numpy as np
import pytest

from ceteris.stats.contrast import ArmScores
from ceteris.stats.front import front_probabilities
from ceteris.stats.ranking import MeanDraws, mean_draws

DRAWN = MeanDraws(("small", "middle", "large"), np.array([[1.0, 2, 3], [1, 3, 2], [3, 2, 1], [1, 2, 2]]))


def test_an_arm_is_on_the_front_in_the_draws_in_which_nothing_cheaper_is_better():
    found = front_probabilities(DRAWN, {"small": 1, "middle": 2, "large": 3})
    assert found == {"small": 1.0, "middle": 0.75, "large": 0.5}


def test_arms_of_equal_cost_are_rivals():
    found = front_probabilities(DRAWN, {"small": 5, "middle": 5, "large": 9})
    assert found == {"small": 0.25, "middle": 0.75, "large": 0.5}


def test_arms_without_a_cost_beat_nobody():
    assert front_probabilities(DRAWN, {"small": 1, "large": 3}) == {"small": 1.0, "large": 0.75}


def test_among_arms_of_one_cost_it_is_the_probability_of_being_best():
    random = np.random.default_rng(9)
    arms = [ArmScores(name, dict(enumerate(random.normal(size=4))), {}) for name in "abc"]
    draws = mean_draws(arms)
    assert front_probabilities(draws, dict.fromkeys("abc", 7.0)) == pytest.approx(draws.best())
