"""From a resolved recipe and a data set to everything a training loop needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from ceteris.data.batches import Batches, channel_statistics
from ceteris.data.source import Dataset
from ceteris.data.splits import limit_images, split_images
from ceteris.engine.blocks import in_blocks
from ceteris.engine.device import Conditions
from ceteris.engine.evaluate import evaluation_batch
from ceteris.engine.linear import speed_up_linear
from ceteris.engine.objective import NetworkAndLoss, Objective, compile_objective
from ceteris.engine.randomness import drawing_from, initialise
from ceteris.errors import InputError
from ceteris.models.counting import count
from ceteris.models.fitting import FITTED_IMAGES, FitsImages
from ceteris.optim.kind import Loss, Schedule
from ceteris.registry import part
from ceteris.study.last_batch import check_last_batch
from ceteris.study.record import DataFacts, ModelFacts


@dataclass(frozen=True)
class Trial:
    """The unit of work: a resolved recipe (every default and part version spelled out), a seed, and their key."""

    key: str
    recipe: Mapping[str, Any]
    seed: int


@dataclass(frozen=True)
class Setup:
    """What one trial trains with. `rate` is the recipe's learning rate, before the schedule.

    `objective` is what steps differentiate, `plain` the same for who wants to look into it or differentiate it twice;
    `compiled` is the same for whole batches, where that was asked for.
    """

    trial: Trial
    data: Dataset
    model: nn.Module
    objective: Objective
    plain: Objective
    compiled: Objective | None
    facts: ModelFacts
    optimizer: torch.optim.Optimizer
    rate: float
    schedule: Schedule
    loss: Loss
    train: Batches
    validation: Batches
    test: Batches
    test_index: np.ndarray
    normalize: Mapping[str, list[float]]
    autocast: contextlib.AbstractContextManager[object]


def build_model(recipe: Mapping[str, Any], data: DataFacts) -> nn.Module:
    """The recipe's network for that data, with whatever parameters its constructors left."""
    context = {"classes": len(data.classes), "channels": data.channels, "image_size": data.image_size}
    model: nn.Module = build("model", recipe["model"], **context)
    return model


def build(kind: str, spec: Mapping[str, Any], **context: Any) -> Any:
    """Build one part of a resolved recipe."""
    options = {name: value for name, value in spec.items() if name not in ("name", "version")}
    return part(kind, spec["name"]).build(options, **context)


def autocast(recipe: Mapping[str, Any], device_type: str) -> contextlib.AbstractContextManager[object]:
    """The recipe's precision: bf16 arithmetic where it is safe, or nothing changed."""
    if recipe["precision"] != "bf16":
        return contextlib.nullcontext()  # torch's own, disabled, takes 40 microseconds of every step
    return torch.autocast(device_type, torch.bfloat16)


@contextlib.contextmanager
def arithmetic(precision: str) -> Iterator[None]:
    """Inside, CUDA rounds the inputs of fp32 products to TF32, 10 bits of mantissa, only where the precision says so.

    Torch's own default would do it for convolutions.
    """
    tf32, matmul = precision == "tf32", torch.backends.cuda.matmul
    before = matmul.allow_tf32
    with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=tf32):
        matmul.allow_tf32 = tf32
        try:
            yield
        finally:
            matmul.allow_tf32 = before


def set_up(trial: Trial, data: Dataset, conditions: Conditions) -> Setup:
    """Split the data, build and initialise the model from the trial's streams, and put all on the device."""
    recipe, device = trial.recipe, torch.device(conditions.device)
    with drawing_from(trial.seed, "construction"):
        model = build_model(recipe, data.facts)
    initialise(model, trial.seed)
    facts = count(model, data.facts.channels, data.facts.image_size)
    mean, std = _normalisation(recipe, data)
    train, validation, test, test_index = _batches(recipe, data, device, mean, std)
    check_last_batch(facts, len(train), train.batch_size)
    _fit(model, train)
    if device.type == "cpu" and not conditions.compiled:
        speed_up_linear(model)
    model.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    length = {"steps_per_epoch": train.steps, "epochs": recipe["epochs"]}
    parameters = list(model.parameters())
    optimizer: torch.optim.Optimizer = build("optimizer", recipe["optimizer"], parameters=parameters, **length)
    rate = float(optimizer.param_groups[0]["lr"])
    schedule = build("schedule", recipe["schedule"], lr=rate, **length)
    loss = build("loss", recipe["loss"])
    plain = NetworkAndLoss(model, loss)
    return Setup(
        trial=trial,
        data=data,
        model=model,
        objective=_for_steps(plain, recipe, conditions),
        plain=plain,
        compiled=compile_objective(plain) if conditions.compiled else None,
        facts=facts,
        optimizer=optimizer,
        rate=rate,
        schedule=schedule,
        loss=loss,
        train=train,
        validation=validation,
        test=test,
        test_index=test_index,
        normalize={"mean": mean.tolist(), "std": std.tolist()},
        autocast=autocast(recipe, device.type),
    )


def _for_steps(plain: NetworkAndLoss, recipe: Mapping[str, Any], conditions: Conditions) -> NetworkAndLoss:
    if conditions.device != "cpu" or conditions.compiled or recipe["precision"] == "bf16":
        return plain
    return NetworkAndLoss(in_blocks(plain.network), plain.loss)


def _fit(model: nn.Module, images: Batches) -> None:
    if isinstance(model, FitsImages):
        inputs, _ = images.at(np.arange(min(FITTED_IMAGES, len(images))))
        model.fit_to(inputs.cpu())


def _train_split(recipe: Mapping[str, Any], data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    split = recipe["split"]
    train, validation = split_images(data.train.labels, split["validation"], split["seed"], split["train_images"])
    return train, validation


def _normalisation(recipe: Mapping[str, Any], data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    if recipe["normalize"] == "train":
        return channel_statistics(data.train, _train_split(recipe, data)[0])
    mean, std = (np.asarray(recipe["normalize"][name], dtype=np.float64) for name in ("mean", "std"))
    if not len(mean) == len(std) == data.facts.channels:
        raise InputError(f"normalize: needs {data.facts.channels} values each, one per channel of {data.facts.name}")
    return mean, std


def _batches(
    recipe: Mapping[str, Any], data: Dataset, device: torch.device, mean: np.ndarray, std: np.ndarray
) -> tuple[Batches, Batches, Batches, np.ndarray]:
    train_index, validation_index = _train_split(recipe, data)
    test_index = limit_images(data.test.labels, recipe["split"]["test_images"], recipe["split"]["seed"])
    augment = [(spec["name"], build("augment", spec)) for spec in recipe["augment"]]
    train = Batches(data.train, train_index, mean, std, recipe["batch_size"], device, augment)
    at_a_time = evaluation_batch(data.facts.image_size, device)
    validation = Batches(data.train, validation_index, mean, std, at_a_time, device)
    return train, validation, Batches(data.test, test_index, mean, std, at_a_time, device), test_index
