"""The accuracy-cost front with its uncertainty: how probable it is that an arm is worth its cost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ceteris.stats.ranking import MeanDraws


def front_probabilities(draws: MeanDraws, costs: Mapping[str, float]) -> dict[str, float]:
    """Arm -> probability that no arm of the same or lower cost is more accurate.

    The share of the draws of the arms' means in which it holds; costs are taken as known. The cheapest arm has 1: there
    is nothing cheaper to beat it. Arms without draws or without a cost are left out, and beat nobody.

    Args:
        draws: of the arms' means, see `ranking.mean_draws`.
        costs: arm -> cost, in any unit.
    """
    places = {name: place for place, name in enumerate(draws.arms) if name in costs}
    found = {}
    for name, place in places.items():
        rivals = [other for rival, other in places.items() if costs[rival] <= costs[name]]
        found[name] = float(np.mean(draws.means[:, place] >= draws.means[:, rivals].max(axis=1)))
    return found
