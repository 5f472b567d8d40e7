"""Batches on threads of their own: what they come to, whoever works beside them."""

import threading

import numpy as np
import pytest
import torch
from torch import nn

from ceteris.data.batches import Batches
from ceteris.data.source import Images
from ceteris.engine import linear
from ceteris.engine import side_by_side as module
from ceteris.engine.evaluate import Predictor, predict
from ceteris.engine.linear import speed_up_linear
from ceteris.engine.side_by_side import side_by_side
from ceteris.registry import part, parts

PLAIN = torch.autocast("cpu", enabled=False)
MODELS = [part.name for part in parts("model")]
SECONDS = 20


@pytest.fixture
def on():
    """on(threads): torch has so many."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def batches(count=7, size=2, side=32):
    pixels = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)
    images = Images(pixels, np.arange(count, dtype=np.int64) % 10)
    return Batches(images, np.arange(count)[::-1].copy(), np.full(3, 0.5), np.full(3, 0.25), size, "cpu")


@pytest.mark.parametrize(("precision", "through_onednn"), [("fp32", False), ("fp32", True), ("bf16", False)])
@pytest.mark.parametrize("name", MODELS)
def test_the_number_of_threads_changes_no_bit(name, precision, through_onednn, on, monkeypatch):
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: through_onednn)
    images = batches()
    with torch.random.fork_rng(devices=[]):
        model = part("model", name).build({}, classes=10, channels=3, image_size=32)
    speed_up_linear(model)
    model.to(memory_format=torch.channels_last)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")
    on(1)
    alone = predict(model, images.in_order(), autocast)
    for threads in (2, 3):
        on(threads)
        made = Predictor(model, images, autocast)()
        assert torch.equal(made.logits, alone.logits)
        assert torch.equal(made.labels, alone.labels)
    assert all(each.training for each in model.modules())


class Notes(nn.Module):
    """Says which batch it was given, from what it noted, after all others have noted theirs."""

    def __init__(self, meet):
        super().__init__()
        self.meet = meet

    def forward(self, number):
        self.noted = number
        self.meet()
        return self.noted


def test_what_a_module_notes_is_never_another_batchs(on):
    on(3)
    met = threading.Barrier(3)
    assert side_by_side(Notes(lambda: met.wait(SECONDS)), nn.Module.__call__, 6) == [0, 1, 2, 3, 4, 5]


def test_copies_share_parameters_and_buffers_and_nothing_else(on):
    on(2)
    model, met = nn.BatchNorm2d(3), threading.Barrier(2)
    seen = side_by_side(model, lambda own, _: (met.wait(SECONDS), own)[1], 2)
    first, second = seen
    assert first is not second
    assert any(each is model for each in seen)
    assert all(a is b for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert all(a is b for a, b in zip(first.buffers(), second.buffers(), strict=True))


def test_every_thread_has_one_of_torchs_threads_and_all_come_back(on):
    on(3)
    met = threading.Barrier(3)
    assert side_by_side(nn.Identity(), lambda *_: (met.wait(SECONDS), torch.get_num_threads())[1], 3) == [1, 1, 1]
    assert torch.get_num_threads() == 3
    born_later = []
    thread = threading.Thread(target=lambda: born_later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert born_later == [3]


@pytest.mark.parametrize(("threads", "workers", "each"), [(2, 2, 1), (4, 4, 1), (5, 2, 2), (9, 3, 3)])
def test_more_threads_than_batches_may_have_are_shared_out(threads, workers, each, on, monkeypatch):
    monkeypatch.setattr(module, "MOST_AT_A_TIME", 4)
    on(threads)
    seen = side_by_side(nn.Identity(), lambda own, _: (own, torch.get_num_threads()), 40)
    assert {count for _, count in seen} == {each}
    assert len({id(own) for own, _ in seen}) <= workers


def test_one_batch_or_one_thread_is_worked_on_where_it_was_asked_for(on):
    for threads, count in ((1, 3), (3, 1)):
        on(threads)
        ran = side_by_side(nn.Identity(), lambda *_: threading.current_thread(), count)
        assert ran == [threading.current_thread()] * count


def test_a_model_that_keeps_a_result_of_its_step_works_in_turn(on):
    class Keeps(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3 * 32 * 32, 10)

        def forward(self, images):
            self.kept = self.layer(images.flatten(1))
            return self.kept

    on(2)
    model, images = Keeps(), batches()
    model(torch.zeros(1, 3, 32, 32)).sum().backward()
    made = Predictor(model, images, PLAIN)()
    assert torch.equal(made.logits, predict(model, images.in_order(), PLAIN).logits)


def test_a_buffer_that_was_replaced_is_seen(on):
    on(2)
    model, images = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(3 * 32 * 32, affine=False)), batches()
    predictor = Predictor(model, images, PLAIN)
    before = predictor().logits
    model[1].running_mean = torch.ones(3 * 32 * 32)
    torch.testing.assert_close(predictor().logits, before - 1, atol=1e-4, rtol=1e-4)


def test_what_is_raised_in_a_thread_is_raised_here(on):
    def work(_, number):
        if number == 2:
            raise ZeroDivisionError("at 2")
        return number

    on(2)
    with pytest.raises(ZeroDivisionError, match="at 2"):
        side_by_side(nn.Identity(), work, 5)
    assert torch.get_num_threads() == 2
