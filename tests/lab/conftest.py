"""Studies small enough to train in a second: drawn shapes, a tiny network."""

import pytest

from ceteris.data.source import DataPlace
from ceteris.lab.facts import KnownFacts
from ceteris.lab.plan import Request, make_plan
from ceteris.store.records import Store
from ceteris.study.vocabulary import Factor, Recipe, Study

SHAPES = {"name": "shapes", "train_images": 60, "test_images": 30, "classes": 3, "difficulty": 0.0}


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def study():
    return Study(
        name="tiny",
        question="Does the activation matter?",
        baseline=Recipe(
            data=SHAPES,
            model={"name": "plain-cnn", "width": 4},
            optimizer={"name": "adam", "lr": 0.003},
            epochs=2,
            batch_size=16,
        ),
        factors=[Factor("model.activation", ["gelu"])],
        seeds=2,
    )


@pytest.fixture
def place(tmp_path):
    return DataPlace(tmp_path / "data", tmp_path / "cache")


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    made.prepare()
    return made


@pytest.fixture
def planned(study, place, store):
    return make_plan(Request(study), place, KnownFacts(store.root / "facts"))
