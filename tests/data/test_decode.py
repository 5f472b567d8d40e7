import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ceteris.data.decode import MAX_PIXELS, decode_image
from ceteris.errors import InputError

SQUARE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
SMOOTH = np.add.outer(np.arange(64), np.arange(64))[..., None].repeat(3, 2).astype(np.uint8)


def encoded(image, kind="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
def test_a_square_image_of_the_right_size_is_unchanged(kind, options):
    assert np.array_equal(decode_image(encoded(SQUARE, kind, **options), "x", 8, 3), SQUARE)


def test_lossy_formats_come_near():
    for kind, options in (("JPEG", {"quality": 95}), ("WEBP", {"quality": 95})):
        decoded = decode_image(encoded(SMOOTH, kind, **options), "x", 64, 3).astype(int)
        assert np.abs(decoded - SMOOTH).mean() < 3


def test_shrinking_averages():
    fine = np.indices((64, 64)).sum(0) % 2 * np.uint8(255)
    decoded = decode_image(encoded(fine.astype(np.uint8)), "x", 8, 1)
    assert np.all(np.abs(decoded.astype(int) - 127) <= 2)


@pytest.mark.parametrize("wide", [True, False])
def test_the_centre_square_is_kept(wide):
    strip = np.zeros((8, 24, 3), np.uint8)
    strip[:, 8:16] = SQUARE
    image = strip if wide else strip.transpose(1, 0, 2)
    wanted = SQUARE if wide else SQUARE.transpose(1, 0, 2)
    assert np.array_equal(decode_image(encoded(np.ascontiguousarray(image)), "x", 8, 3), wanted)


def test_grey_is_the_itu_luma():
    grey = decode_image(encoded(SQUARE), "x", 8, 1)[..., 0]
    assert np.all(np.abs(grey - SQUARE @ np.array([0.299, 0.587, 0.114])) <= 1)


def test_a_grey_image_becomes_three_equal_channels():
    decoded = decode_image(encoded(SQUARE[..., 0]), "x", 8, 3)
    assert np.array_equal(decoded, SQUARE[..., :1].repeat(3, 2))


def test_16_bit_grey_is_scaled_not_clipped():
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    for kind in ("PNG", "TIFF"):
        decoded = decode_image(encoded(values, kind), "x", 8, 1)[..., 0]
        assert np.array_equal(decoded, np.round(values / 257).astype(np.uint8))


def test_what_is_transparent_becomes_white():
    alpha = np.dstack([SQUARE, np.zeros((8, 8), np.uint8)])
    alpha[2, 3, 3], alpha[4, 5, 3] = 255, 128
    decoded = decode_image(encoded(alpha), "x", 8, 3).astype(int)
    wanted = 255 + (SQUARE.astype(int) - 255) * alpha[..., 3:] / 255
    assert np.all(np.abs(decoded - wanted) <= 1)


def test_a_palette_with_a_transparent_colour_becomes_white_there():
    image = Image.new("P", (2, 2))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([0, 1, 1, 0])
    decoded = decode_image(encoded(image, transparency=1), "x", 2, 3)
    assert decoded[0, 0].tolist() == [10, 20, 30]
    assert decoded[0, 1].tolist() == [255, 255, 255]


def test_cmyk_and_one_bit_images_are_converted():
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red = decode_image(encoded(cmyk, "TIFF"), "x", 8, 3)
    assert red[0, 0].tolist() == [255, 0, 0]
    assert np.all(decode_image(encoded(Image.new("1", (8, 8), 1)), "x", 8, 3) == 255)


@pytest.mark.parametrize(("orientation", "turn"), [
    (1, lambda a: a), (2, np.fliplr), (3, lambda a: np.rot90(a, 2)), (4, np.flipud),
    (6, lambda a: np.rot90(a, -1)), (8, np.rot90),
])  # fmt: skip
def test_the_cameras_orientation_is_applied(orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(decode_image(encoded(SQUARE, exif=exif), "x", 8, 3), turn(SQUARE))


def test_the_first_frame_of_an_animation_is_taken():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(content, "x", 8, 3)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.8])
def test_a_cut_image_is_refused(kind, share):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = encoded(noise, kind)
    with pytest.raises(InputError) as caught:
        decode_image(content[: int(len(content) * share)], "cat/7.png", 8, 3)
    (problem,) = caught.value.problems
    assert problem.where == "cat/7.png"
    assert problem.hint == "replace or delete it"


@pytest.mark.parametrize("content", [b"", b"no image", b"GIF89a", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_what_is_no_image_is_refused(content):
    with pytest.raises(InputError, match=r"x: is (no image|damaged)"):
        decode_image(content, "x", 8, 3)


def test_other_formats_are_refused_by_content():
    with pytest.raises(InputError, match="is no image that can be read"):
        decode_image(encoded(SQUARE, "PPM"), "x", 8, 3)


def claimed_size(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is that large."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("side", "message"), [(8001, "more than 64,000,000"), (60_000, "far too large")])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side, message):
    assert side * side > MAX_PIXELS
    with pytest.raises(InputError, match=message):
        decode_image(claimed_size(side, side), "x", 8, 3)


def test_values_without_a_range_are_refused():
    for content in (np.full((8, 8), 0.5, np.float32), np.full((8, 8), 70_000, np.int32)):
        with pytest.raises(InputError, match="no fixed range"):
            decode_image(encoded(content, "TIFF"), "x", 8, 1)


def test_a_very_long_image_costs_little():
    assert decode_image(encoded(np.full((1, 60_000), 9, np.uint8)), "x", 32, 1).shape == (32, 32, 1)
