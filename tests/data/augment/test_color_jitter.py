import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from scipy import stats

from ceteris.data.augment.color_jitter import color_jitter
from ceteris.errors import InputError


def test_factors_are_applied_one_after_the_other():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 9, 9, 3), dtype=np.uint8)
    drawn = {
        "brightness": [0.7, 1.2, 1.0],
        "contrast": [1.3, 0.8, 1.0],
        "saturation": [0.5, 1.4, 1.0],
        "hue": [0, 0, 0],
    }
    draws = {name: torch.tensor(values, dtype=torch.float32) for name, values in drawn.items()}
    got = color_jitter()(torch.from_numpy(pixels), draws).numpy()
    for row, image in enumerate(pixels):
        wanted = Image.fromarray(image)
        for name, enhance in (("brightness", "Brightness"), ("contrast", "Contrast"), ("saturation", "Color")):
            wanted = getattr(ImageEnhance, enhance)(wanted).enhance(drawn[name][row])
        assert np.array_equal(got[row], np.asarray(wanted))


@pytest.mark.parametrize(
    ("name", "value", "ends"),
    [
        ("brightness", 0.4, (0.6, 1.4)),
        ("contrast", 2.0, (0.0, 3.0)),
        ("saturation", 0.0, (1, 1)),
        ("hue", 0.2, (-0.2, 0.2)),
    ],
)
def test_draws_are_uniform_in_their_range(name, value, ends):
    drawn = color_jitter(**{name: value}).draw(np.random.default_rng(0), 4000, 8)[name]
    if ends[0] == ends[1]:
        assert (drawn == ends[0]).all()
    else:
        assert stats.kstest(drawn, stats.uniform(ends[0], ends[1] - ends[0]).cdf).pvalue > 1e-4


def test_what_is_0_is_left_alone():
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 6, 6, 3), dtype=np.uint8))
    jitter = color_jitter(brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0)
    draws = jitter.draw(np.random.default_rng(0), 5, 6)
    assert torch.equal(jitter(pixels, {name: torch.from_numpy(values) for name, values in draws.items()}), pixels)


def test_one_option_moves_no_draw_of_another():
    one, other = (color_jitter(brightness=b).draw(np.random.default_rng(0), 9, 8) for b in (0.0, 0.8))
    assert all(np.array_equal(one[name], other[name]) for name in ("contrast", "saturation", "hue"))


@pytest.mark.parametrize(
    ("name", "value"), [("brightness", -0.1), ("contrast", float("inf")), ("hue", 0.6), ("hue", -0.1)]
)
def test_options_out_of_bounds_are_refused_by_name(name, value):
    with pytest.raises(InputError, match=f"{name} must lie between 0 and") as caught:
        color_jitter(**{name: value})
    assert [problem.where for problem in caught.value.problems] == [name]
