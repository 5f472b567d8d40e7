"""Whole trials: the same bits whenever they are run, choices that see validation only, and every way to end."""

import contextlib
import json
import random
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score

from ceteris.data.source import Images
from ceteris.store.files import pack, read_statement, unpack
from ceteris.study.record import Status

NOISY = {"name": "tiny", "dropout": 0.5}


class Watching:
    """Remembers what it was told."""

    def __init__(self):
        self.steps, self.epochs = [], []

    def step(self, epoch, step, steps):
        self.steps.append((epoch, step, steps))

    def epoch(self, row, epochs):
        self.epochs.append((row.epoch, epochs))


def curves(record, *left_out):
    return [
        {k: v for k, v in asdict(row).items() if k not in ("seconds", "images_per_second", *left_out)}
        for row in record.epochs
    ]


@pytest.mark.parametrize("fields", [{}, {"model": NOISY}, {"precision": "bf16"}, {"augment": ["crop", "flip"]}])
def test_a_trial_run_twice_gives_the_same_bits(run, bits, fields):
    one = bits(run(**fields))
    torch.manual_seed(1234)
    np.random.default_rng(5).random()
    assert bits(run(**fields)) == one


def test_another_seed_gives_other_bits(run, bits):
    one, other = bits(run(seed=0)), bits(run(seed=1))
    assert all(one[name] != other[name] for name in one if name.startswith(("weights/fc", "steps/loss")))


def test_nothing_outside_the_trial_is_touched(run):
    torch.manual_seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    run(model=NOISY, augment=["crop", "flip"])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    assert random.getstate() == before[2]


def test_dropout_draws_from_the_stream_of_its_epoch(run, bits, monkeypatch):
    from ceteris.engine import train as loop

    one, names, real = bits(run(model=NOISY)), [], loop.drawing_from
    monkeypatch.setattr(loop, "drawing_from", lambda seed, name, device: names.append(name) or real(seed, name, device))
    assert bits(run(model=NOISY)) == one
    assert names == ["noise/1", "noise/2", "noise/3"]
    monkeypatch.setattr(loop, "drawing_from", lambda seed, name, device: real(seed, f"other/{name}", device))
    assert bits(run(model=NOISY))["steps/loss"] != one["steps/loss"]


def test_the_sealed_curve_costs_no_bit(run, bits):
    unsealed, sealed = run(sealed=False), run(sealed=True)
    left_out = ("test_top1", "predictions/sealed_predicted")
    assert bits(unsealed, *left_out) == bits(sealed, *left_out)
    assert [row.test_top1 for row in unsealed.epochs] == [None] * 3
    by_epoch = [accuracy_score(sealed.predictions["labels"], row) for row in sealed.predictions["sealed_predicted"]]
    assert [row.test_top1 for row in sealed.epochs] == by_epoch


def test_a_watcher_is_told_every_step_and_epoch_and_changes_nothing(run, bits):
    watcher = Watching()
    assert bits(run(watcher=watcher)) == bits(run())
    assert watcher.steps == [(epoch, step, 3) for epoch in (1, 2, 3) for step in (1, 2, 3)]
    assert watcher.epochs == [(1, 3), (2, 3), (3, 3)]


EAGER_PLATEAU = {"name": "plateau", "patience": 0, "factor": 0.5, "threshold": 0.2}


@pytest.mark.parametrize(
    "fields", [{"epochs": 6, "early_stopping": {"patience": 1}}, {"epochs": 6, "schedule": EAGER_PLATEAU}]
)
def test_no_choice_sees_the_test_labels(run, bits, relabelled, fields):
    honest, permuted = run(**fields), run(data=relabelled, **fields)
    assert curves(honest, "test_top1") == curves(permuted, "test_top1")
    assert honest.chosen_epoch == permuted.chosen_epoch
    one, other = bits(honest), bits(permuted)
    assert all(one[name] == other[name] for name in one if name.startswith(("weights/", "steps/")))
    assert one["predictions/predicted"] == other["predictions/predicted"]
    assert honest.metrics["validation_top1"] == permuted.metrics["validation_top1"]
    assert honest.metrics["top1"] > permuted.metrics["top1"]


def test_the_test_images_change_nothing_that_is_trained(run, bits, shapes):
    black = replace(shapes, test=Images(np.zeros_like(shapes.test.pixels), shapes.test.labels))
    one, other = bits(run()), bits(run(data=black))
    assert all(one[name] == other[name] for name in one if name.startswith(("weights/", "steps/")))


def test_the_first_of_equal_best_epochs_is_tested(run):
    record = run(epochs=12)
    validation = [row.validation_top1 for row in record.epochs]
    assert validation.count(max(validation)) > 1
    assert record.chosen_epoch == validation.index(max(validation)) + 1
    assert record.metrics["validation_top1"] == max(validation)
    shorter = run(epochs=record.chosen_epoch)
    assert all((record.weights[name] == shorter.weights[name]).all() for name in record.weights)


def test_the_last_weights_where_they_are_asked_for(run):
    best, last = run(epochs=6), run(epochs=6, weights="last")
    assert curves(best) == curves(last)
    assert last.chosen_epoch == 6 > best.chosen_epoch
    assert last.metrics["top1"] == last.epochs[-1].test_top1
    assert best.metrics["top1"] == best.epochs[best.chosen_epoch - 1].test_top1


def test_early_stopping_waits_for_its_patience_and_no_longer(run):
    record = run(epochs=30, early_stopping={"patience": 2})
    validation = [row.validation_top1 for row in record.epochs]
    assert len(record.epochs) == record.chosen_epoch + 2 < 30
    assert max(validation) == validation[-3]
    assert curves(record) == curves(run(epochs=30))[: len(record.epochs)]


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_loss_that_is_not_finite_ends_the_trial_as_diverged(run, epoch, step, value):
    record = run(loss={"name": "breaking", "at": 3 * (epoch - 1) + step, "value": value})
    assert record.status is Status.DIVERGED
    assert record.reason == f"the loss is not finite from epoch {epoch}, step {step}"
    assert [row.epoch for row in record.epochs] == list(range(1, epoch + 1))
    assert np.isfinite(record.steps["loss"]).tolist().index(False) == 3 * (epoch - 1) + step - 1
    assert record.chosen_epoch == 0
    assert [record.metrics, record.weights, record.predictions, record.examples] == [{}] * 4
    assert record.cost.train_seconds > 0


def test_a_huge_learning_rate_diverges_and_its_curves_do_not_flatter(run):
    record = run(optimizer={"name": "sgd", "lr": 1e30}, model="lenet")
    assert record.status is Status.DIVERGED
    assert record.epochs[-1].validation_top1 < 0.5
    assert record.epochs[-1].test_top1 < 0.5


def test_a_learning_rate_that_cannot_learn_did_not(run):
    record = run(optimizer={"name": "sgd", "lr": 1e-12})
    assert record.status is Status.DID_NOT_LEARN
    assert "of 60 test images are right" in record.reason
    assert record.metrics["top1"] < 0.5
    assert record.weights


def test_metrics_can_be_recomputed_from_what_is_kept(run):
    record = run()
    kept = record.predictions
    assert record.status is Status.FINISHED
    assert accuracy_score(kept["labels"], kept["predicted"]) == record.metrics["top1"]
    logits = kept["logits"].astype(np.float64)
    own = logits[np.arange(60), kept["labels"]] - np.log(np.exp(logits).sum(1))
    assert -own.mean() == pytest.approx(record.metrics["nll"], rel=1e-3)
    assert kept["sealed_predicted"].shape == (3, 60)


def test_predictions_and_examples_point_into_the_test_set(run, shapes):
    record = run(split={"validation": 0.1, "test_images": 40})
    index = record.predictions["image"]
    assert len(index) == len(set(index.tolist())) == 40
    assert (shapes.test.labels[index] == record.predictions["labels"]).all()
    wrong = record.predictions["labels"] != record.predictions["predicted"]
    assert set(record.examples["image"].tolist()) == set(index[wrong].tolist())
    assert (record.examples["pixels"] == shapes.test.pixels[record.examples["image"]]).all()
    assert (record.examples["labels"] == shapes.test.labels[record.examples["image"]]).all()


def test_curves_are_what_the_steps_say(run):
    record = run(schedule={"name": "step", "every": 1, "factor": 0.5})
    losses = record.steps["loss"].reshape(3, 3)
    assert [row.train_loss for row in record.epochs] == pytest.approx(losses.mean(1, dtype=np.float64).tolist())
    assert record.steps["learning_rate"].tolist() == pytest.approx([0.05] * 3 + [0.025] * 3 + [0.0125] * 3)
    assert [row.learning_rate for row in record.epochs] == pytest.approx([0.05, 0.025, 0.0125])


def test_bf16_trains_on_the_cpu_with_fp32_weights(run):
    half, full = run(precision="bf16"), run()
    assert {array.dtype for name, array in half.weights.items() if "tracked" not in name} == {np.dtype(np.float32)}
    assert half.steps["loss"].tolist() != full.steps["loss"].tolist()
    assert half.steps["loss"] == pytest.approx(full.steps["loss"], rel=0.05)


def test_the_record_says_what_it_took_and_where(run):
    record = run()
    assert record.cost.train_seconds == sum(row.seconds for row in record.epochs) > 0
    assert record.cost.evaluate_seconds > 0
    speeds = [86 / row.seconds for row in record.epochs]
    assert [row.images_per_second for row in record.epochs] == pytest.approx(speeds)
    assert record.cost.images_per_second == pytest.approx(np.median(speeds))
    assert record.cost.peak_memory_bytes > 2**20
    assert not record.cost.shared_machine
    assert record.model.parameters == sum(
        a.size for n, a in record.weights.items() if n.split(".")[1] in ("weight", "bias")
    )


def test_the_step_loop_never_waits_for_a_number(run, monkeypatch):
    """Asking for a tensor's value makes an accelerator wait: how often may depend on epochs, never on steps."""
    asked = 0

    def counted(name):
        real = getattr(torch.Tensor, name)

        def method(self, *args, **named):
            nonlocal asked
            asked += 1
            return real(self, *args, **named)

        return method

    for name in ("item", "cpu", "numpy", "tolist", "__float__", "__int__", "__bool__"):
        monkeypatch.setattr(torch.Tensor, name, counted(name))
    totals = []
    for batch_size in (32, 8):
        asked = 0
        run(batch_size=batch_size, split={"validation": 0.1})
        totals.append(asked)
    assert totals[0] == totals[1] > 0


def test_a_diverged_trial_can_be_stored(run):
    record = run(loss={"name": "breaking", "at": 5})
    files = pack(record)
    for name in ("record.json", "epochs.jsonl"):
        for line in files[name].decode().split("\n") if name == "epochs.jsonl" else [files[name].decode()]:
            assert not line or json.loads(line, parse_constant=pytest.fail)
    back = unpack(read_statement(files["record.json"]), files.__getitem__, weights=True)
    assert back.status is Status.DIVERGED
    assert repr(back.epochs) == repr(record.epochs)
    assert np.array_equal(back.steps["loss"], record.steps["loss"], equal_nan=True)


def test_a_trial_is_trained_with_its_device_as_the_current_one(run, monkeypatch):
    entered = []

    @contextlib.contextmanager
    def current(device):
        entered.append(device)
        yield
        entered.append("left")

    monkeypatch.setattr("ceteris.engine.train.current", current)
    monkeypatch.setattr("ceteris.engine.train._conclude", lambda *_, **__: entered.append("trained"))
    run(epochs=1)
    assert entered == ["cpu", "trained", "left"]
