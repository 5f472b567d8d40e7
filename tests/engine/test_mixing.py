"""Trials whose batches are mixed."""

import numpy as np
import pytest


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_a_trial_learns_from_mixed_labels_and_counts_the_larger_part(name, run):
    fields = {"augment": ["flip", name], "loss": {"name": "cross-entropy", "label_smoothing": 0.1}, "epochs": 12}
    record = run(**fields)
    assert record.status == "finished"
    assert 0.25 < record.epochs[-1].train_top1 <= 1
    assert np.isfinite(record.steps["loss"]).all()


def test_mixing_that_mixes_nothing_changes_no_bit(run, bits):
    plain, mixed = run(), run(augment=["flip", {"name": "cutmix", "probability": 0.0}])
    assert bits(plain)["weights/conv.weight"] == bits(mixed)["weights/conv.weight"]
    assert [row.train_top1 for row in plain.epochs] == [row.train_top1 for row in mixed.epochs]
