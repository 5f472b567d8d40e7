import io

import numpy as np
import pytest
from PIL import Image

from ceteris.data.conversions import CONVERSIONS, conversion_notes, kind_of

GREY = np.arange(64, dtype=np.uint8).reshape(8, 8)


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def animation():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("", encoded(Image.fromarray(GREY), "PNG")),
        ("", encoded(Image.new("RGB", (8, 8)), "JPEG")),
        ("CMYK", encoded(Image.new("CMYK", (8, 8)), "JPEG")),
        ("CMYK", encoded(Image.new("CMYK", (8, 8)), "TIFF")),
        ("palette", encoded(Image.fromarray(GREY).convert("P"), "PNG")),
        ("16-bit", encoded(Image.fromarray(GREY.astype(np.uint16)), "PNG")),
        ("transparent", encoded(Image.new("RGBA", (8, 8)), "PNG")),
        ("transparent", encoded(Image.fromarray(GREY).convert("P"), "PNG", transparency=1)),
        ("other", encoded(Image.new("1", (8, 8)), "PNG")),
        ("animated", animation()),
        ("", b"no image"),
        ("", animation()[:8]),
    ],
)
def test_the_kind_is_told_from_the_header(kind, content):
    assert kind_of(content) == kind


def test_notes_count_each_kind_and_name_the_first():
    converted = {f"a/{n}.tif": "16-bit" for n in range(5)} | {"b/1.gif": "animated"}
    assert conversion_notes(converted) == (
        "animated images, of which the first frame is used: 1 (b/1.gif)",
        "images of 16 bits a channel, scaled to 8: 5 (a/0.tif, a/1.tif, a/2.tif, and 2 more)",
    )
    assert conversion_notes({}) == ()
    assert conversion_notes(dict(zip(CONVERSIONS, CONVERSIONS, strict=True)))
