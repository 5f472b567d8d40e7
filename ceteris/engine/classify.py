"""Class probabilities for images from a trial's stored weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ceteris.engine.setup import build_model
from ceteris.errors import InputError
from ceteris.study.record import Record


def trained_model(record: Record) -> nn.Module:
    """The record's network with its weights, in evaluation mode, on the CPU.

    Raises InputError when the record has no weights, or they do not fit the architecture of this version.
    """
    if not record.weights:
        raise InputError(f"trial {record.key[:12]} has no weights: its status is {record.status}")
    model = build_model(record.recipe, record.data)
    try:
        model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in record.weights.items()})
    except RuntimeError as error:
        raise InputError(f"the weights of {record.key[:12]} do not fit {record.recipe['model']}: {error}") from None
    return model.eval()


@torch.inference_mode()
def classify(record: Record, pixels: np.ndarray) -> np.ndarray:
    """Probabilities float64 [n, classes] for images uint8 [n, size, size, channels], normalised as in training."""
    model = trained_model(record)
    mean = torch.tensor(record.normalize["mean"], dtype=torch.float32)
    std = torch.tensor(record.normalize["std"], dtype=torch.float32)
    scaled = (torch.from_numpy(np.ascontiguousarray(pixels)).float() / 255 - mean) / std
    logits = model(scaled.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last))
    probabilities: np.ndarray = logits.double().softmax(1).numpy()
    return probabilities
