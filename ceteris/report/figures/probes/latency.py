"""What a prediction takes: milliseconds and memory of a forward pass by batch size."""

from __future__ import annotations

import numpy as np

from ceteris.report.drawing import Drawing
from ceteris.report.exhibits import Seen
from ceteris.report.figures.series import Series, series_panel
from ceteris.report.numbers import large
from ceteris.report.words import Words


def latency(seen: Seen, words: Words) -> Drawing:
    """Median time with its quartiles, and peak memory; means over seeds, both axes logarithmic."""
    times, memory, arms = [], [], []
    for arm, found in seen.arms:
        sizes = found[0].arrays["batch_size"].astype(float)
        low, middle, high = np.mean([one.arrays["milliseconds"] for one in found], axis=0).T
        peak = np.mean([one.arrays["peak_bytes"] for one in found], axis=0) / 2**20
        times.append(Series(arm, sizes, low, high, middle))
        memory.append(Series(arm, sizes, peak, peak, peak))
        speed = large(float(1000 * sizes[-1] / middle[-1]))
        small = {"batch": f"{sizes[0]:g}", "milliseconds": large(float(middle[0]))}
        arms.append(words("probe.latency.arm", arm=arm.name, speed=speed, most=f"{sizes[-1]:g}", **small))
    devices = {f"{one.values['device']}, {one.values['threads']}" for _, found in seen.arms for one in found}
    size = words("probe.latency.batch")
    return Drawing(
        name=seen.name,
        panels=(
            series_panel(times, x=size, title=words("probe.latency.time"), log="xy"),
            series_panel(memory, x=size, title=words("probe.latency.memory"), log="xy"),
        ),
        columns=2,
        caption=words("probe.latency.caption", arms=words("list.arm").join(arms), devices="; ".join(sorted(devices))),
        alt=words("probe.latency.alt"),
        data=[
            {"arm": arm, "seed": seed, "batch_size": int(size), "peak_bytes": int(peak)}
            | dict(zip(("lower_quartile", "milliseconds", "upper_quartile"), map(float, quartiles), strict=True))
            for arm, of in seen.found.items()
            for seed, one in of.items()
            for size, quartiles, peak in zip(
                one.arrays["batch_size"], one.arrays["milliseconds"], one.arrays["peak_bytes"], strict=True
            )
        ],
    )
