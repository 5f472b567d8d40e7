"""Stored weights give the stored predictions back."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ceteris.engine.classify import classify, trained_model
from ceteris.errors import InputError


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"model": {"name": "resnet14", "width": 2}, "epochs": 1},
        {"model": {"name": "plain-cnn"}, "epochs": 1},
        {"precision": "bf16"},
        {"normalize": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3]}},
    ],
)
def test_stored_weights_give_the_stored_predictions(run, shapes, fields):
    record = run(**fields)
    probabilities = classify(record, shapes.test.pixels[record.predictions["image"]])
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(1), 1)
    assert (probabilities.argmax(1) == record.predictions["predicted"]).all()
    own = probabilities[np.arange(len(probabilities)), record.predictions["labels"]]
    assert -np.log(own).mean() == pytest.approx(record.metrics["nll"], rel=1e-12)


def test_one_image_is_classified_as_among_others(run, shapes):
    record = run()
    together = classify(record, shapes.test.pixels[:5])
    np.testing.assert_allclose(classify(record, shapes.test.pixels[3:4]), together[3:4], rtol=1e-5)


def test_it_leaves_the_global_generator_alone(run, shapes):
    record = run()
    before = torch.get_rng_state()
    assert not trained_model(record).training
    classify(record, shapes.test.pixels[:2])
    assert torch.equal(torch.get_rng_state(), before)


def test_a_record_without_weights_is_refused(run):
    record = replace(run(), weights={})
    with pytest.raises(InputError, match="trial 000000000000 has no weights: its status is"):
        classify(record, np.zeros((1, 32, 32, 3), np.uint8))


def test_weights_of_another_network_are_refused(run, recipe):
    record = replace(run(), recipe=recipe(model={"name": "tiny", "middle": True}))
    with pytest.raises(InputError, match=r"the weights of 000000000000 do not fit .*middle"):
        trained_model(record)


def test_a_network_whose_code_has_changed_is_refused(run):
    record = run()
    changed = {**record.recipe, "model": {**record.recipe["model"], "version": "1+0123"}}
    with pytest.raises(InputError, match="model 'tiny' has changed since trial 000000000000 was trained"):
        trained_model(replace(record, recipe=changed))
