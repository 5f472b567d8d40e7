from types import SimpleNamespace

import pytest
from PIL import ImageFile

from ceteris.data import decoding, image_tree
from gates.faults.rows import images


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(images, "SHORT_DAMAGED", 39)


def run(only=None):
    return list(images.inject(short=True, only=only))


def test_no_damaged_image_is_used_in_silence():
    injections = run()
    assert {one.outcome for one in injections} <= {"refused", "survived"}
    assert len(injections) == 39
    assert run(only=7) == injections[6:7]


def test_the_row_sees_halves_of_images_that_are_used(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert "part of an image was used" in {one.detail for one in run()}


def test_the_row_sees_files_that_are_not_hashed(monkeypatch):
    class Unhashed:
        @staticmethod
        def sha256(content):
            return SimpleNamespace(hexdigest=lambda: "0" * 64, update=lambda more: None)

    monkeypatch.setattr(image_tree, "hashlib", Unhashed)
    monkeypatch.setattr(decoding, "hashlib", Unhashed)
    assert "the change was not noticed" in {one.detail for one in run()}
