import base64
import io
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from sklearn.neighbors import NearestNeighbors

from ceteris.report.exhibits import Seen
from ceteris.report.figures.probes.embedding import same_class
from ceteris.report.figures.probes.grad_cam import centre_share
from ceteris.report.figures.probes.loss_surface import rise
from ceteris.report.figures.probes.pictures import montage, overlaid, stretched
from ceteris.report.figures.series import finite_range, over_seeds, thinned
from ceteris.study.findings import Findings


def drawn(drawing):
    """The axes of every panel."""
    axes = []
    for panel in drawing.panels:
        axes.append(Figure().add_subplot())
        panel.draw(axes[-1])
    return axes


def picture(source):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))


def test_predictiveness_names_the_mean_range_of_the_loss(exhibit):
    caption = exhibit("gradient-predictiveness").caption
    assert "plain-cnn: 0.500 and 1.50" in caption
    assert "resnet14: 0.250 and 0.750" in caption


def test_predictiveness_overlays_the_arms_in_two_panels(exhibit):
    drawing = exhibit("gradient-predictiveness")
    assert [len(axes.collections) for axes in drawn(drawing)] == [2, 2]
    assert len({row["step"] for row in drawing.data}) == 300


def test_a_surface_rises_by_the_mean_of_its_rim():
    offsets = np.array([-1.0, 0, 1])
    line = Findings({}, {"offsets": offsets, "loss": np.array([3.0, 1, 5])})
    assert rise(line) == 3.0
    assert rise(Findings({}, {"offsets": offsets, "loss": 7 + offsets[:, None] ** 2 + offsets**2})) == 1.5


def test_surfaces_have_the_same_axes_and_levels(exhibit):
    one, other = drawn(exhibit("loss-surface"))
    assert one.get_xlim() == other.get_xlim() == (-1, 1)
    levels = [{float(level) for level in axes.collections[0].levels} for axes in (one, other)]
    assert levels[0] < levels[1]


def test_lines_of_the_loss_are_overlaid(exhibit):
    (axes,) = drawn(exhibit("loss-line"))
    assert len(axes.lines) == 2


def test_a_loss_that_is_not_finite_leaves_a_hole(two_arms, probed):
    from ceteris.report.probes import shown_probes
    from ceteris.report.words import Words

    evidence = probed(two_arms, "loss-surface")
    for found in evidence.findings.values():
        found[0].arrays["loss"][0, 0] = np.inf
    (shown,) = shown_probes(evidence, Words("en"))
    assert all(axes.collections for axes in drawn(shown.drawing))


def test_latency_says_how_long_one_image_takes(exhibit):
    drawing = exhibit("latency")
    assert "plain-cnn takes 1.00 ms at batch size 1 and does 1.71 k images/s at 256" in drawing.caption
    assert all(axes.get_xscale() == "log" for axes in drawn(drawing))


def test_attention_leaves_out_networks_without_gates(exhibit):
    drawing = exhibit("attention")
    assert {row["arm"] for row in drawing.data} == {"resnet14"}
    assert [axes.get_images()[0].get_array().shape for axes in drawn(drawing)] == [(10, 16, 4)] * 2


def test_without_any_gate_there_is_no_figure(world, probed):
    from ceteris.report.probes import shown_probes
    from ceteris.report.words import Words

    (shown,) = shown_probes(probed(world({"plain": 0.7}), "attention"), Words("en"))
    assert shown.exhibit is None
    assert shown.remarks[0].startswith("There is nothing to draw")


def test_nearest_neighbours_against_sklearn():
    draws = np.random.default_rng(0)
    plane, labels = draws.normal(size=(80, 2)).astype(np.float32), draws.integers(0, 3, 80)
    nearest = NearestNeighbors(n_neighbors=2).fit(plane).kneighbors(plane, return_distance=False)[:, 1]
    assert same_class(Findings({}, {"t-sne": plane, "labels": labels})) == (labels[nearest] == labels).mean()


def test_the_embedding_compares_neighbours(exhibit):
    shares = [float(s) for s in re.findall(r"and ([\d.]+) % of the images", exhibit("embedding").caption)]
    assert shares[0] == 100
    assert shares[1] < 60


def test_the_centre_of_a_map():
    even = np.ones((1, 8, 8))
    assert centre_share(Findings({}, {"map": even})) == pytest.approx(0.25)
    assert centre_share(Findings({}, {"map": np.zeros((1, 8, 8))})) == 0


def test_grad_cam_shows_every_arm_the_same_images(exhibit):
    sheet = exhibit("grad-cam")
    assert [row.title for row in sheet.rows] == ["Test images", "plain-cnn", "resnet14"]
    assert "plain-cnn: 100.00 %; resnet14: 50.00 %" in sheet.caption
    assert sheet.rows[1].pictures[3].under == "→ deer"
    assert picture(sheet.rows[1].pictures[0].source).shape == (32, 32, 3)


def test_filters_count_kernels_that_are_nearly_empty(exhibit):
    sheet = exhibit("filters")
    assert "plain-cnn has 16 first-layer kernels of 3 × 3, of which 0 are nearly empty" in sheet.caption
    assert "resnet14 has 16 first-layer kernels of 3 × 3, of which 1 are nearly empty" in sheet.caption
    kernels, image, *maps = sheet.rows[0].pictures
    assert picture(kernels.source).shape == (7, 31, 3)
    assert picture(image.source).shape == (32, 32, 3)
    assert [picture(one.source).shape for one in maps] == [(65, 131), (17, 35)]


def test_a_montage_keeps_its_tiles():
    tiles = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3, 1)
    sheet = montage(tiles, columns=2)
    assert sheet.shape == (8, 7, 1)
    assert np.array_equal(sheet[3:5, 4:], tiles[3])
    assert (sheet[2] == 255).all()


def test_numbers_are_stretched_from_black_to_white():
    assert stretched(np.array([-1.0, 0, 1])).tolist() == [0, 128, 255]
    assert stretched(np.full(2, 3.0)).tolist() == [128, 128]


def test_where_the_map_is_empty_the_image_stays_grey():
    pixels = np.full((2, 2, 3), 90, np.uint8)
    laid = overlaid(pixels, np.array([[0, 1.0], [0, 0]]))
    assert laid[0, 0].tolist() == [90, 90, 90]
    assert laid[0, 1, 0] > laid[0, 1, 2]


def test_curves_over_seeds_end_with_the_shortest(two_arms, probed):
    arm = probed(two_arms, "sharpness").baseline
    series = over_seeds(arm, np.arange(3), [np.array([1.0, 2, 9]), np.array([3.0, 4])])
    assert series.middle.tolist() == [2, 3]
    assert (series.low.tolist(), series.high.tolist()) == ([1, 2], [3, 4])


def test_limits_hold_what_is_finite(two_arms, probed):
    arm = probed(two_arms, "sharpness").baseline
    series = over_seeds(arm, np.arange(3), [np.array([1.0, np.inf, 0.0])])
    low, high = finite_range([series], log=True)
    assert 0 < low < 1 < high < 2
    assert finite_range([series], log=False) == pytest.approx((-0.05, 1.05))


def test_long_curves_are_averaged():
    assert thinned(np.arange(10.0)).tolist() == list(range(10))
    assert thinned(np.arange(600.0))[:2].tolist() == [0.5, 2.5]


def test_single_trials_share_a_seed_where_they_can(two_arms, probed):
    evidence = probed(two_arms, "sharpness")
    found = Findings({})
    seen = Seen(evidence, "x", {"plain-cnn": {0: found, 1: found}, "resnet14": {1: found, 2: found}})
    assert [seed for _, seed, _ in seen.singles] == [1, 1]
    apart = Seen(evidence, "x", {"plain-cnn": {0: found}, "resnet14": {2: found}})
    assert [seed for _, seed, _ in apart.singles] == [0, 2]


def test_a_trial_that_diverged_at_once_has_no_gradients_to_show(two_arms, probed):
    from ceteris.report.probes import shown_probes
    from ceteris.report.words import Words

    evidence = probed(two_arms, "gradient-flow")
    lost = two_arms.plan.trials_of("resnet14")[0].key
    evidence.findings[lost][0].arrays.clear()
    (shown,) = shown_probes(evidence, Words("en"))
    assert {row["seed"] for row in shown.drawing.data if row["arm"] == "resnet14"} == {1, 2}
    for (found,) in evidence.findings.values():
        found.arrays.clear()
    (shown,) = shown_probes(evidence, Words("en"))
    assert shown.exhibit is None


def test_losses_that_overflow_along_the_gradient_are_left_out_of_its_mean(two_arms, probed):
    from ceteris.report.probes import shown_probes
    from ceteris.report.words import Words

    evidence = probed(two_arms, "gradient-predictiveness")
    for (found,) in evidence.findings.values():
        found.arrays["loss_along"][:9] = np.inf
        found.arrays["loss_along"][9] = np.nan
    (shown,) = shown_probes(evidence, Words("en"))
    assert "plain-cnn: 0.500 and" in shown.drawing.caption
    assert len(drawn(shown.drawing)) == 2
