import pytest

from ceteris.errors import InputError
from ceteris.lab.resolve import resolve
from ceteris.study.vocabulary import Recipe


def recipe(**fields):
    given = {"data": "digits", "model": "plain-cnn", "optimizer": {"name": "sgd", "lr": 0.1}, "epochs": 1}
    return Recipe(**{**given, **fields})


def test_every_default_is_spelled_out():
    resolved = resolve(recipe(augment=["flip"]))

    assert resolved["model"] == {"name": "plain-cnn", "version": "1", "width": 16, "activation": "relu", "dropout": 0.0}
    assert resolved["augment"] == [{"name": "flip", "version": "1", "probability": 0.5}]
    assert resolved["loss"] == {"name": "cross-entropy", "version": "1", "label_smoothing": 0.0}
    assert resolved["split"] == {"validation": 0.1, "seed": 0, "train_images": None, "test_images": None}


def test_spelling_a_default_out_changes_nothing():
    assert resolve(recipe(model={"name": "plain_cnn", "activation": "relu"})) == resolve(recipe())


def test_whole_numbers_given_for_numbers_are_the_same_setting():
    assert resolve(recipe(optimizer={"name": "sgd", "lr": 1})) == resolve(recipe(optimizer={"name": "sgd", "lr": 1.0}))


def test_locations_are_no_part_of_the_recipe():
    assert "path" not in resolve(recipe(data={"name": "folder", "path": "/somewhere"}))["data"]


def test_all_mistakes_are_reported_at_their_paths():
    with pytest.raises(InputError) as caught:
        resolve(
            recipe(
                model={"name": "plain-cnn", "widht": 3},
                optimizer={"name": "sgd", "lr": "fast"},
                schedule="cosin",
                augment=["flip", {"name": "crop", "pading": 2}],
            )
        )

    found = {problem.where: str(problem) for problem in caught.value.problems}
    assert set(found) == {"model.widht", "optimizer.lr", "schedule", "augment.1.pading"}
    assert "did you mean 'width'?" in found["model.widht"]
    assert "must be a number, not 'fast'" in found["optimizer.lr"]
    assert "did you mean 'cosine'?" in found["schedule"]
