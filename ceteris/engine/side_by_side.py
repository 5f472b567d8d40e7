"""Work on batches side by side on a CPU: a thread for each, which waits for no other between two layers."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import nn

MOST_AT_A_TIME = 4
"""Batches, so that their maps do not fill the memory of a machine of many cores; each then has several threads."""

Made = TypeVar("Made")


def side_by_side(model: nn.Module, work: Callable[[nn.Module, int], Made], count: int) -> list[Made]:
    """`work(model, number)` for every number below `count`, in order, on as many threads as torch has.

    Every thread has modules of its own, which share the model's parameters and buffers: what a module notes about a
    batch is never another's. With one thread, or a model that cannot be copied, the numbers take turns.
    """
    threads = torch.get_num_threads()
    each = -(-threads // MOST_AT_A_TIME)
    models = _twins(model, min(threads // each, count))
    if len(models) == 1:
        return [work(model, number) for number in range(count)]
    own = threading.local()

    def begin() -> None:
        torch.set_num_threads(each)
        own.model = models.pop()

    try:
        with ThreadPoolExecutor(len(models), initializer=begin) as pool:
            return list(pool.map(lambda number: work(own.model, number), range(count)))
    finally:
        torch.set_num_threads(threads)  # MKL's is not a thread's own, and new threads begin with the last one set


def _twins(model: nn.Module, count: int) -> list[nn.Module]:
    """The model itself, and copies that share its tensors: so many together, or only the model."""
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    try:
        return [model, *(copy.deepcopy(model, dict(shared)) for _ in range(count - 1))]
    except (RuntimeError, TypeError):  # it keeps a result of a step, or what cannot be copied at all
        return [model]
