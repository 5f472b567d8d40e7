"""A wide network is the networks of several trials, each by itself."""

import copy

import pytest
import torch

from bench.cases import CPU_CASES
from bench.gpu_ways import widen
from ceteris.registry import part

TRIALS = 3


def built(name, seed):
    model = part("model", name).build({}, classes=10, channels=3, image_size=32)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) / 10)
    return model


def as_own(wide, parameter, trial):
    """The part of a wide parameter that belongs to a trial, in its own network's shape."""
    own = wide.detach().view(TRIALS, -1)[trial] if wide.dim() == 1 else wide.detach()[trial]
    return own.t().reshape(parameter.shape) if parameter.dim() == 2 else own.reshape(parameter.shape)


@pytest.mark.parametrize("name", [one.model for one in CPU_CASES])
def test_a_wide_network_computes_what_its_trials_compute(name):
    models = [built(name, seed) for seed in range(TRIALS)]
    wide = widen(copy.deepcopy(models[0]), TRIALS)
    with torch.no_grad():
        for trial, model in enumerate(models):
            for own, parameter in zip(wide.parameters(), model.parameters(), strict=True):
                as_own(own, parameter, trial).copy_(parameter)
    images = torch.rand(4, 3 * TRIALS, 32, 32, generator=torch.Generator().manual_seed(9))

    logits = wide(images).unflatten(1, (TRIALS, 10))

    for trial, model in enumerate(models):
        torch.testing.assert_close(logits[:, trial], model(images[:, 3 * trial : 3 * trial + 3]), rtol=1e-4, atol=1e-4)
