"""The page `docs/speed.md`, made from the results of the CPU part and, where there are any, of the GPU part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench import tables
from bench.gpu_page import section
from bench.ratios import ratio, spread
from bench.tables import Result


def page(cpu: Result, gpu: Result | None = None) -> str:
    """The whole page as Markdown."""
    parts = [_one_trial(cpu), _limits(cpu), _around(cpu), _many(cpu)] + ([section(gpu)] if gpu else [])
    return "\n".join(parts)


def missed(result: Result) -> list[str]:
    """The aims that this run does not reach, in words; empty when all are."""
    found = [line for trial in result["trials"] for line in _missed_by_trial(trial)]
    augmented = spread(result["limits"]["augment"]).median
    if augmented < tables.LEAST_AUGMENTED:
        found.append(f"augmentation makes {augmented:,.0f} images/s on one core, not {tables.LEAST_AUGMENTED:,}")
    for entry in result["many"]:
        for beside in entry["beside"]:
            rates = beside["images_per_second"]
            gain = ratio(rates[entry["chosen"]], list(rates.values())[-1]).median
            if beside["busy"] and gain < tables.LEAST_BESIDE:
                found.append(
                    f"many trials of {entry['model']} beside {beside['busy']} busy processes are {gain:.1f} times as "
                    f"fast as with torch's defaults, not {tables.LEAST_BESIDE:.1f} times"
                )
    return found


def _missed_by_trial(trial: Mapping[str, Any]) -> Iterator[str]:
    model, rates, aim = trial["model"], trial["images_per_second"], trial["target"]
    reached, most = ratio(rates["ceteris"], rates["usual"]).median, tables.at_most(trial)
    if aim and reached < aim:
        bf16 = f"; {ratio(rates['ceteris, bf16'], rates['usual']).median:.1f} in bf16" if tables.has_bf16(trial) else ""
        words = f"{reached:.1f} times as fast as the usual script, not {aim:.1f} times"
        yield f"{model} is {words} ({most:.1f} at most{bf16})"
    if (outside := tables.outside(trial).median) > tables.MOST_OUTSIDE:
        yield (
            f"{model} spends {outside:.0%} of a step outside convolutions and matrix products, "
            f"more than {tables.MOST_OUTSIDE:.0%}"
        )
    if (looking := spread(tables.looking(trial)[-1]).median) > tables.MOST_LOOKING:
        yield f"{model}'s evaluation and probe take {looking:.1%} of its training, more than {tables.MOST_LOOKING:.0%}"
    if (resuming := spread(tables.resuming(trial)).median) > tables.MOST_RESUMING:
        yield f"going on with {model} takes {resuming:.1%} of a trial, more than {tables.MOST_RESUMING:.0%}"


def _verdict(result: Result) -> str:
    failures = missed(result)
    if not failures:
        return "All aims of the tables are reached in this run."
    return "Not reached in this run:\n\n" + "\n".join(f"- {failure}" for failure in failures)


def _made(result: Result) -> str:
    machine, made = result["machine"], result["made"]
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    data = made["data"] if made["official"] or made["data"] == "made" else f"{made['data']}, a modified copy"
    images = "random images of CIFAR-10's shape" if made["data"] == "made" else data
    return (
        f"Made by `make bench` on {made['date']} in {made['minutes']:.0f} min: {machine['processor']}, "
        f"{machine['cores']} cores, load {machine['load']:.1f} before it began, Python {machine['python']}, "
        f"{packages}; {images}; {made['repeats']} repeats of {made['seconds']:g} s."
    )


def _starts(result: Result) -> str:
    seconds = [spread(trial["around"]["start"]).median for trial in result["trials"]]
    torch = spread(result["limits"]["import torch"]).median
    first_step = f"takes {min(seconds):.1f} to {max(seconds):.1f} s to the end of its first step"
    return f"{first_step}. Of either, {torch:.1f} s are the import of torch."


def _one_trial(result: Result) -> str:
    return f"""# Speed

How fast `ceteris` trains, next to the usual scripts and to the machine's own limit. `make bench` measures it on your machine and writes this page (`make bench OPTIONS="--data-dir folder"` on your CIFAR-10; without, random images of its shape).

{_made(result)}

Every measurement runs in a fresh process; the rivals take turns within a repeat, so that a ratio compares neighbours in time. Numbers are medians over the repeats, with the smallest and the largest in brackets. A measurement is a stretch of
training after some steps to warm up, batch 128, augmented by crop and flip. Not counted, for nobody: the start of a process or of data loading workers, and evaluation.

{_verdict(result)}

## One trial on all cores

Images per second, end to end: data, augmentation, forward and backward pass, optimizer.

{tables.one_trial(result)}

- **usual script**: torch's CIFAR-10 tutorial with torchvision's transforms, image by image, in a `DataLoader` with 2 workers; torch's default layout, threads and optimizer ([source](../bench/usual.py)). The network is the same, with each activation before its pooling, as tutorials write it.
- **Lightning**: the same with `LightningModule` and `Trainer`, as its tutorials do ([source](../bench/with_lightning.py)).

`at most` is what the ratio would be if a step were nothing but its convolutions and matrix products, as fast as torch does them here: the rest is all that `ceteris` can save.

### In bf16

A recipe may say `precision: bf16` on a CPU as well: convolutions and products in bf16, weights and their updates in fp32. It is another recipe, with trials of its own; [the accuracies](results/plain.md) could not be told apart. It pays where the
processor has instructions for it (AVX-512's or AMX's for bf16; `ceteris doctor` tells), and is many times slower where not. In bf16, too, the usual script is given `torch.autocast`.

{tables.in_bf16(result)}
"""  # noqa: E501


def _limits(result: Result) -> str:
    return f"""## How near the limit

{tables.machine_limits(result)}

`GFLOP/s` is what a trial does in convolutions and matrix products, forward and backward, per second of its whole time; the share is that of the higher of the two bare rates. `outside` is the part of a step's time spent in neither:
[what keeps it there, and what was tried](results/one-trial.md#on-a-cpu).

{tables.limits(result)}

{tables.costly(result)}

In milliseconds: what a step at the aim would leave for all others than convolutions and matrix products, and what they take now.

{tables.left_for_the_rest(result)}
"""  # noqa: E501


def _around(result: Result) -> str:
    return f"""## Around the training

The second epoch of 45,000 images, on all cores, in a process of its own. Evaluation is of the 5,000 validation images and, for the sealed test curve, of the 10,000 test images, after every epoch; the probe is `gradient-flow`; both as shares of the training.
These are a third as many images as are trained on: where a forward pass takes a third of a step, as convolutions do, their share is 11%. A study that does without the sealed test curve (`sealed_test_curve: false`) is left with a third of that.
A resume is all from the start of a new process to the end of the first step after a checkpoint; its share is of a trial of {tables.EPOCHS} epochs. A new trial in a new process {_starts(result)}

{tables.around(result)}
"""  # noqa: E501


def _many(result: Result) -> str:
    return f"""## Many trials

As many trials as cores; images per second of all together. A busy neighbour is a process that keeps a core busy. `torch's defaults` is one trial after another in a process as a user starts it.

{tables.many_trials(result)}

With one trial more than cores, one core a trial takes two rounds, and all cores for one trial after the other may end sooner. How many times as long one core a trial takes then, by the speeds of the quiet machine above; for long studies
the executor measures the same before it begins, and keeps its choice with the plan.

{tables.odd_one_out(result)}
"""  # noqa: E501
