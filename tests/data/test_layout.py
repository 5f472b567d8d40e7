import numpy as np
import pytest

from ceteris.data.layout import find_layout
from ceteris.errors import InputError


def files(*patterns, images=4):
    return [f"{pattern}/{number}.png" for pattern in patterns for number in range(images)]


def test_train_and_test_folders_are_taken_as_they_are():
    layout = find_layout(files("train/dog", "train/cat", "test/cat", "test/dog"), 0.2, "x")
    assert layout.classes == ("cat", "dog")
    assert layout.train == [(f"train/{n}/{k}.png", label) for label, n in enumerate(["cat", "dog"]) for k in range(4)]
    assert layout.test == [(f"test/{n}/{k}.png", label) for label, n in enumerate(["cat", "dog"]) for k in range(4)]
    assert layout.notes == ()


def test_val_serves_as_test_unless_there_is_a_test_folder():
    assert len(find_layout(files("train/a", "train/b", "val/a", "val/b"), 0.2, "x").test) == 8
    all_three = find_layout(files("train/a", "train/b", "val/a", "val/b", "test/a", "test/b"), 0.2, "x")
    assert all(name.startswith("test/") for name, _ in all_three.test)
    assert all_three.notes == ("8 images outside train/<class>/ and test/<class>/ are not used",)


@pytest.mark.parametrize("around", ["", "set/", "some/set/", "train/"])
def test_class_folders_alone_are_divided_by_class(around):
    layout = find_layout(files(f"{around}a", f"{around}b", f"{around}c", images=20), 0.2, "x")
    assert layout.classes == ("a", "b", "c")
    assert np.bincount([label for _, label in layout.test]).tolist() == [4, 4, 4]
    assert len({name for name, _ in layout.train + layout.test}) == 60


def test_the_division_does_not_depend_on_the_order_of_the_names():
    names = files("a", "b", images=20)
    assert find_layout(names, 0.2, "x") == find_layout(names[::-1], 0.2, "x")


def test_deeper_folders_belong_to_their_class():
    layout = find_layout(files("a/early", "a/late", "b/early"), 0.5, "x")
    assert layout.classes == ("a", "b")
    assert len(layout.train) + len(layout.test) == 12


def test_images_beside_the_class_folders_are_noted():
    layout = find_layout([*files("a", "b"), "stray.png"], 0.5, "x")
    assert layout.notes == ("1 images outside class folders are not used",)


WRONG = {
    "there is no image in it": [],
    "there are no class folders": ["1.png", "2.png"],
    "there is one class only: a": files("a"),
    "there is one class only: a ": files("set/a"),
    "there is one class only: a  ": files("train/a", "test/a"),
    "in train/ or in test/ but not in both: b": files("train/a", "train/b", "test/a"),
    "in train/ or in val/ but not in both: c": files("train/a", "train/b", "val/a", "val/b", "val/c"),
    "fewer than 2 images of: b": [*files("a"), "b/1.png"],
    "fewer than 2 images of: b ": [*files("train/a", "test/a", "test/b"), "train/b/1.png"],
}


@pytest.mark.parametrize("message", WRONG)
def test_what_cannot_be_a_data_set_is_refused(message):
    with pytest.raises(InputError, match=message.strip()) as caught:
        find_layout(WRONG[message], 0.2, "/my/images")
    assert caught.value.problems[0].where == "/my/images"
    assert caught.value.problems[0].hint
