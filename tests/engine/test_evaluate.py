"""Predictions and their metrics, against torchmetrics, scikit-learn and cases done by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss, top_k_accuracy_score
from torch import nn

from ceteris.engine.evaluate import Predictions, evaluation_batch, predict

NAN, INF = float("nan"), float("inf")


def random_predictions(n=200, classes=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Predictions(torch.randn(n, classes, generator=generator), torch.randint(classes, (n,), generator=generator))


@pytest.mark.parametrize("k", [1, 2, 5, 6])
def test_top_k_against_scikit_learn(k):
    made = random_predictions()
    theirs = top_k_accuracy_score(made.labels, made.logits, k=k, labels=range(7))
    assert made.top(k) == pytest.approx(theirs, abs=1e-12)


def test_loss_against_scikit_learn():
    made = random_predictions()
    theirs = log_loss(made.labels, made.logits.double().softmax(1), labels=range(7))
    assert made.loss == pytest.approx(theirs, rel=1e-6)
    assert made.losses().mean() == pytest.approx(made.loss, rel=1e-12)


@given(
    rows=st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=1, max_size=20), label=st.integers(0, 3)
)
def test_of_equal_logits_the_earlier_class_comes_first(rows, label):
    made = Predictions(torch.tensor(rows, dtype=torch.float32), torch.full((len(rows),), label))
    ranks = [sorted(range(4), key=lambda c: (-row[c], c)).index(label) for row in rows]
    for k in range(1, 5):
        assert made.top(k) == pytest.approx(sum(rank < k for rank in ranks) / len(rows))
    assert made.top(1) == accuracy_score(made.labels, made.predicted)


@pytest.mark.parametrize("row", [[NAN] * 4, [0.0, NAN, 0.0, 0.0], [0.0, 1.0, NAN, 0.0]])
def test_what_is_not_a_number_is_never_right(row):
    assert Predictions(torch.tensor([row]), torch.tensor([1])).top(1) == 0


def test_an_infinite_logit_is_the_largest():
    assert Predictions(torch.tensor([[0.0, INF, 1.0]]), torch.tensor([1])).top(1) == 1


def test_prediction_touches_nothing_and_takes_every_image_once():
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 3)).train()
    model[2].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    generator_before = torch.get_rng_state()
    inputs, labels = torch.randn(10, 2, 3, generator=torch.Generator().manual_seed(0)), torch.arange(10) % 3
    whole = predict(model, [(inputs, labels)], torch.autocast("cpu", enabled=False))
    split = predict(model, zip(inputs.split(4), labels.split(4), strict=True), torch.autocast("cpu", enabled=False))
    assert torch.equal(whole.labels, labels)
    torch.testing.assert_close(whole.logits, split.logits)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), generator_before)


def test_bf16_logits_come_back_as_fp32():
    model = nn.Linear(6, 3)
    made = predict(model, [(torch.ones(2, 6), torch.zeros(2, dtype=torch.long))], torch.autocast("cpu", torch.bfloat16))
    assert made.logits.dtype == torch.float32
    assert torch.equal(made.logits, made.logits.bfloat16().float())


@pytest.mark.parametrize(("image_size", "images"), [(8, 250), (32, 250), (64, 62), (224, 5), (4000, 1)])
def test_larger_images_are_evaluated_fewer_at_a_time_on_a_cpu(image_size, images):
    assert evaluation_batch(image_size, torch.device("cpu")) == images
    assert evaluation_batch(image_size, torch.device("cuda")) == 250
