"""The part of the page `docs/speed.md` that was measured on a GPU."""

from __future__ import annotations

from collections.abc import Mapping

from bench import tables
from bench.cases import BATCH
from bench.ratios import ratio, spread
from bench.tables import Result

TIMES_THE_USUAL, SHARE, TIMES_ONE = 10.0, 0.35, 5.0
"""The aims: speed over the usual script, share of the matrix rate (resnet18), many trials over one after another."""


def section(result: Result) -> str:
    """As Markdown; the parts that were measured."""
    parts = {"one_trial": _one_trial, "many": _many, "airbench": _airbench}
    return "".join(part(result[name]) for name, part in parts.items() if name in result)


def _one_trial(result: Result) -> str:
    matmul = spread(result["limits"]["matmul"]).median
    return f"""
## One trial on a GPU

{_made(result)} Images per second over whole epochs, the first left out, medians of {result["repeats"]} repeats with the smallest and the largest in brackets. The usual script loads with {result["loader_workers"]} workers. The rate of a bare
matrix product in bf16 is {matmul / 1e12:.0f} TFLOP/s. Aims: {TIMES_THE_USUAL:.0f} times the usual script, and {SHARE:.0%} of that rate for resnet18.

{_speeds(result, matmul)}

{_alone(result, matmul)} `compiled` is `--compile`, network and loss as one{_compiling(result)}.
"""  # noqa: E501


def _made(part: Result) -> str:
    machine = part["machine"]
    where = f"{machine['device']}, torch {machine['torch']}, {machine['cores']} cores"
    return f"Made by `python -m bench.gpu` on {part['date']}: {where}."


def _speeds(result: Result, matmul: float) -> str:
    head = ["network", "batch", "precision", "ceteris", "usual script", "ceteris / usual script", "matrix rate"]
    rows, usual = [], _usual(result)
    for trial in result["trials"]:
        rates, name = trial["images_per_second"], trial["model"] + (", compiled" if trial["compiled"] else "")
        beside = usual.get((trial["model"], trial["batch"]))
        times = tables.with_spread(ratio(rates["ceteris"], beside)) if beside else ""
        share = spread(rates["ceteris"]).median * trial["flops_per_image"] / matmul
        own = tables.with_spread(spread(rates["ceteris"]), 0)
        theirs = tables.with_spread(spread(rates["usual"]), 0) if rates["usual"] else ""
        rows.append([name, str(trial["batch"]), trial["precision"], own, theirs, times, f"{share:.0%}"])
    return tables.markdown(head, rows)


def _usual(result: Result) -> dict[tuple[str, int], list[float]]:
    """Images per second of the usual script for a network and batch; what is compiled is held against the same."""
    measured = ((trial, trial["images_per_second"]["usual"]) for trial in result["trials"])
    return {(trial["model"], trial["batch"]): rates for trial, rates in measured if rates}


def _compiling(result: Result) -> str:
    first = [trial["first_epoch_seconds"][0] for trial in result["trials"] if trial["compiled"]]
    return f": the first epoch of a network and batch in a process took {min(first):.0f} to {max(first):.0f} s"


def _alone(result: Result, matmul: float) -> str:
    """What a step could reach at best, as share of the matrix rate and beside the usual script."""
    flops, usual = {trial["model"]: trial["flops_per_image"] for trial in result["trials"]}, _usual(result)
    said = []
    for one in result["limits"]["convolutions"]:
        rate, beside = one["images_per_second"], usual.get((one["model"], one["batch"]))
        times = f" and {ratio([rate] * len(beside), beside).median:.1f} times the usual script" if beside else ""
        said.append(f"{one['model']}'s at batch {one['batch']} {rate * flops[one['model']] / matmul:.0%}{times}")
    return (
        f"Convolutions alone, with nothing between them, would reach of the matrix rate: {'; '.join(said)}. "
        f"[What keeps a trial from its aims, and what was tried](results/one-trial.md#on-a-gpu)."
    )


def _many(result: Result) -> str:
    times = list(result["trials"][0]["images_per_second"])
    rows, gained, seen = [], {}, all("kernels" in entry for entry in result["trials"])
    for entry in result["trials"]:
        rates, name = entry["images_per_second"], entry["model"] + (", compiled" if entry.get("compiled") else "")
        gained["compiled " * bool(entry.get("compiled")) + entry["model"]] = ratio(
            rates[times[-1]], rates[times[0]]
        ).median
        shown = [f"{spread(rates[trials]).median:,.0f}" for trials in times]
        gains = [tables.with_spread(ratio(rates[trials], rates[times[0]])) for trials in times[1:]]
        own = _kernels(entry["kernels"], spread(rates[times[-1]]).median) if seen else ()
        rows.append([name, entry["precision"], *shown, *gains, *own])
    head = ["network", "precision", *(f"{trials} at a time" for trials in times)]
    head += [f"{trials} / one" for trials in times[1:]]
    head += ["kernels a step", "busy, microseconds", f"kernels a second, {times[-1]} at a time"] if seen else []
    return f"""
## Many trials on one GPU

{_made(result)} Processes side by side under NVIDIA's multi-process service, as `--workers N` starts them; images per second of all together, evaluation included. Aim: {TIMES_ONE:.0f} times one after another, {_reached(gained)};
[what else was tried, and why](results/many-on-one-gpu.md).

{tables.markdown(head, rows)}
{_other_ways(result)}"""  # noqa: E501


def _kernels(step: Result, rate: float) -> tuple[str, ...]:
    """How many kernels a step is, how long they keep the card busy, and how many it begins a second at that rate."""
    a_step, busy = step["a_step"], step["busy_microseconds"]
    return f"{a_step:.0f}", f"{busy:.0f}", f"{a_step * rate / BATCH:,.0f}"


def _reached(gained: Mapping[str, float]) -> str:
    missed = [model for model, times in gained.items() if times < TIMES_ONE]
    return f"not reached by {', '.join(missed)}" if missed else "reached by all"


def _other_ways(result: Result) -> str:
    measured = [entry for entry in result["trials"] if "other_ways" in entry]
    if not measured:
        return ""
    columns = [(way, n) for way, rates in measured[0]["other_ways"].items() for n in rates]
    rows = [
        [
            entry["model"],
            *(f"{entry['other_ways'][way][n]:,.0f}" for way, n in columns),
        ]
        for entry in measured
    ]
    head = ["network", *(f"{way}, {n}" for way, n in columns)]
    return f"""
Other ways to put several trials on the card, training alone:

{tables.markdown(head, rows)}
"""


def _airbench(result: Result) -> str:
    rows = []
    for name, runs in result.items():
        seconds, accuracy = ([run[place] for run in runs] for place in (0, 1))
        top1 = tables.with_spread(spread([100 * each for each in accuracy]), 2)
        rows.append([name, tables.with_spread(spread(seconds), 2), top1, str(len(runs))])
    return f"""
## The recipe for 94 % in seconds

`python -m bench.airbench`: the study `speed-recipe`'s baseline beside the package `airbench` 0.1.8 (Jordan 2024), on all training images, in turn, after a first run each that is not counted. The images are a copy of CIFAR-10 re-encoded as
JPEG, on which both stay below 94 %. Aim: at most 1.2 times the package's time.

{tables.markdown(["", "seconds", "top-1, %", "n"], rows)}
"""  # noqa: E501
