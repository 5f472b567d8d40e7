"""Pictures that were saved again are found; others, as like as they may be in colour, are not."""

import io

import numpy as np
import pytest
from PIL import Image

from ceteris.data import twins as module
from ceteris.data.source import Images
from ceteris.data.twins import twin_note, twins


def pictures(count, seed, size=32):
    """Smooth noise of full contrast: no two are alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((size, size), Image.Resampling.BICUBIC)) for one in coarse])


def images(pixels):
    return Images(pixels, np.zeros(len(pixels), np.int64))


def saved_again(pixels, kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return Image.open(buffer).convert("RGB")


def jpeg(pixels):
    return saved_again(pixels, "JPEG", quality=50)


def webp(pixels):
    return saved_again(pixels, "WEBP", quality=60)


def palette(pixels):
    return saved_again(np.asarray(Image.fromarray(pixels).quantize(64).convert("RGB")), "PNG")


def smaller(pixels):
    return Image.fromarray(pixels).resize((24, 24), Image.Resampling.BILINEAR).resize((32, 32))


@pytest.mark.parametrize("again", [jpeg, webp, palette, smaller])
def test_a_picture_that_was_saved_again_is_found(again):
    train, test = pictures(40, 0), pictures(20, 1)
    for place in (3, 11):
        test[place] = np.asarray(again(train[place + 20]))
    assert twins(images(train), images(test)) == [(3, 23), (11, 31)]


def test_other_pictures_are_not_called_twins():
    assert twins(images(pictures(300, 0)), images(pictures(300, 1))) == []


def test_dull_pictures_must_be_nearer():
    sky = np.full((2, 32, 32, 3), (90, 150, 220), np.uint8)
    sky[0, 10:14, 10:14] = 0
    sky[1, 20:24, 18:22] = 0
    assert twins(images(sky[:1]), images(sky[1:])) == []
    assert twins(images(sky[:1]), images(sky[:1])) == [(0, 0)]


def test_the_nearest_of_several_is_named_and_blocks_do_not_matter(monkeypatch):
    train, test = pictures(30, 0), pictures(10, 1)
    train[4], train[25], test[7] = test[7], np.asarray(jpeg(test[7])), test[7]
    whole = twins(images(train), images(test))
    monkeypatch.setattr(module, "ROWS", 7)
    assert whole == twins(images(train), images(test)) == [(7, 4)]


def test_sides_that_no_grid_divides_and_grey_images():
    train, test = pictures(10, 0, 37)[..., :1], pictures(10, 1, 37)[..., :1]
    test[2] = train[9]
    assert twins(images(train), images(test)) == [(2, 9)]


def test_too_small_or_too_many_images_are_not_compared(monkeypatch):
    tiny = np.zeros((3, 4, 4, 1), np.uint8)
    assert twins(images(tiny), images(tiny)) == []
    monkeypatch.setattr(module, "MOST_PAIRS", 8)
    own = pictures(3, 0)
    assert twins(images(own), images(own)) == []


def test_the_note_names_the_first_and_counts_all():
    assert twin_note([], 5, str, str) == ()
    (note,) = twin_note([(n, n + 1) for n in range(5)], 9, "t{}".format, "u{}".format)
    assert note.startswith("leakage: 5 of 9 test images are probably training images saved again")
    assert note.endswith("(t0 ~ u1, t1 ~ u2, t2 ~ u3, and 2 more)")
