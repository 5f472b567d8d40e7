"""Class probabilities for images from a trial's stored weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ceteris.data.batches import Batches
from ceteris.data.source import Images
from ceteris.engine.evaluate import evaluation_batch, predict
from ceteris.engine.linear import speed_up_linear
from ceteris.engine.randomness import drawing_from
from ceteris.engine.setup import autocast, build_model
from ceteris.errors import InputError, Problem
from ceteris.registry import part
from ceteris.study.record import Record


def trained_model(record: Record) -> nn.Module:
    """The record's network with its weights, in evaluation mode, on the CPU, in channels_last.

    Raises InputError when the record has no weights, or its architecture is not known, has changed, or does not fit.
    """
    if not record.weights:
        raise InputError(f"trial {record.key[:12]} has no weights: its status is {record.status}")
    _check_version(record)
    with drawing_from(record.seed, "construction"):
        model = build_model(record.recipe, record.data)
    try:
        model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in record.weights.items()})
    except RuntimeError as error:
        raise InputError(f"the weights of {record.key[:12]} do not fit {record.recipe['model']}: {error}") from None
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model.eval()


def _check_version(record: Record) -> None:
    """The code of a part of the user's own is part of its version, after a "+"."""
    name, version = record.recipe["model"]["name"], record.recipe["model"]["version"]
    try:
        now = part("model", name).version
    except InputError:
        if "+" not in version:
            raise
        hint = "name the module that registers it: `--import MODULE`"
        raise InputError(Problem(f"model {name!r} is a part of your own", hint=hint)) from None
    if now != version:
        what = f"model {name!r} has changed since trial {record.key[:12]} was trained"
        raise InputError(Problem(what, hint="its weights would give other numbers: use the code of that time"))


def classify(record: Record, pixels: np.ndarray) -> np.ndarray:
    """Probabilities float64 [n, classes] for images uint8 [n, size, size, channels], by the path of the trial's test.

    On the machine of a CPU trial they are its test predictions to the last bit. Raises InputError as `trained_model`.
    """
    mean, std = (np.asarray(record.normalize[name]) for name in ("mean", "std"))
    model, unlabelled = trained_model(record), Images(pixels, np.zeros(len(pixels), np.int64))
    speed_up_linear(model)
    device = torch.device("cpu")
    at_a_time = evaluation_batch(record.data.image_size, device)
    batches = Batches(unlabelled, np.arange(len(pixels)), mean, std, at_a_time, device)
    predictions = predict(model, batches.in_order(), autocast(record.recipe, "cpu"))
    probabilities: np.ndarray = predictions.logits.double().softmax(1).numpy()
    return probabilities
