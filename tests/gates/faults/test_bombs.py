import pytest

from ceteris.data import decode
from gates.faults.rows import bombs


def only(number):
    (injection,) = bombs.inject(short=True, only=number)
    return injection


def test_there_are_enough_bombs():
    assert len(bombs.BOMBS) >= 20


@pytest.mark.parametrize("number", [1, 6, 9, 18, 22])
def test_a_bomb_is_refused_within_its_memory(number):
    assert only(number).outcome == "refused", only(number).detail


def test_a_file_of_many_frames_is_one_image():
    assert only(16).outcome == "survived"


def test_the_row_sees_pixels_without_a_cap(monkeypatch):
    monkeypatch.setattr(decode, "MAX_PIXELS", 10**12)
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", None)
    assert "more than 192" in only(1).detail
