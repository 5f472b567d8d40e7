"""The loss landscape over learning rates: a band per model between its lowest and highest loss at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ceteris.report.drawing import Drawing
from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.report.figures.series import Series, series_panel, thinned
from ceteris.report.numbers import large
from ceteris.report.sentences import seed_list
from ceteris.report.words import Words
from ceteris.stats.landscape import Band, band
from ceteris.study.keys import canonical_json
from ceteris.study.paths import value_at

RATE = "optimizer.lr"
SMOOTHED = 0.01
"""Width of the running mean, as a share of the steps."""


@dataclass(frozen=True)
class Group:
    """Arms that differ in the learning rate only, lowest rate first; drawn as the first of them in the plan."""

    first: ArmEvidence
    rates: Mapping[float, ArmEvidence]

    @property
    def name(self) -> str:
        """The first arm's, which says what the group is where its baseline is one of them."""
        return self.first.name


def landscape(evidence: Evidence, name: str, words: Words) -> Drawing | None:
    """Bands of all models overlaid on the same axes (Santurkar et al. 2018); None without two rates of a model."""
    bands = [(group, made) for group in groups(evidence) if (made := _band(group, words))]
    if not bands:
        return None
    series = [
        Series(group.first, thinned(made.steps.astype(float)), thinned(made.low), thinned(made.high))
        for group, made in bands
    ]
    starts = [float(one.high[0]) for one in series if np.isfinite(one.high[0])]
    limits = (0.0, 1.3 * max(starts, default=1.0))
    title = words("probe.loss-landscape.loss")
    return Drawing(
        name=name,
        panels=(series_panel(series, x=words("probe.step"), title=title, limits=limits),),
        columns=1,
        caption=_caption(bands, words),
        alt=words("probe.loss-landscape.alt"),
        data=[row for group, made in bands for row in _rows(group, made)],
    )


def groups(evidence: Evidence) -> list[Group]:
    """The study's arms by everything but the learning rate, where there are at least two rates."""
    found: dict[str, list[ArmEvidence]] = {}
    for arm in evidence.arms:
        recipe = dict(arm.planned.recipe)
        if value_at(recipe, RATE) is None:
            continue
        recipe["optimizer"] = {option: value for option, value in recipe["optimizer"].items() if option != "lr"}
        found.setdefault(canonical_json(recipe), []).append(arm)
    made = []
    for arms in found.values():
        rates = {float(value_at(arm.planned.recipe, RATE)): arm for arm in arms}
        if len(rates) > 1:
            made.append(Group(arms[0], dict(sorted(rates.items()))))
    return made


def _band(group: Group, words: Words) -> Band | None:
    """Over all rates and seeds of the group; None when nothing was recorded."""
    losses = {
        f"lr {rate:g}, {seed_list([trial], words)}": trial.record.steps["loss"].astype(np.float64)
        for rate, arm in group.rates.items()
        for trial in arm.trials
        if trial.record and len(trial.record.steps.get("loss", ()))
    }
    if not losses:
        return None
    longest = max(len(values) for values in losses.values())
    return band(losses, 2 * int(SMOOTHED * longest / 2) + 1)


def width(made: Band) -> float:
    """Mean distance of the band's ends over the steps before any trial diverged; 0 where there is none."""
    closed = np.isfinite(made.high)
    return float((made.high[closed] - made.low[closed]).mean()) if closed.any() else 0.0


def _caption(bands: list[tuple[Group, Band]], words: Words) -> str:
    arms = []
    for group, made in bands:
        rates = ", ".join(f"{rate:g}" for rate in group.rates)
        shown = {"arm": group.name, "width": large(width(made)), "rates": rates}
        key = "probe.loss-landscape.open" if made.diverged else "probe.loss-landscape.arm"
        arms.append(words(key, step=min(made.diverged.values(), default=0), **shown))
    said = [words("probe.loss-landscape.caption", arms=words("list.arm").join(arms))]
    lost = [
        words("probe.loss-landscape.lost", arm=group.name, trial=trial, step=step)
        for group, made in bands
        for trial, step in made.diverged.items()
    ]
    if lost:
        said.append(words("probe.loss-landscape.diverged", trials=words("list.arm").join(lost)))
    return words("list.sentence").join(said)


def _rows(group: Group, made: Band) -> list[dict[str, Any]]:
    rates = " ".join(f"{rate:g}" for rate in group.rates)
    return [
        {"arm": group.name, "rates": rates, "step": int(step), "low": float(low), "high": float(high)}
        for step, low, high in zip(made.steps, made.low, made.high, strict=True)
    ]
