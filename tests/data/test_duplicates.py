from ceteris.data.duplicates import duplicate_notes
from ceteris.data.layout import Layout


def layout(train, test):
    return Layout(("a", "b"), train, test, ())


def test_images_that_are_there_once_need_no_word():
    assert duplicate_notes(layout([("a/1", 0), ("b/2", 1)], [("a/3", 0)]), {"a/1": "x", "b/2": "y", "a/3": "z"}) == ()


def test_a_test_image_that_is_trained_on_is_leakage():
    found = layout([("a/1", 0), ("a/9", 0)], [("a/2", 0), ("b/4", 1)])
    (note,) = duplicate_notes(found, {"a/1": "x", "a/9": "x", "a/2": "x", "b/4": "y"})
    assert note == "leakage: 1 of 2 test images are training images, too (a/2 = a/1)"


def test_the_same_image_under_two_classes_is_said_once():
    found = layout([("a/1", 0), ("b/1", 1), ("b/2", 1)], [("a/3", 0)])
    (note,) = duplicate_notes(found, {"a/1": "x", "b/1": "x", "b/2": "y", "a/3": "z"})
    assert note == "1 image stands under more than one class, so some labels are wrong (a/1 = b/1)"


def test_both_at_once_and_a_long_list_is_cut():
    names = [f"{n:02}" for n in range(8)]
    found = layout([(f"a/{n}", 0) for n in names], [(f"b/{n}", 1) for n in names])
    leak, torn = duplicate_notes(found, {f"{c}/{n}": n for c in "ab" for n in names})
    assert leak.startswith("leakage: 8 of 8 test images")
    assert leak.endswith("(b/00 = a/00, b/01 = a/01, b/02 = a/02, and 5 more)")
    assert torn.startswith("8 images stand under more than one class")
