"""What probes leave, made up: arrays and values of the shapes that their parts describe."""

from dataclasses import replace

import numpy as np
import pytest

from ceteris.report.evidence import gather
from ceteris.report.probes import shown_probes
from ceteris.report.words import Words
from ceteris.study.findings import Findings
from ceteris.study.streams import stream

LAYERS, EPOCHS, CLASSES, CHANNELS = 6, 7, 10, 16


def gradient_flow(draws, place):
    decay = np.linspace(-3 * (place + 1), 0, LAYERS)
    arrays = {
        "gradient_norm": np.exp(decay + 0.1 * draws.normal(size=(EPOCHS, LAYERS))),
        "weight_norm": np.ones((EPOCHS, LAYERS)),
        "activation_mean": np.zeros((EPOCHS, 2)),
        "activation_std": np.ones((EPOCHS, 2)),
        "dead_share": np.column_stack([np.linspace(0, 0.2 * (place + 1), EPOCHS), np.full(EPOCHS, np.nan)]),
    }
    return arrays, {"layers": [f"layers.{i}" for i in range(LAYERS)], "activations": ["relu", "gelu"]}


def sharpness(draws, place):
    top = 10.0 * (place + 1) + draws.normal()
    return {"eigenvalues": np.array([top, 1.0]), "bounds": np.array([0.01, 0.01])}, {"trace": 5 * top, "trace_error": 1}


def gradient_predictiveness(draws, place):
    looks, width = 900, 0.5 / (place + 1)
    loss = 2 * np.exp(-np.arange(looks) / 300)
    along = loss[:, None] + width * np.linspace(-0.5, 0.5, 4)
    arrays = {
        "step": np.arange(1, looks + 1),
        "loss": loss,
        "gradient_norm": np.ones(looks),
        "loss_along": along,
        "gradient_change": np.abs(draws.normal(size=(looks, 4))) * width,
        "smoothness": np.full(looks, 3.0 * width),
    }
    return arrays, {"lengths": [0.5, 1.7, 2.8, 4.0]}


def loss_surface(draws, place):
    offsets = np.linspace(-1, 1, 11)
    steep = (place + 1) * (1 + 0.05 * draws.normal())
    bowl = 0.2 + steep * (offsets[:, None] ** 2 + 2 * offsets[None, :] ** 2)
    return {"offsets": offsets, "loss": bowl}, {"images": 256}


def loss_line(draws, place):
    arrays, values = loss_surface(draws, place)
    return {"offsets": arrays["offsets"], "loss": arrays["loss"][:, 5]}, values


def attention(draws, place):
    arrays = {}
    for module in ("layer1.gate", "layer4.gate") if place else ():
        arrays[f"{module}/mean"] = draws.uniform(0, 1, (CLASSES, CHANNELS)).astype(np.float32)
        arrays[f"{module}/deviation"] = np.full((CLASSES, CHANNELS), 0.1, np.float32)
    return arrays, {"modules": ["layer1.gate", "layer4.gate"] if place else [], "images": 100}


def grad_cam(draws, place):
    seen = np.zeros((4, 32, 32), np.float32)
    seen[:, 8:24, 8:24] = 1.0
    if place:
        seen[:, :8] = 1.0
    arrays = {
        "row": np.arange(4) * 10,
        "pixels": stream(5, "pixels").integers(0, 256, (4, 32, 32, 3), dtype=np.uint8),
        "map": seen,
        "labels": np.arange(4, dtype=np.int16),
        "predicted": np.array([0, 1, 2, 4], np.int16),
    }
    return arrays, {}


def embedding(draws, place):
    labels = np.arange(200, dtype=np.int16) % CLASSES
    centres = 10.0 * np.column_stack([np.cos(np.arange(CLASSES)), np.sin(np.arange(CLASSES))])
    spread = (0.1, 6.0)[place % 2]
    plane = (centres[labels] + spread * draws.normal(size=(200, 2))).astype(np.float32)
    arrays = {"row": np.arange(200), "labels": labels, "pca": plane, "t-sne": plane, "explained": np.array([0.5, 0.2])}
    return arrays, {"features": 64}


def latency(draws, place):
    middle = (place + 1) * np.array([1.0, 20.0, 150.0])
    arrays = {
        "batch_size": np.array([1, 32, 256]),
        "milliseconds": middle[:, None] * np.array([0.9, 1.0, 1.2]),
        "peak_bytes": np.array([1, 4, 30]) * 2**20,
    }
    return arrays, {"device": "cpu", "threads": 1}


def filters(draws, place):
    kernels = draws.normal(size=(16, 3, 3, 3)).astype(np.float32)
    kernels[:place] = 0
    arrays = {
        "kernels": kernels,
        "images": stream(5, "pixels").integers(0, 256, (2, 32, 32, 3), dtype=np.uint8),
        "labels": np.array([3, 5]),
        "maps_0": draws.normal(size=(2, 8, 32, 32)).astype(np.float32),
        "maps_1": draws.normal(size=(2, 8, 8, 8)).astype(np.float32),
    }
    return arrays, {"kernel_layer": "conv1", "layers": ["conv1", "layer4.conv2"]}


MADE = {
    "filters": filters,
    "gradient-flow": gradient_flow,
    "gradient-predictiveness": gradient_predictiveness,
    "loss-surface": loss_surface,
    "loss-line": loss_line,
    "sharpness": sharpness,
    "attention": attention,
    "grad-cam": grad_cam,
    "embedding": embedding,
    "latency": latency,
}


def with_findings(made, *probes, failed=(), absent=(), other=()):
    """Evidence of a World with findings of those probes; of the (arm, seed) listed it failed, or there are none."""
    identities = tuple({"name": name.replace("-line", "-surface"), "version": "1", "made": name} for name in probes)
    plan = replace(made.plan, probes=identities)
    findings = {}
    for trial in plan.trials:
        found = []
        for name, identity in zip(probes, identities, strict=True):
            arrays, values = MADE[name](stream(trial.seed, f"made/{trial.arm}"), list(made.arms).index(trial.arm))
            whole = Findings(identity, arrays, values, 1.0, same_training=(trial.arm, trial.seed) not in other)
            broken = Findings(identity, error="RuntimeError: boom <1>\n  in line 3")
            found.append(broken if (trial.arm, trial.seed) in failed else whole)
        findings[trial.key] = [] if (trial.arm, trial.seed) in absent else found
    return gather(plan, made.records, findings)


@pytest.fixture(scope="session")
def probed():
    """Makes evidence with findings; see `with_findings`."""
    return with_findings


@pytest.fixture
def exhibit(two_arms):
    """Makes the figure of one probe of the two arms."""

    def make(name, language="en", **how):
        (shown,) = shown_probes(with_findings(two_arms, name, **how), Words(language))
        return shown.exhibit

    return make
