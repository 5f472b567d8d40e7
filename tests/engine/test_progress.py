"""A trial that was interrupted and run again is, bit for bit, the trial that was not."""

import subprocess
import sys

import pytest
import torch

from ceteris.store.checkpoints import Checkpoints

OPTIMIZERS = {
    "lookahead": {"name": "lookahead-sgd", "lr": 0.05, "every": 2},
    "sgd": {"name": "sgd", "lr": 0.05, "momentum": 0.9},
    "adam": {"name": "adam", "lr": 0.01},
    "adamw": {"name": "adamw", "lr": 0.01},
}
SCHEDULES = {
    "constant": "constant",
    "step": {"name": "step", "every": 1, "factor": 0.5},
    "cosine": "cosine",
    "plateau": {"name": "plateau", "patience": 0, "factor": 0.5, "threshold": 0.2},
}


class Interrupted(Exception):
    """Stands for a kill: nothing in the engine may catch it."""


class EverySave(Checkpoints):
    """Checkpoints on disk, one after every epoch, or also after every step."""

    def __init__(self, folder, inside=False):
        super().__init__(folder)
        self.inside = inside

    def due(self):
        return True

    def save(self, epoch, step, values, arrays):
        if self.inside or not step:
            super().save(epoch, step, values, arrays)
            self.saved()

    def saved(self):
        pass


class FewSaves(EverySave):
    """Of a process that ends right after so many saves."""

    def __init__(self, folder, saves, inside=False):
        super().__init__(folder, inside)
        self.left = saves

    def saved(self):
        self.left -= 1
        if self.left == 0:
            raise Interrupted


def interrupted(run, folder, saves=1, inside=False, **fields):
    """The record of a trial that is ended after every so many saves until it comes through, and how often it was."""
    times = 0
    while True:
        try:
            return run(checkpoints=FewSaves(folder, saves, inside), **fields), times
        except Interrupted:
            times += 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_ended_after_every_epoch_is_the_same_as_never(run, bits, tmp_path, optimizer, schedule):
    fields = {"optimizer": OPTIMIZERS[optimizer], "schedule": SCHEDULES[schedule], "epochs": 4}
    resumed, times = interrupted(run, tmp_path, **fields)
    assert times == 4
    assert bits(resumed) == bits(run(**fields))


INSIDE = [
    {"model": {"name": "tiny", "dropout": 0.5}},
    {"augment": ["crop", "flip"], "precision": "bf16"},
    {"augment": ["mixup"], "optimizer": OPTIMIZERS["adamw"], "schedule": "cosine"},
    {"batch_size": 20, "schedule": SCHEDULES["plateau"], "epochs": 4},
]


@pytest.mark.parametrize("fields", INSIDE)
def test_ended_after_every_step_is_the_same_as_never(run, bits, tmp_path, fields):
    whole = run(**fields)
    resumed, times = interrupted(run, tmp_path, inside=True, **fields)
    assert times == len(whole.steps["loss"]) + len(whole.epochs)
    assert bits(resumed) == bits(whole)


def test_the_time_of_an_epoch_that_was_cut_in_two_counts_whole(run, tmp_path):
    with pytest.raises(Interrupted):
        run(checkpoints=FewSaves(tmp_path, 2, inside=True))
    values, _ = EverySave(tmp_path).load()
    assert values["inside"]["step"] == 2
    assert run(checkpoints=EverySave(tmp_path)).epochs[0].seconds > values["inside"]["seconds"] > 0


@pytest.mark.parametrize("saves", [1, 2, 3])
@pytest.mark.parametrize("sealed", [True, False])
def test_early_stopping_and_the_chosen_weights_survive(run, bits, tmp_path, saves, sealed):
    fields = {
        "epochs": 9,
        "early_stopping": {"patience": 2},
        "sealed": sealed,
        "model": {"name": "tiny", "dropout": 0.5},
    }
    whole = run(**fields)
    resumed, times = interrupted(run, tmp_path, saves, **fields)
    assert times == len(whole.epochs) // saves
    assert bits(resumed) == bits(whole)


@pytest.mark.parametrize("model", ["lenet", {"name": "plain-cnn", "width": 2}, {"name": "resnet14", "width": 2}])
def test_every_shape_of_parameter_comes_back(run, bits, tmp_path, model):
    fields = {"model": model, "optimizer": OPTIMIZERS["adamw"], "epochs": 2}
    assert bits(interrupted(run, tmp_path, **fields)[0]) == bits(run(**fields))


def test_a_corrupt_checkpoint_costs_one_epoch_and_no_bit(run, bits, tmp_path):
    with pytest.raises(Interrupted):
        run(checkpoints=FewSaves(tmp_path, 2))
    (newest,) = tmp_path.glob("epoch-000002-*")
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    assert bits(run(checkpoints=EverySave(tmp_path))) == bits(run())


def test_the_thread_count_comes_from_the_checkpoint(run, tmp_path):
    with pytest.raises(Interrupted):
        run(checkpoints=FewSaves(tmp_path, 1), threads=2)
    assert run().environment["threads"] == 1
    record = run(checkpoints=EverySave(tmp_path))
    assert record.environment["threads"] == torch.get_num_threads() == 2


def test_costs_add_up_over_sessions(run, tmp_path):
    with pytest.raises(Interrupted):
        run(checkpoints=FewSaves(tmp_path, 2))
    values, _ = EverySave(tmp_path).load()
    cost = run(checkpoints=EverySave(tmp_path)).cost
    assert cost.train_seconds > sum(row["seconds"] for row in values["rows"])
    assert cost.evaluate_seconds > values["seconds_evaluating"]
    assert cost.peak_memory_bytes >= values["peak_memory"]


def test_a_sealed_curve_that_is_not_whole_is_not_kept(run, tmp_path):
    with pytest.raises(Interrupted):
        run(checkpoints=FewSaves(tmp_path, 1), sealed=False)
    record = run(checkpoints=EverySave(tmp_path), sealed=True)
    assert [row.test_top1 is None for row in record.epochs] == [True, False, False]
    assert "sealed_predicted" not in record.predictions


TRAINING = """
import sys
from pathlib import Path
from ceteris.data.source import DataPlace
from ceteris.engine.device import Conditions
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.lab.resolve import resolve
from ceteris.registry import part, parts
from ceteris.store.checkpoints import Checkpoints
from ceteris.study.vocabulary import Recipe

class Kept(Checkpoints):
    def due(self):
        return True

images = {"classes": 4, "train_images": 96, "test_images": 60}
data = part("data", "shapes").build(images, place=DataPlace(Path(), Path())).load()
for entry in parts("optimizer"):
    recipe = {"data": {"name": "shapes", **images}, "model": "lenet", "optimizer": {"name": entry.name, "lr": 0.01}}
    kept = Kept(Path(sys.argv[1], entry.name))
    for epochs in (1, 2):
        trial = Trial("0" * 64, resolve(Recipe(**recipe, epochs=epochs, batch_size=32)), 0)
        assert len(train(trial, data, Conditions(), kept).epochs) == epochs
print(*(name for name in ("torch", "torch._dynamo", "torch._inductor", "sympy") if name in sys.modules))
"""


def test_no_optimizer_needs_the_compiler_from_the_start_or_from_a_checkpoint(tmp_path):
    """Importing it takes nearly as long as importing torch, in every process that trains."""
    done = subprocess.run([sys.executable, "-c", TRAINING, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["torch"]
