"""One trial in, its record out: the training loop, read from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from ceteris.data.source import Dataset
from ceteris.engine.device import Conditions, PeakMemory, current, environment
from ceteris.engine.evaluate import Predictions, Predictor
from ceteris.engine.outcome import examples_of, metrics_of, predictions_of, status_of
from ceteris.engine.probing import Probing
from ceteris.engine.progress import Progress, resume
from ceteris.engine.randomness import drawing_from
from ceteris.engine.setup import Setup, Trial, arithmetic, set_up
from ceteris.engine.steps import Steps, TrainedEpoch
from ceteris.engine.watching import Checkpointing, NoCheckpoints, Silent, Watcher
from ceteris.study.record import Cost, Epoch, Record, Status


def train(
    trial: Trial,
    data: Dataset,
    conditions: Conditions,
    checkpoints: Checkpointing | None = None,
    watcher: Watcher | None = None,
    *,
    probes: Probing | None = None,
) -> Record:
    """Train, choose on validation, test once.

    Args:
        trial, data: recipe and seed, and the data set that the recipe names, in memory or mapped.
        conditions: device and threads; torch's thread count is set, and left so.
        checkpoints: the state after every epoch goes here, and training goes on from what is here.
        watcher: told of every step and epoch.
        probes: measure training, and hold their findings afterwards; they change nothing else.

    Divergence (a number that is not finite) is an outcome. Raises InputError when the recipe does not fit the data.
    """
    checkpoints, watcher, probes = checkpoints or NoCheckpoints(), watcher or Silent(), probes or Probing()
    with current(conditions.device), arithmetic(trial.recipe["precision"]):
        return _train(trial, data, conditions, checkpoints, watcher, probes)


def _train(  # noqa: PLR0917
    trial: Trial, data: Dataset, conditions: Conditions, checkpoints: Checkpointing, watcher: Watcher, probes: Probing
) -> Record:
    torch.set_num_threads(conditions.threads)
    memory, setup = PeakMemory(conditions.device), set_up(trial, data, conditions)
    progress = resume(setup, probes.resume(checkpoints.load()))
    steps = Steps(setup, probes)
    validate, test = (Predictor(setup.model, images, setup.autocast) for images in (setup.validation, setup.test))
    recipe, diverged = trial.recipe, ""

    def checkpoint(step: int = 0) -> None:
        if checkpoints.due():
            progress.peak_memory = max(progress.peak_memory, memory.highest())
            state = progress.to_checkpoint(setup, steps.inside(step) if step else None)
            checkpoints.save(len(progress.rows), step, *probes.keep(*state))

    while len(progress.rows) < recipe["epochs"] and not progress.should_stop(recipe["early_stopping"]):
        epoch = len(progress.rows) + 1
        with drawing_from(trial.seed, f"noise/{epoch}", conditions.device):
            trained = _train_epoch(setup, steps, progress, watcher, checkpoint)
        row = _look(setup, progress, trained, validate, test if conditions.sealed_test_curve else None)
        probes.after_epoch(setup, epoch)
        watcher.epoch(row, recipe["epochs"])
        if not np.isfinite(trained.losses).all() or not np.isfinite(row.validation_loss):
            diverged = f"the loss is not finite from epoch {epoch}, step {_first_bad(trained.losses)}"
            break
        setup.schedule.after_epoch(row.validation_top1)
        checkpoint()
    return _conclude(setup, conditions, progress, memory, test=test, diverged=diverged)


def _train_epoch(
    setup: Setup, steps: Steps, progress: Progress, watcher: Watcher, checkpoint: Callable[[int], None]
) -> TrainedEpoch:
    epoch = len(progress.rows) + 1
    done = steps.begin(epoch, progress.inside)
    progress.inside = None
    for inputs, labels in setup.train.epoch(setup.trial.seed, epoch, steps.at_once, done):
        done = steps(inputs, labels, done)
        checkpoint(done)
        watcher.step(epoch, done, setup.train.steps)
    return steps.end()


def _look(
    setup: Setup, progress: Progress, trained: TrainedEpoch, validate: Predictor, test: Predictor | None
) -> Epoch:
    started = time.perf_counter()
    validation, sealed = validate(), test() if test else None
    progress.seconds_evaluating += time.perf_counter() - started
    row = _row(len(progress.rows) + 1, trained, validation, sealed, len(setup.train))
    _note(progress, row, trained, sealed, setup)
    return row


def _row(epoch: int, trained: TrainedEpoch, validation: Predictions, sealed: Predictions | None, images: int) -> Epoch:
    return Epoch(
        epoch=epoch,
        train_loss=float(trained.losses.mean(dtype=np.float64)),
        train_top1=trained.top1,
        validation_loss=validation.loss,
        validation_top1=validation.top(1),
        learning_rate=float(trained.rates[-1]),
        seconds=trained.seconds,
        images_per_second=images / trained.seconds,
        test_top1=sealed.top(1) if sealed else None,
    )


def _note(progress: Progress, row: Epoch, trained: TrainedEpoch, sealed: Predictions | None, setup: Setup) -> None:
    progress.rows.append(row)
    progress.losses.append(trained.losses)
    progress.rates.append(trained.rates)
    if sealed:
        progress.sealed.append(sealed.predicted.numpy().astype(np.int16))
    if progress.best_epoch == row.epoch:
        progress.best = {name: tensor.detach().clone() for name, tensor in setup.model.state_dict().items()}


def _conclude(
    setup: Setup, conditions: Conditions, progress: Progress, memory: PeakMemory, *, test: Predictor, diverged: str
) -> Record:
    trial = setup.trial
    status, reason = Status.DIVERGED, diverged
    tested: Mapping[str, Any] = {}
    chosen = progress.best_epoch if trial.recipe["weights"] == "best" else len(progress.rows)
    if not diverged:
        if trial.recipe["weights"] == "best":
            setup.model.load_state_dict(progress.best)
        started = time.perf_counter()
        predictions = test()
        progress.seconds_evaluating += time.perf_counter() - started
        status, reason = status_of(predictions)
        tested = _tested(predictions, setup, progress, chosen) if status is not Status.DIVERGED else {}
    return Record(
        key=trial.key,
        status=status,
        reason=reason,
        recipe=trial.recipe,
        seed=trial.seed,
        data=setup.data.facts,
        model=setup.facts,
        normalize=setup.normalize,
        environment=environment(conditions),
        epochs=tuple(progress.rows),
        cost=_cost(progress, conditions, max(progress.peak_memory, memory.highest())),
        steps={"loss": np.concatenate(progress.losses), "learning_rate": np.concatenate(progress.rates)},
        **tested,
    )


def _tested(test: Predictions, setup: Setup, progress: Progress, chosen: int) -> Mapping[str, Any]:
    weights = setup.model.state_dict().items()
    # A trial begun by a study without the sealed curve has no row for its first epochs.
    sealed = progress.sealed if len(progress.sealed) == len(progress.rows) else []
    return {
        "chosen_epoch": chosen,
        "metrics": metrics_of(test, progress.rows[chosen - 1].validation_top1),
        "predictions": predictions_of(test, setup.test_index, sealed),
        "examples": examples_of(test, setup.data.test, setup.test_index),
        "weights": {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in weights},
    }


def _cost(progress: Progress, conditions: Conditions, peak_memory: int) -> Cost:
    return Cost(
        train_seconds=sum(row.seconds for row in progress.rows),
        evaluate_seconds=progress.seconds_evaluating,
        images_per_second=float(np.median([row.images_per_second for row in progress.rows])),
        peak_memory_bytes=peak_memory,
        shared_machine=conditions.shared_machine,
    )


def _first_bad(losses: np.ndarray) -> int:
    bad = np.flatnonzero(~np.isfinite(losses))
    return int(bad[0]) + 1 if len(bad) else len(losses)
