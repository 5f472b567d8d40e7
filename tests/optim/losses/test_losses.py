"""Every registered loss, run because it is registered, and cross-entropy against its formula."""

import math

import pytest
import torch

from ceteris.errors import InputError
from ceteris.registry import part, parts

LOSSES = [entry.name for entry in parts("loss")]
LABELS = torch.tensor([0, 3, 9])


def build(name, **options):
    return part("loss", name).build(options)


@pytest.mark.parametrize("name", LOSSES)
def test_the_right_answer_costs_less(name):
    right = torch.nn.functional.one_hot(LABELS, 10) * 4.0
    wrong = right.roll(1, dims=1)
    assert build(name)(right, LABELS) < build(name)(wrong, LABELS)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_gradients_are_finite(name, scale):
    logits = (scale * torch.randn(3, 10, generator=torch.Generator().manual_seed(0))).requires_grad_()
    loss = build(name)(logits, LABELS)
    loss.backward()
    assert loss.shape == ()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("classes", [2, 10, 200])
def test_a_uniform_guess_costs_the_log_of_the_number_of_classes(name, classes):
    loss = build(name)(torch.full((5, classes), 0.7), torch.tensor([0, 1, 1, 0, 1]))
    assert loss.item() == pytest.approx(math.log(classes), rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_shares_of_the_classes_are_labels_too(name):
    logits = torch.randn(3, 10, generator=torch.Generator().manual_seed(0))
    shares = torch.nn.functional.one_hot(LABELS, 10).float()
    torch.testing.assert_close(build(name)(logits, shares), build(name)(logits, LABELS))
    mixed = build(name)(logits, 0.3 * shares + 0.7 * shares.roll(1, 0))
    parts = 0.3 * build(name)(logits, LABELS) + 0.7 * build(name)(logits, LABELS.roll(1))
    torch.testing.assert_close(mixed, parts)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_smoothed_labels_are_those_of_the_paper(smoothing):
    logits = torch.randn(3, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    target = (1 - smoothing) * torch.nn.functional.one_hot(LABELS, 10) + smoothing / 10
    expected = -(target * (logits.exp() / logits.exp().sum(1, keepdim=True)).log()).sum(1).mean()
    torch.testing.assert_close(build("cross-entropy", label_smoothing=smoothing)(logits, LABELS), expected)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(smoothing):
    with pytest.raises(InputError, match="label_smoothing must be"):
        build("cross-entropy", label_smoothing=smoothing)
