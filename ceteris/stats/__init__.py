"""Arrays to contrasts to verdicts, for results trained anywhere. Never imports torch, and needs no study.

`contrasts` compares arms, given as `ArmScores`, with the first of them; each `Contrast` holds the difference, its
interval and a `Verdict`. `mean_interval` and `one_sample` speak of one arm, the power functions of what so many seeds
can show, `mcnemar` of two trained networks, `repeated_splits` of splits in place of seeds. `ranks` orders several arms
and says how certain the order is; `factorial.factorial` analyses factors and their interactions. Scores are fractions.
"""

from ceteris.stats.contrast import ArmScores, Contrast, Verdict
from ceteris.stats.decide import contrasts
from ceteris.stats.effect import EffectSize, paired_effect, pairing_ratio
from ceteris.stats.family import Step, holm
from ceteris.stats.front import front_probabilities
from ceteris.stats.intervals import (
    AgainstPublished,
    Estimate,
    difference_of_means,
    mean_interval,
    mean_of,
    one_sample,
)
from ceteris.stats.looks import e_value, look_level, overall_p
from ceteris.stats.paired_models import McNemar, mcnemar, repeated_splits
from ceteris.stats.power import (
    detectable_effect,
    planning_sd,
    power_to_detect,
    power_to_equate,
    seeds_needed,
    seeds_to_equate,
)
from ceteris.stats.ranking import MeanDraws, Rank, mean_draws, rank_intervals, ranks
from ceteris.stats.sign_flip import sign_flip_p

__all__ = [
    "AgainstPublished", "ArmScores", "Contrast", "EffectSize", "Estimate", "McNemar", "MeanDraws", "Rank", "Step",
    "Verdict", "contrasts", "detectable_effect", "difference_of_means", "e_value", "front_probabilities", "holm",
    "look_level", "mcnemar", "mean_draws", "mean_interval", "mean_of", "one_sample", "overall_p", "paired_effect",
    "pairing_ratio", "planning_sd", "power_to_detect", "power_to_equate", "rank_intervals", "ranks", "repeated_splits",
    "seeds_needed", "seeds_to_equate", "sign_flip_p",
]  # fmt: skip
