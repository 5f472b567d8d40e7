"""The part of the page `docs/speed.md` that was measured on a GPU."""

from __future__ import annotations

from bench import tables
from bench.ratios import ratio, spread
from bench.tables import Result

TIMES_THE_USUAL, SHARE, TIMES_ONE = 10.0, 0.35, 5.0
"""The aims: speed over the usual script, share of the matrix rate (resnet18), many trials over one after another."""


def section(result: Result) -> str:
    """As Markdown."""
    machine, made = result["machine"], result["made"]
    matmul = spread(result["limits"]["matmul"]).median
    return f"""
## One trial on a GPU

Made by `python -m bench.gpu` on {made["date"]}: {machine["device"]}, torch {machine["torch"]}, {machine["cores"]} cores. Images per second over whole epochs, the first left out, medians of {made["repeats"]} repeats with the smallest and the largest in
brackets. The usual script loads with {made["loader_workers"]} workers. The rate of a bare matrix product in bf16 is {matmul / 1e12:.0f} TFLOP/s. Aims: {TIMES_THE_USUAL:.0f} times the usual script, and {SHARE:.0%} of that rate for resnet18.

{_one_trial(result, matmul)}

{_alone(result, matmul)} `compiled` is `--compile`: it takes some 20 to 40 s a network and batch, once a process.
{_many(result)}{_airbench(result)}"""  # noqa: E501


def _one_trial(result: Result, matmul: float) -> str:
    head = ["network", "batch", "precision", "ceteris", "usual script", "ceteris / usual script", "matrix rate"]
    rows = []
    for trial in result["trials"]:
        rates, name = trial["images_per_second"], trial["model"] + (", compiled" if trial["compiled"] else "")
        times = tables.with_spread(ratio(rates["ceteris"], rates["usual"])) if rates["usual"] else ""
        share = spread(rates["ceteris"]).median * trial["flops_per_image"] / matmul
        own, usual = tables.with_spread(spread(rates["ceteris"]), 0), rates["usual"]
        theirs = tables.with_spread(spread(usual), 0) if usual else ""
        rows.append([name, str(trial["batch"]), trial["precision"], own, theirs, times, f"{share:.0%}"])
    return tables.markdown(head, rows)


def _alone(result: Result, matmul: float) -> str:
    flops = next(trial["flops_per_image"] for trial in result["trials"] if trial["model"] == "resnet18")
    shares = [
        f"{one['images_per_second'] * flops / matmul:.0%} at batch {one['batch']}"
        for one in result["limits"]["resnet18_convolutions"]
    ]
    return f"resnet18's convolutions alone, with nothing between them, reach {' and '.join(shares)} of the matrix rate."


def _many(result: Result) -> str:
    if not result["many"]:
        return ""
    times = list(result["many"][0]["images_per_second"])
    rows = []
    for entry in result["many"]:
        rates = entry["images_per_second"]
        shown = [f"{spread(rates[trials]).median:,.0f}" for trials in times]
        gains = [tables.with_spread(ratio(rates[trials], rates[times[0]])) for trials in times[1:]]
        rows.append([entry["model"], entry["precision"], *shown, *gains])
    head = ["network", "precision", *(f"{trials} at a time" for trials in times)]
    head += [f"{trials} / one" for trials in times[1:]]
    return f"""
## Many trials on one GPU

Processes side by side under NVIDIA's multi-process service, as `--workers N` starts them; images per second of all together, evaluation included. Aim: {TIMES_ONE:.0f} times one after another.

{tables.markdown(head, rows)}
"""  # noqa: E501


def _airbench(result: Result) -> str:
    if "airbench" not in result:
        return ""
    rows = []
    for name, runs in result["airbench"].items():
        seconds, accuracy = ([run[place] for run in runs] for place in (0, 1))
        top1 = tables.with_spread(spread([100 * each for each in accuracy]), 2)
        rows.append([name, tables.with_spread(spread(seconds), 2), top1, str(len(runs))])
    return f"""
## The recipe for 94 % in seconds

`python -m bench.airbench`: the study `speed-recipe`'s baseline beside the package `airbench` 0.1.8 (Jordan 2024), on all training images, in turn, after a first run each that is not counted. The images are a copy of CIFAR-10 re-encoded as
JPEG, on which both stay below 94 %. Aim: at most 1.2 times the package's time.

{tables.markdown(["", "seconds", "top-1, %", "n"], rows)}
"""  # noqa: E501
