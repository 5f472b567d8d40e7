"""Probes that misbehave: what they do to the model is undone, what they raise is theirs alone, their time too."""

import json
import random

import numpy as np
import pytest
import torch

from ceteris.engine import probing as probing_module
from ceteris.engine.device import Conditions
from ceteris.engine.examine import examine
from ceteris.engine.probing import Probing
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.errors import InputError
from ceteris.lab.resolve import resolve_probes
from ceteris.probes.kind import Measurement, ModelProbe, TrainingProbe
from ceteris.registry import register
from ceteris.study.record import Status
from ceteris.study.vocabulary import PartSpec

NOISY = {"name": "tiny", "dropout": 0.5}


def ruin(model):
    """Everything a probe could do to a model and to the generators."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
        parameter.fill_(7.0)
        parameter.requires_grad_(True)
        if parameter.grad is not None:
            parameter.grad.fill_(7.0)
        parameter.grad = torch.ones_like(parameter)
    for buffer in model.buffers():
        buffer.zero_()
    model.train(not model.training)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)


class Watching(TrainingProbe):
    def __init__(self):
        self.seen = []

    def wants(self, step, steps_per_epoch):
        return True

    def so_far(self):
        return Measurement({"seen": np.array(self.seen, np.float64)}, {"n": len(self.seen)})

    def restore(self, seen):
        self.seen = seen.arrays["seen"].tolist()


def vandal():
    """Ruins what it is shown."""

    class Vandal(Watching):
        def after_backward(self, view):
            self.seen.append(float(view.model.conv.weight.detach().sum()))
            ruin(view.model)

        def after_epoch(self, view):
            assert not view.model.training
            ruin(view.model)

    return Vandal()


def curious():
    """Looks at the loss of the step twice, and at what it draws."""

    class Curious(Watching):
        def after_backward(self, view):
            self.seen.append([float(view.loss().detach()), float(view.loss().detach()), float(torch.rand(()))])
            assert view.model.training

    return Curious()


def breaking_down(*, at: int, how: str = "step", says: str = "ValueError"):
    """Raises at a step, at an epoch, when it is asked, or when it is to say what it found."""

    class BreakingDown(Watching):
        def raising(self, where, number):
            self.seen.append(number)
            if where == how and len(self.seen) >= at:
                raise {"ValueError": ValueError("no luck"), "InputError": InputError("nothing to measure here")}[says]

        def wants(self, step, steps_per_epoch):
            if how == "wants":
                self.raising("wants", step)
            return True

        def after_backward(self, view):
            self.raising("step", view.step)

        def after_epoch(self, view):
            self.raising("epoch", view.epoch)

        def so_far(self):
            if how == "so_far":
                self.raising("so_far", 0)
            if how == "values":
                return Measurement({}, {"not a value": float("nan")})
            if how == "arrays":
                return Measurement({"words": np.array(["a"])})
            return super().so_far()

    return BreakingDown()


def spoiler(*, breaks: bool = False):
    """Ruins the trained model, or cannot measure it."""

    class Spoiler(ModelProbe):
        def measure(self, view):
            total = sum(float(parameter.detach().sum()) for parameter in view.model.parameters())
            ruin(view.model)
            if breaks:
                raise RuntimeError("no such layer")
            return Measurement({"total": np.array(total), "draws": view.stream("here").random(2)})

    return Spoiler()


@pytest.fixture(autouse=True)
def _probes(_added):
    for builder in (vandal, curious, breaking_down, spoiler):
        register("probe")(builder)


def probes(*specs):
    return resolve_probes([PartSpec.model_validate({"name": s} if isinstance(s, str) else s) for s in specs])


@pytest.fixture
def watched(shapes, recipe):
    """watched(*probes, checkpoints=None, **fields) -> (record, findings by name)"""

    def run(*specs, checkpoints=None, **fields):
        probing = Probing(probes(*specs))
        record = train(Trial("0" * 64, recipe(**fields), 0), shapes, Conditions(), checkpoints, probes=probing)
        return record, {findings.probe["name"]: findings for findings in probing.findings()}

    return run


@pytest.mark.parametrize("fields", [{"model": NOISY}, {"optimizer": {"name": "adam", "lr": 0.01}}])
def test_whatever_a_probe_does_is_undone(watched, run, bits, fields):
    torch.manual_seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    record, found = watched("vandal", "curious", **fields)
    assert bits(record) == bits(run(**fields))
    assert found["vandal"].error == found["curious"].error == ""
    assert len(set(found["vandal"].arrays["seen"].tolist())) == 9
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    assert random.getstate() == before[2]


def test_the_loss_of_a_step_draws_the_same_noise_at_every_call(watched):
    record, found = watched("curious", model={"name": "tiny", "dropout": 0.5})
    seen = found["curious"].arrays["seen"]
    assert (seen[:, 0] == seen[:, 1]).all()
    assert not np.allclose(seen[:, 0], record.steps["loss"])  # its own noise, not training's
    assert len(set(seen[:, 2].tolist())) == 9
    quiet, found = watched("curious")
    assert found["curious"].arrays["seen"][:, 0] == pytest.approx(quiet.steps["loss"], rel=1e-6)


@pytest.mark.parametrize(
    ("how", "at"), [("step", 1), ("step", 5), ("epoch", 3), ("wants", 4), ("so_far", 1), ("values", 0), ("arrays", 0)]
)
def test_what_a_probe_raises_costs_its_findings_only(watched, run, bits, how, at):
    record, found = watched({"name": "breaking-down", "how": how, "at": at}, "vandal")
    assert bits(record) == bits(run())
    assert found["breaking-down"].arrays == found["breaking-down"].values == {}
    message = {"values": "not a number that", "arrays": "array 'words'"}.get(how, "ValueError: no luck\n")
    assert message in found["breaking-down"].error
    assert "line" in found["breaking-down"].error
    assert found["vandal"].error == ""


def test_an_input_error_is_shown_as_it_stands(watched):
    _, found = watched({"name": "breaking-down", "at": 2, "says": "InputError"})
    assert found["breaking-down"].error == "nothing to measure here"


class Kept:
    """Checkpoints in memory."""

    def __init__(self, stop_after):
        self.state, self.stop_after, self.saved = None, stop_after, []

    def due(self):
        return True

    def save(self, epoch, step, values, arrays):
        if step:
            return
        self.state = json.loads(json.dumps(values)), {name: np.array(array) for name, array in arrays.items()}
        self.saved.append(epoch)
        if epoch == self.stop_after:
            raise KeyboardInterrupt

    def load(self):
        return self.state


def stopped(watched, *specs):
    checkpoints = Kept(2)
    with pytest.raises(KeyboardInterrupt):
        watched(*specs, checkpoints=checkpoints)
    checkpoints.stop_after, checkpoints.saved = 0, []
    return checkpoints


def test_a_resumed_trial_ends_with_the_same_findings(watched):
    checkpoints = stopped(watched, "vandal", "curious")
    record, found = watched("vandal", "curious", checkpoints=checkpoints)
    whole, expected = watched("vandal", "curious")
    assert checkpoints.saved == [3]
    for name in ("vandal", "curious"):
        np.testing.assert_array_equal(found[name].arrays["seen"], expected[name].arrays["seen"], strict=True)
    assert record.metrics == whole.metrics


def test_a_probe_that_missed_the_beginning_makes_training_begin_again(watched, run, bits):
    checkpoints = stopped(watched, "vandal")
    record, found = watched("vandal", "curious", checkpoints=checkpoints)
    assert checkpoints.saved == [1, 2, 3]
    assert found["vandal"].values == found["curious"].values == {"n": 9}
    assert bits(record) == bits(run())


def test_a_trial_that_probes_watched_goes_on_without_them(watched, run, bits):
    checkpoints = stopped(watched, "vandal")
    record, _ = watched(checkpoints=checkpoints)
    assert checkpoints.saved == [3]
    assert bits(record) == bits(run())


def test_an_error_survives_an_interruption(watched):
    broken = {"name": "breaking-down", "at": 4}
    checkpoints = stopped(watched, broken)
    _, found = watched(broken, checkpoints=checkpoints)
    assert "no luck" in found["breaking-down"].error


def test_a_diverged_trial_keeps_what_was_seen_of_it(watched):
    record, found = watched("vandal", loss={"name": "breaking", "at": 5})
    assert record.status is Status.DIVERGED
    assert found["vandal"].values == {"n": 6}


def test_the_time_of_probes_is_not_training_time(watched, monkeypatch):
    clock = iter(range(1_000_000))
    monkeypatch.setattr(probing_module.time, "perf_counter", lambda: 1000.0 * next(clock))
    record, found = watched("vandal")
    looks = 3 * 3 + 3
    assert found["vandal"].seconds == pytest.approx(1000.0 * looks)
    monkeypatch.undo()
    # Every tick of that clock is 1000 s: an epoch's own begin and end, less what its three looks took.
    assert [row.seconds for row in record.epochs] == pytest.approx([1000.0 * (3 * 2 + 1 - 3)] * 3)


def test_an_option_that_a_probe_refuses_stops_before_training():
    with pytest.raises(InputError, match="samples must be at least 1"):
        Probing(probes({"name": "gradient-flow", "samples": 0}))


def examined(record, shapes, *specs):
    kept = []
    examine(record, shapes, Conditions(), probes(*specs), kept.append)
    return kept


def test_stored_weights_are_measured_probe_by_probe(run, shapes):
    record = run()
    weights = {name: array.tobytes() for name, array in record.weights.items()}
    one, two, three = examined(record, shapes, {"name": "spoiler", "breaks": True}, "spoiler", "vandal", "filters")
    assert one.error.startswith("RuntimeError: no such layer\n")
    trainable = [array for name, array in record.weights.items() if name.split(".")[1] in ("weight", "bias")]
    assert two.arrays["total"] == pytest.approx(sum(float(array.sum()) for array in trainable), rel=1e-5)
    np.testing.assert_array_equal(three.arrays["kernels"], record.weights["conv.weight"])
    assert {name: array.tobytes() for name, array in record.weights.items()} == weights


def test_a_probe_draws_the_same_for_every_arm_of_a_seed(run, shapes):
    draws = [examined(record, shapes, "spoiler")[0].arrays["draws"].tolist() for record in
             (run(), run(epochs=1), run(seed=1))]  # fmt: skip
    assert draws[0] == draws[1] != draws[2]


def test_without_weights_there_is_nothing_to_measure(run, shapes):
    (found,) = examined(run(loss={"name": "breaking", "at": 5}), shapes, "spoiler")
    assert found.error == "the trial has no weights: its status is diverged"
