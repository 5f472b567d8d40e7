import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from ceteris.stats.crossed import crossed
from ceteris.stats.intervals import mean_interval

PAGE = np.array([[1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 1]])
TABLES = st.tuples(st.integers(2, 5), st.integers(2, 12)).flatmap(
    lambda shape: arrays(np.int8, shape, elements=st.integers(-1, 1))
)


def made(rng, seeds, images, sd_seeds, sd_images):
    """Normal effects and residuals around 0, the spread of the residual being 1."""
    return (
        sd_seeds * rng.normal(size=(seeds, 1))
        + sd_images * rng.normal(size=(1, images))
        + rng.normal(size=(seeds, images))
    )


def test_mean_squares_of_the_known_table():
    found = crossed(PAGE)
    assert found.mean == 0.75
    assert found.ms_seeds == 0
    assert found.ms_images == pytest.approx(1 / 12)
    assert found.ms_residual == pytest.approx(1 / 3)


def test_a_negative_component_is_0_and_keeps_its_raw_value():
    found = crossed(PAGE)
    assert found.seeds.raw == pytest.approx((0 - 1 / 3) / 4)
    assert found.images.raw == pytest.approx((1 / 12 - 1 / 3) / 3)
    assert found.seeds.value == found.images.value == 0
    assert found.residual.raw == found.residual.value == found.ms_residual


def test_seeds_without_spread_give_no_interval():
    found = crossed(PAGE)
    assert found.this_test_set is found.new_images is found.image_share is None
    assert found.interval(0.05) is None
    assert crossed(np.tile([1, 0, 0, -1, 0], (3, 1))).interval(0.05) is None
    assert crossed(np.tile([1, 0, 0, -1, 0], (3, 1))).image_share == 1


@pytest.mark.parametrize("seed", range(3))
def test_mean_squares_are_those_of_the_analysis_of_variance(seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(-1, 2, (4, 7))
    rows = [{"y": int(y), "seed": i, "image": j} for (i, j), y in np.ndenumerate(table)]
    squares = anova_lm(ols("y ~ C(seed) + C(image)", pd.DataFrame(rows)).fit())["mean_sq"]
    found = crossed(table)
    assert [found.ms_seeds, found.ms_images, found.ms_residual] == pytest.approx(list(squares))


@given(TABLES)
def test_on_this_test_set_it_is_the_paired_t_interval(table):
    found = crossed(table)
    here = found.this_test_set
    expected = mean_interval(list(table.mean(axis=1)), 0.05)
    if expected is None:
        assert here is None
    else:
        assert here.interval(0.05) == pytest.approx(expected, abs=1e-9)


@given(TABLES)
def test_new_images_never_make_the_mean_more_certain(table):
    found = crossed(table)
    if found.this_test_set is not None:
        assert found.new_images.error >= found.this_test_set.error
        assert found.new_images.freedom >= found.n_seeds - 1
        narrow, wide = found.this_test_set.interval(0.05), found.interval(0.05)
        assert wide[0] <= narrow[0]
        assert narrow[1] <= wide[1]
        assert 0 <= found.image_share < 1


@given(TABLES)
def test_swapping_the_arms_flips_the_sign_only(table):
    there, back = crossed(table), crossed(-table)
    assert back.mean == pytest.approx(-there.mean)
    assert [back.seeds.raw, back.images.raw] == pytest.approx([there.seeds.raw, there.images.raw])


def test_the_error_on_new_images_is_that_of_the_page():
    table = made(np.random.default_rng(5), 4, 300, 0.05, 1.0)
    found = crossed(table)
    squared = (found.ms_seeds + found.ms_images - found.ms_residual) / table.size
    terms = [(found.ms_seeds, 3), (found.ms_images, 299), (found.ms_residual, 3 * 299)]
    assert found.images.raw > 0
    assert found.new_images.error == pytest.approx(squared**0.5)
    assert found.new_images.freedom == pytest.approx((squared * table.size) ** 2 / sum(m**2 / f for m, f in terms))
    low, high = stats.t.interval(0.95, found.new_images.freedom, table.mean(), squared**0.5)
    assert found.interval(0.05) == pytest.approx((low, high))
    assert found.image_share == pytest.approx(1 - found.ms_seeds / table.size / squared)


def test_components_are_estimated_without_bias():
    rng = np.random.default_rng(6)
    found = [crossed(made(rng, 4, 60, 0.3, 0.6)) for _ in range(1500)]
    for components, true in (
        ([one.seeds.raw for one in found], 0.09),
        ([one.images.raw for one in found], 0.36),
        ([one.residual.raw for one in found], 1.0),
    ):
        assert np.mean(components) == pytest.approx(true, abs=4 * np.std(components) / len(found) ** 0.5)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize(("sd_seeds", "sd_images"), [(0, 0), (0, 0.5), (0.1, 0.5), (0.1, 0)])
def test_the_interval_on_new_images_covers(seeds, sd_seeds, sd_images):
    rng = np.random.default_rng([seeds, round(10 * sd_seeds), round(10 * sd_images)])
    repeats, covered, narrow = 800, 0, 0
    for _ in range(repeats):
        found = crossed(made(rng, seeds, 120, sd_seeds, sd_images))
        (low, high), here = found.interval(0.05), found.this_test_set.interval(0.05)
        covered += low <= 0 <= high
        narrow += here[0] <= 0 <= here[1]
    assert covered / repeats >= 0.95 - 3 * (0.05 * 0.95 / repeats) ** 0.5
    assert covered >= narrow


def test_the_interval_on_this_test_set_is_too_narrow_for_new_images():
    rng = np.random.default_rng(7)
    here = [crossed(made(rng, 10, 120, 0, 1.5)).this_test_set.interval(0.05) for _ in range(400)]
    assert np.mean([low <= 0 <= high for low, high in here]) < 0.85


@pytest.mark.parametrize("shape", [(1, 10), (5, 1), (4,)])
def test_too_small_a_table_is_refused(shape):
    with pytest.raises(ValueError, match="at least 2 seeds and 2 images"):
        crossed(np.zeros(shape, np.int8))
