import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.report import numbers


@pytest.mark.parametrize(
    ("fraction", "shown"), [(0.76724, "76.72"), (1.0, "100.00"), (0.0, "0.00"), (-0.00001, "0.00"), (-0.5, "−50.00")]
)
def test_percent_has_two_decimals_and_no_negative_zero(fraction, shown):
    assert numbers.percent(fraction) == shown


@pytest.mark.parametrize(("fraction", "shown"), [(0.0841, "+8.41"), (-0.012, "−1.20"), (0.00001, "0.00")])
def test_points_carry_their_sign(fraction, shown):
    assert numbers.points(fraction) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(12_480_000, "12.5 M"), (999_960, "1.00 M"), (80, "80.0"), (1234, "1.23 k"), (0, "0")]
)
def test_large_numbers_have_three_digits(number, shown):
    assert numbers.large(number) == shown


def test_ticks_drop_the_zeros_that_say_nothing():
    assert [numbers.tick(value) for value in (20_000_000, 500, 0, 1.5e9)] == ["20 M", "500", "0", "1.5 G"]


@given(st.floats(1e-3, 1e14))
def test_large_numbers_can_be_read_back(number):
    digits, _, letter = numbers.large(number).partition(" ")
    size = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[letter]
    assert float(digits) * size == pytest.approx(number, rel=0.006)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(4.25, "4.2 s"), (59.97, "1 min 00 s"), (75, "1 min 15 s"), (3_600, "1 h 00 min")]
)
def test_durations_use_their_two_largest_units(seconds, shown):
    assert numbers.duration(seconds) == shown


def test_memory_is_in_powers_of_1024():
    assert numbers.memory(2**28) == "256 MiB"
    assert numbers.memory(3 * 2**29) == "1.50 GiB"


@pytest.mark.parametrize(("p", "shown"), [(None, "–"), (0.0001, "< 0.001"), (0.0166, "0.017"), (1.0, "1.000")])
def test_p_values(p, shown):
    assert numbers.p_value(p) == shown


@pytest.mark.parametrize(
    ("given_value", "shown"),
    [
        (True, "on"),
        (None, "none"),
        (0.1, "0.1"),
        ({"name": "sgd", "version": "1", "lr": 0.1}, "sgd (lr=0.1)"),
        ([{"name": "crop", "padding": 4}, {"name": "flip"}], "crop (padding=4) + flip"),
        ([], "none"),
        ({"mean": [0.5]}, "mean=0.5"),
    ],
)
def test_recipe_values_fit_on_one_line(given_value, shown):
    assert numbers.value(given_value) == shown
