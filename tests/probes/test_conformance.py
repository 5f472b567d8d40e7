"""Every registered probe, because it is registered: it changes nothing, survives an interruption, and can be stored."""

import json
import random
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from ceteris.data.source import DataPlace
from ceteris.engine.device import Conditions
from ceteris.engine.examine import examine
from ceteris.engine.probing import Probing, build_probe
from ceteris.engine.setup import Trial
from ceteris.engine.train import train
from ceteris.lab.resolve import resolve, resolve_probes
from ceteris.probes.kind import TrainingProbe
from ceteris.registry import part, parts
from ceteris.store.findings import pack_findings, unpack_findings
from ceteris.study.findings import identity_slug
from ceteris.study.vocabulary import PartSpec, Recipe

SHAPES = {"classes": 3, "train_images": 45, "test_images": 24}
DATA = {"name": "shapes"} | SHAPES
MODEL = {"name": "se-resnet18", "width": 4, "dropout": 0.3}  # squeeze-and-excitation, batch norm, dropout, ReLU
SMALL = {
    "images": 6,
    "points": 3,
    "samples": 2,
    "batch_sizes": [1, 4],
    "repeats": 2,
    "steps": 3,
    "draws": 2,
    "count": 1,
}
MEASURES_TIME = {"latency"}
KEY = "0" * 64
named = {"ids": lambda probe: probe.name}


def identity(probe):
    """With the options that cost time made small."""
    options = {option.name: SMALL[option.name] for option in probe.options if option.name in SMALL}
    return resolve_probes([PartSpec(name=probe.name, **options)])[0]


WATCHING = [p for p in parts("probe") if isinstance(build_probe(identity(p)), TrainingProbe)]
MODEL_PROBES = [p for p in parts("probe") if p not in WATCHING]


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data():
    return part("data", "shapes").build(SHAPES, place=DataPlace(Path("nowhere"), Path("nowhere"))).load()


@pytest.fixture(scope="module")
def recipe():
    adam = {"name": "adam", "lr": 0.01}
    return resolve(Recipe(data=DATA, model=MODEL, optimizer=adam, augment="flip", epochs=2, batch_size=16))


@pytest.fixture(scope="module")
def trained(data, recipe):
    """trained(probes=None, checkpoints=None) -> Record"""

    def run(probes=None, checkpoints=None):
        return train(Trial(KEY, recipe, 0), data, Conditions(), checkpoints, probes=probes)

    return run


@pytest.fixture(scope="module")
def alone(trained):
    """The trial without any probe."""
    torch.set_num_threads(1)
    return trained()


def bits(record):
    arrays = {
        f"{kind}/{name}": array.tobytes()
        for kind in ("steps", "predictions", "examples", "weights")
        for name, array in getattr(record, kind).items()
    }
    times = ("seconds", "images_per_second")
    rows = [{k: v for k, v in asdict(row).items() if k not in times} for row in record.epochs]
    return arrays | {"rows": rows, "metrics": dict(record.metrics), "chosen": record.chosen_epoch}


def generators():
    return torch.get_rng_state().tolist(), repr(np.random.get_state()), random.getstate()  # noqa: NPY002


def contents(findings):
    return {name: (array.dtype, array.shape, array.tobytes()) for name, array in findings.arrays.items()}


class Kept:
    """Checkpoints in memory; raises after saving that of a given epoch and step of the next."""

    def __init__(self, stop_after=None):
        self.state, self.stop_after = None, stop_after

    def due(self):
        return True

    def save(self, epoch, step, values, arrays):
        self.state = json.loads(json.dumps(values)), {name: np.array(array) for name, array in arrays.items()}
        if (epoch, step) == self.stop_after:
            raise KeyboardInterrupt

    def load(self):
        return self.state


def found(probe, data, trained, alone):
    """The probe's findings, and that getting them moved no bit of the trial and no generator."""
    before, kept, probing = generators(), [], Probing([identity(probe)])
    if probe in WATCHING:
        assert bits(trained(probing)) == bits(alone)
        kept = probing.findings()
    else:
        weights = {name: array.tobytes() for name, array in alone.weights.items()}
        examine(alone, data, Conditions(), [identity(probe)], kept.append)
        assert {name: array.tobytes() for name, array in alone.weights.items()} == weights
    assert generators() == before
    (findings,) = kept
    return findings


@pytest.mark.parametrize("probe", parts("probe"), **named)
def test_a_probe_says_what_it_is(probe):
    assert probe.context == ()
    assert probe.summary.endswith(".")
    assert all(not option.required for option in probe.options)


@pytest.mark.parametrize("probe", parts("probe"), **named)
def test_a_probe_changes_nothing_and_its_findings_can_be_stored(probe, data, trained, alone):
    findings = found(probe, data, trained, alone)
    assert findings.error == ""
    assert findings.arrays
    assert findings.seconds > 0
    files = pack_findings(KEY, findings)
    back = unpack_findings(KEY, identity_slug(identity(probe)), files.__getitem__)
    assert json.loads(json.dumps(findings.values)) == back.values
    for name, array in findings.arrays.items():
        np.testing.assert_array_equal(back.arrays[name], array, strict=True)


@pytest.mark.parametrize("probe", [p for p in MODEL_PROBES if p.name not in MEASURES_TIME], **named)
def test_measured_again_it_finds_the_same(probe, data, trained, alone):
    one = found(probe, data, trained, alone)
    torch.manual_seed(1234)
    two = found(probe, data, trained, alone)
    assert one.values == two.values
    assert contents(one) == contents(two)


@pytest.mark.parametrize("probe", WATCHING, **named)
def test_an_interrupted_trial_ends_with_the_same_findings(probe, data, trained, alone):
    whole = found(probe, data, trained, alone)
    for place in ((0, 2), (1, 0), (1, 1), (2, 0)):
        probing, checkpoints = Probing([identity(probe)]), Kept(place)
        with pytest.raises(KeyboardInterrupt):
            trained(Probing([identity(probe)]), checkpoints)
        checkpoints.stop_after = None
        trained(probing, checkpoints)
        (parted,) = probing.findings()
        assert parted.error == ""
        assert parted.values == whole.values
        assert contents(parted) == contents(whole)
