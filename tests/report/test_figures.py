import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import stats

from ceteris.report.confusions import Confusions, data_uri
from ceteris.report.drawing import Drawing, Panel, render
from ceteris.report.evidence import gather
from ceteris.report.figures.confusion import confusion
from ceteris.report.figures.cost import cost_of, front
from ceteris.report.figures.labels import apart, kept_inside, label_ends
from ceteris.report.figures.learning import learning, training_images
from ceteris.report.figures.strip import limits
from ceteris.report.optimism import habits
from ceteris.report.palette import OKABE_ITO, columns_of, look, shortened, told_apart
from ceteris.report.words import Words


@pytest.fixture(scope="module")
def evidence(two_arms):
    return gather(two_arms.plan, two_arms.records)


def test_the_front_holds_what_no_other_arm_beats(world):
    made = world({"cheap": 0.7, "dear": 0.8, "bad": 0.6, "best": 0.9}, seeds=1)
    arms = gather(made.plan, made.records).arms
    costs = {"cheap": 1.0, "dear": 2.0, "bad": 2.0, "best": 3.0}
    points = {arm.name: (costs[arm.name], arm) for arm in arms}
    assert [arm.name for arm in front(points)] == ["cheap", "dear", "best"]


def test_costs_are_the_means_of_the_scored_trials(two_arms, evidence):
    arm = evidence.arms[1]
    spent = [two_arms.records[trial.planned.key].cost.train_seconds for trial in arm.trials]
    assert cost_of(arm, "train_seconds") == pytest.approx(np.mean(spent))
    assert cost_of(arm, "macs") == arm.planned.model.macs


@given(st.lists(st.floats(-100, 100), max_size=12).map(sorted), st.floats(0.1, 20))
def test_labels_are_kept_apart_in_their_order_and_about_their_mean(heights, step):
    placed = apart(heights, step)
    assert len(placed) == len(heights)
    assert all(b - a >= step * (1 - 1e-9) for a, b in pairwise(placed))
    assert sum(placed) == pytest.approx(sum(heights), abs=1e-6)


@pytest.mark.parametrize(
    "name", ["augment=random flip", "m" * 30, "W" * 15, "lr=0.1", "数据增强方式的一种随机翻转操作"]
)
def test_a_name_beside_a_panel_ends_inside_the_figure(evidence, name):
    arm = dataclasses.replace(evidence.arms[0], planned=dataclasses.replace(evidence.arms[0].planned, name=name))
    seen = []

    def draw(axes):
        label_ends(axes, [(0.5, arm)], (0.0, 1.0))
        seen.extend((text.get_text(), text.get_window_extent().x1 / axes.figure.bbox.width) for text in axes.texts)

    render(Drawing("named", (Panel(4.55, 2.75, (0.55, 1.25, 0.5, 0.32), draw),), 1, "", "", []))
    assert {shown[0] for shown, _ in seen} == {name[0]}
    assert all(end < 1 for _, end in seen)


def test_labels_with_room_stay_where_they_are():
    assert apart([0.0, 5.0, 9.0], 1.0) == [0.0, 5.0, 9.0]


def test_the_axis_holds_seeds_and_margin_and_cuts_endless_intervals(evidence):
    (contrast,) = evidence.contrasts
    low, high = limits(evidence.contrasts)
    assert low < min(-contrast.margin, *contrast.differences)
    assert high > max(contrast.adjusted_interval[1], *contrast.differences)
    endless = dataclasses.replace(contrast, adjusted_interval=(-9.0, 9.0))
    assert limits([endless])[1] < 1


def test_an_epoch_trains_on_what_the_validation_split_leaves(evidence):
    assert training_images(evidence.baseline) == 4500


def test_macs_count_the_images_seen(two_arms, evidence):
    drawn = learning(evidence, Words("en"), "macs")
    row = next(row for row in drawn.data if row["arm"] == "resnet14")
    assert row["macs"] == pytest.approx(4500 * two_arms.plan.arms[1].model.macs)


def test_macs_of_training_are_those_in_training(two_arms):
    plan = two_arms.plan
    arms = [dataclasses.replace(a, model=dataclasses.replace(a.model, training_macs=7_000_000)) for a in plan.arms]
    drawn = learning(gather(dataclasses.replace(plan, arms=tuple(arms)), two_arms.records), Words("en"), "macs")
    assert next(iter(drawn.data))["macs"] == pytest.approx(4500 * 7_000_000)


def test_a_diverged_trial_keeps_its_broken_curve(world):
    from ceteris.study.record import Status

    made = world({"a": 0.7, "b": 0.8}, ended={("b", 0): Status.DIVERGED})
    drawn = learning(gather(made.plan, made.records), Words("en"), "epoch")
    broken = [row for row in drawn.data if row["status"] == "diverged"]
    assert [row["epoch"] for row in broken] == [1, 2, 3, 4]
    assert np.isnan(broken[-1]["validation_loss"])


def test_confusion_rates_and_differences_against_hand_counts(two_arms, evidence):
    found = Confusions(evidence)
    trials = [arm.trials for arm in evidence.arms]
    shares = []
    for arm in trials:
        arrays = [two_arms.records[trial.planned.key].predictions for trial in arm]
        shares.append([np.mean(a["predicted"][a["labels"] == 2] == 3) for a in arrays])
    assert found.mean(evidence.baseline)[2, 3] == pytest.approx(np.mean(shares[0]))
    difference, certain = found.difference(evidence.arms[1])
    assert difference[2, 3] == pytest.approx(np.mean(shares[1]) - np.mean(shares[0]))
    assert certain[2, 3] == (stats.ttest_rel(shares[1], shares[0]).pvalue < 0.05)


def test_hardest_images_are_wrong_in_every_trial(two_arms, evidence):
    found = Confusions(evidence).hardest()
    arrays = [record.predictions for record in two_arms.records.values()]
    wrong = set.intersection(*({int(i) for i in a["image"][a["predicted"] != a["labels"]]} for a in arrays))
    assert (found.wrong, found.images, found.trials) == (len(wrong), 400, 6)
    assert {example.image for example in found.examples} <= wrong


def test_examples_of_a_pair_show_that_pair(evidence):
    for pair in Confusions(evidence).pairs():
        assert pair.label != pair.predicted
        assert all((one.label, one.predicted) == (pair.label, pair.predicted) for one in pair.examples)


def test_many_classes_have_no_matrix(world):
    made = world({"a": 0.5, "b": 0.6}, seeds=1, classes=[f"c{i}" for i in range(100)])
    found = Confusions(gather(made.plan, made.records))
    assert confusion(found, Words("en")) is None
    assert found.pairs()


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_keep_their_pixels(channels):
    import base64
    import io

    pixels = np.arange(5 * 5 * channels, dtype=np.uint8).reshape(5, 5, channels)
    head, _, body = data_uri(pixels).partition(",")
    assert head == "data:image/png;base64"
    read = np.asarray(Image.open(io.BytesIO(base64.b64decode(body))))
    assert np.array_equal(read.reshape(5, 5, channels), pixels)


def test_the_best_test_epoch_never_prints_less(two_arms, evidence):
    for one in habits(evidence):
        for curve in one.curves:
            record = two_arms.records[curve.trial.planned.key]
            right = record.predictions["sealed_predicted"] == record.predictions["labels"]
            assert curve.chosen == pytest.approx(record.metrics["top1"])
            assert curve.last == pytest.approx(right[-1].mean())
            assert curve.best >= max(curve.chosen, curve.last)


def test_no_sealed_curve_no_habit(world):
    made = world({"a": 0.5, "b": 0.6}, seeds=1, sealed=False)
    assert habits(gather(made.plan, made.records)) == []


def test_twelve_arms_look_different_and_the_baseline_is_grey():
    looks = [look(index) for index in range(12)]
    assert len({(one.colour, one.marker) for one in looks}) == len({one.symbol for one in looks}) == 12
    assert looks[0].colour not in OKABE_ITO


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20).map(sorted))
def test_names_stay_inside_their_panel(heights):
    step = min(0.085, 1 / len(heights))
    placed = kept_inside(apart(heights, step), step)
    assert placed[0] >= -1e-9
    assert placed[-1] <= 1 + 1e-9
    assert all(upper - lower >= step - 1e-9 for lower, upper in pairwise(placed))


@given(st.text(max_size=60), st.integers(2, 40))
def test_shortened_names_fit(text, columns):
    assert columns_of(shortened(text, columns)) <= columns


@given(st.lists(st.text(max_size=30), max_size=6, unique=True), st.integers(4, 40))
def test_names_that_are_told_apart_fit_too(names, columns):
    short = told_apart(names, columns)
    assert list(short) == names
    assert all(columns_of(name) <= columns for name in short.values())


def test_names_that_begin_alike_keep_their_ends():
    names = ["vgg-a", "lr=0.002", "model=vgg-a-bn lr=0.002", "model=vgg-a-bn lr=0.0005"]
    assert list(told_apart(names, 15).values()) == ["vgg-a", "lr=0.002", "mode…n lr=0.002", "model…lr=0.0005"]
