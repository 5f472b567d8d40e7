"""Many images at once: every one in its row, whatever the chunks, and no more in memory than a few chunks."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from ceteris.data import decoding
from ceteris.data.decoding import decode_images
from ceteris.data.layout import Layout
from ceteris.data.source import no_progress
from ceteris.errors import InputError

SIZE = 4


def png(number):
    content = io.BytesIO()
    Image.fromarray(np.full((SIZE, SIZE), number, np.uint8)).save(content, "PNG")
    return content.getvalue()


FILES = {f"{number % 3}/{number}.png": png(number) for number in range(40)}
LAYOUT = Layout(
    ("0", "1", "2"),
    [(name, int(name[0])) for name in FILES if int(name[2:-4]) >= 8],
    [(name, int(name[0])) for name in FILES if int(name[2:-4]) < 8],
    (),
)


class Space(dict):
    """Arrays by name, made when asked for."""

    def __call__(self, name, shape):
        return self.setdefault(name, np.zeros(shape, np.uint8))


def decode(files, progress=no_progress):
    space = Space()
    made = decode_images(LAYOUT, files, space=space, size=SIZE, channels=1, where="here", progress=progress)
    return space | made


@pytest.mark.parametrize(("images", "size"), [(64, 4 << 20), (1, 4 << 20), (7, 4 << 20), (64, 1), (64, 200)])
def test_every_image_is_in_its_row(monkeypatch, images, size):
    monkeypatch.setattr(decoding, "CHUNK", images)
    monkeypatch.setattr(decoding, "CHUNK_BYTES", size)
    found = decode([*reversed(FILES.items()), ("not/in/it.png", b"")])
    for split, own in (("train", LAYOUT.train), ("test", LAYOUT.test)):
        assert found[f"{split}_pixels"][:, 0, 0, 0].tolist() == [int(name[2:-4]) for name, _ in own]
        assert found[f"{split}_labels"].tolist() == [label for _, label in own]


def test_files_are_read_as_they_are_needed(monkeypatch):
    """However many there are, only what the threads work on and one chunk more lies in memory."""
    monkeypatch.setattr(decoding, "CHUNK", 2)
    monkeypatch.setattr(decoding.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    given, behind, lock = 0, [], threading.Lock()

    def files():
        nonlocal given
        for file in FILES.items():
            with lock:
                given += 1
            yield file

    decode(files(), lambda what, done, total: behind.append(given - done))
    assert max(behind) <= 2 * 3


def test_what_is_broken_is_named_and_the_rest_is_read():
    files = FILES | {"1/4.png": b"no image", "2/20.png": FILES["2/20.png"][:20]}
    with pytest.raises(InputError) as caught:
        decode(files.items())
    assert [problem.where for problem in caught.value.problems] == ["1/4.png", "2/20.png"]


def test_images_that_vanish_are_missed():
    with pytest.raises(InputError, match="vanished"):
        decode(list(FILES.items())[1:])
