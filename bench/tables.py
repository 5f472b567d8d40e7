"""The benchmark's tables, as Markdown: the terminal and the page show the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.cases import BATCH
from bench.ratios import Spread, limit_share, one_trial_more, ratio, spread

Result = Mapping[str, Any]
BETWEEN = "Python and what is between operators"
"""The name of their share of a step."""
MOST_OUTSIDE, LEAST_AUGMENTED, LEAST_BESIDE = 0.25, 60_000, 1.5
"""Aims: share of a step outside convolutions and matrix products; images per second and core; with busy neighbours."""
MOST_LOOKING, MOST_RESUMING, EPOCHS = 0.10, 0.02, 30
"""Aims: evaluation and probe as a share of training; a resume as a share of a trial of so many epochs."""


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with its first column to the left and the others to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(map(table_line, lines))


def table_line(cells: Sequence[str]) -> str:
    """One line of such a table."""
    return f"| {' | '.join(cells)} |"


def with_spread(values: Spread, digits: int = 1) -> str:
    """`2.4 (2.1 to 2.6)`: median, smallest and largest."""
    return f"{values.median:,.{digits}f} ({values.least:,.{digits}f} to {values.most:,.{digits}f})"


def one_trial(result: Result) -> str:
    """One trial on all cores: speeds, and ratios to the rivals."""
    head = ["network", "ceteris", "usual script", "Lightning", "ceteris / usual script", "at most", "aim"]
    head.append("ceteris / Lightning")
    rows = []
    for trial in result["trials"]:
        rates = trial["images_per_second"]
        rows.append(
            [
                trial["model"],
                *(f"{spread(rates[rival]).median:,.0f}" for rival in ("ceteris", "usual", "lightning")),
                with_spread(ratio(rates["ceteris"], rates["usual"])),
                f"{at_most(trial):.1f}",
                f"{trial['target']:.1f}" if trial["target"] else "",
                with_spread(ratio(rates["ceteris"], rates["lightning"])),
            ]
        )
    return markdown(head, rows)


def in_bf16(result: Result) -> str:
    """The same in bf16, beside fp32 and the usual script in either; a sentence where it was not measured."""
    if not all(map(has_bf16, result["trials"])):
        return "This processor has no instructions for bf16, and is many times slower in it: not measured."
    head = ["network", "ceteris", "usual script", "ceteris, bf16 / fp32", "ceteris / usual script"]
    head += ["ceteris, bf16 / usual script, fp32", "aim"]
    rows = []
    for trial in result["trials"]:
        rates = trial["images_per_second"]
        own, usual = rates["ceteris, bf16"], rates["usual, bf16"]
        cells = [f"{spread(values).median:,.0f}" for values in (own, usual)]
        cells += [with_spread(ratio(own, other)) for other in (rates["ceteris"], usual, rates["usual"])]
        rows.append([trial["model"], *cells, f"{trial['target']:.1f}" if trial["target"] else ""])
    return markdown(head, rows)


def has_bf16(trial: Mapping[str, Any]) -> bool:
    """Whether it was measured in bf16."""
    return "ceteris, bf16" in trial["images_per_second"]


def at_most(trial: Mapping[str, Any]) -> float:
    """Times the usual script if a step were nothing but its convolutions and matrix products."""
    rates = trial["images_per_second"]
    return ratio(rates["ceteris"], rates["usual"]).median / (1 - outside(trial).median)


def outside(trial: Mapping[str, Any]) -> Spread:
    """The share of a step outside convolutions and matrix products."""
    return spread(trial["step"]["outside"])


def limits(result: Result) -> str:
    """What the machine can do, and how much of it one trial uses."""
    measured = {name: spread(values) for name, values in result["limits"].items()}
    head = ["network", "million operations an image", "GFLOP/s", "share of the limit", "outside, %", "aim, %"]
    rows = []
    for trial in result["trials"]:
        rate, flops = spread(trial["images_per_second"]["ceteris"]).median, trial["flops_per_image"]
        share = limit_share(rate, flops, measured["matmul"].median, measured["conv"].median)
        cells = [f"{flops / 1e6:.1f}", f"{rate * flops / 1e9:.1f}", f"{share:.0%}"]
        cells.append(with_spread(_percent(outside(trial)), 0))
        rows.append([trial["model"], *cells, f"{100 * MOST_OUTSIDE:.0f}"])
    return markdown(head, rows)


def machine_limits(result: Result) -> str:
    """The bare rates, and augmentation alone."""
    measured = {name: spread(values) for name, values in result["limits"].items()}
    per_core = f"{with_spread(measured['augment'], 0)} images/s"
    rows = [
        ["matrix product, all cores", f"{with_spread(_giga(measured['matmul']))} GFLOP/s", ""],
        ["convolution forward and backward, all cores", f"{with_spread(_giga(measured['conv']))} GFLOP/s", ""],
        ["crop, flip and normalise, one core", per_core, f"{LEAST_AUGMENTED:,}"],
    ]
    return markdown(["bare", "rate", "aim"], rows)


def costly(result: Result) -> str:
    """The largest parts of a step outside convolutions and matrix products."""
    rows = []
    for trial in result["trials"]:
        shares = {name: spread(values).median for name, values in trial["step"].items() if name != "outside"}
        largest = sorted(shares.items(), key=lambda item: -item[1])[:6]
        largest.append(("all others", outside(trial).median - sum(share for _, share in largest)))
        rows.append([trial["model"], ", ".join(f"{name} {max(0.0, share):.1%}" for name, share in largest)])
    return markdown(["network", "outside convolutions and matrix products"], rows)


def left_for_the_rest(result: Result) -> str:
    """Milliseconds of a step: what its aim leaves beside convolutions and matrix products, and what is there now."""
    head = ["network", "a step", "convolutions and products", "a step at the aim", "left for all others", "all others"]
    head.append("of these, Python and between operators")
    rows = []
    for trial in result["trials"]:
        if not trial["target"]:
            continue
        rates, share = trial["images_per_second"], outside(trial).median
        step = 1000 * BATCH / spread(rates["ceteris"]).median
        aim = step * ratio(rates["ceteris"], rates["usual"]).median / trial["target"]
        bare, python = step * (1 - share), step * spread(trial["step"][BETWEEN]).median
        left = f"{aim - bare:.1f}" if aim > bare else "none"
        before, after = ([f"{cell:.1f}" for cell in cells] for cells in ((step, bare, aim), (step * share, python)))
        rows.append([trial["model"], *before, left, *after])
    return markdown(head, rows)


def around(result: Result) -> str:
    """What surrounds the training steps of an epoch, and of a trial."""
    head = [
        "network",
        "training, s",
        "evaluation",
        "probe",
        "both",
        "aim",
        "checkpoint, s",
        "resume, s",
        "share",
        "aim",
    ]
    rows = []
    for trial in result["trials"]:
        seconds = {name: spread(values).median for name, values in trial["around"].items()}
        shares = [spread(values).median for values in looking(trial)]
        cells = [f"{seconds['training']:.1f}", *(f"{share:.1%}" for share in shares), f"{MOST_LOOKING:.0%}"]
        cells += [f"{seconds['checkpoint']:.3f}", f"{seconds['resume']:.2f}"]
        cells += [f"{spread(resuming(trial)).median:.1%}", f"{MOST_RESUMING:.0%}"]
        rows.append([trial["model"], *cells])
    return markdown(head, rows)


def looking(trial: Mapping[str, Any]) -> tuple[list[float], list[float], list[float]]:
    """Evaluation, probe, and both, as shares of an epoch's training, repeat by repeat."""
    seconds = trial["around"]
    training, evaluation, probe = (np.array(seconds[name]) for name in ("training", "evaluation", "probe"))
    shares = (evaluation / training, probe / training, (evaluation + probe) / training)
    evaluating, probing, both = (share.tolist() for share in shares)
    return evaluating, probing, both


def resuming(trial: Mapping[str, Any]) -> list[float]:
    """Going on from a checkpoint, as a share of a trial of EPOCHS, repeat by repeat."""
    training, evaluation, resume = (np.array(trial["around"][name]) for name in ("training", "evaluation", "resume"))
    shares: list[float] = (resume / (EPOCHS * (training + evaluation))).tolist()
    return shares


def many_trials(result: Result) -> str:
    """As many trials as cores, by how they share the machine, quiet and beside busy processes."""
    ways = list(result["many"][0]["beside"][0]["images_per_second"]) if result["many"] else []
    head = [
        "network",
        "busy neighbours",
        *ways,
        "executor's choice",
        "choice / better of both",
        "choice / defaults",
    ]
    rows = []
    for entry in result["many"]:
        for beside in entry["beside"]:
            rates = beside["images_per_second"]
            chosen, default = rates[entry["chosen"]], rates[ways[-1]]
            best = [max(pair) for pair in zip(*(rates[way] for way in ways[:-1]), strict=True)]
            rows.append(
                [
                    entry["model"],
                    str(beside["busy"]),
                    *(f"{spread(rates[way]).median:,.0f}" for way in ways),
                    entry["chosen"],
                    with_spread(ratio(chosen, best), 2),
                    with_spread(ratio(chosen, default)),
                ]
            )
    return markdown(head, rows)


def odd_one_out(result: Result) -> str:
    """Plans of one trial more than cores: where counting cores alone would lose."""
    rows = []
    for entry in result["many"]:
        rates = entry["beside"][0]["images_per_second"]
        all_cores, one_core, *_ = rates
        times = one_trial_more(result["machine"]["cores"], rates[one_core], rates[all_cores])
        rows.append([entry["model"], with_spread(times, 2), one_core if times.median <= 1 else all_cores])
    return markdown(["network", "one core a trial / all cores, one trial", "ends sooner"], rows)


def _percent(values: Spread) -> Spread:
    return Spread(100 * values.median, 100 * values.least, 100 * values.most)


def _giga(values: Spread) -> Spread:
    return Spread(values.median / 1e9, values.least / 1e9, values.most / 1e9)
