import re
from types import SimpleNamespace

import pytest

from ceteris.report.drawing import render
from ceteris.report.figures.probes.gradient_flow import _weighty
from ceteris.study.record import Layer


def test_the_sentence_compares_the_first_layer_with_the_last(exhibit):
    caption = exhibit("gradient-flow").caption
    ratios = [float(number) for number in re.findall(r"(?:plain-cnn|resnet14): (0\.\d+)", caption)]
    assert ratios[0] == pytest.approx(2.718**-3, rel=0.25)
    assert ratios[1] == pytest.approx(2.718**-6, rel=0.25)
    assert "plain-cnn: 20.00 %; resnet14: 40.00 %" in caption


def test_one_panel_per_arm_on_the_same_axes_and_one_of_dead_units(exhibit, quick):
    from matplotlib.figure import Figure

    drawing = exhibit("gradient-flow")
    axes = [Figure().add_subplot() for _ in drawing.panels]
    for panel, own in zip(drawing.panels, axes, strict=True):
        panel.draw(own)
    assert len(axes) == 3
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert axes[0].get_xlim() == axes[1].get_xlim()
    assert len(render(drawing).wide) == 3


def test_the_rows_hold_every_layer_and_epoch(exhibit):
    rows = [row for row in exhibit("gradient-flow").data if "layer" in row]
    assert len(rows) == 2 * 3 * 6 * 7


def test_normalisations_are_no_points_of_the_line():
    kinds = {"conv": "Conv2d", "norm": "BatchNorm2d", "fc": "Linear"}
    layers = [Layer(name, kind, (3, 8, 8), (4, 8, 8), 0, 0) for name, kind in kinds.items()]
    arm = SimpleNamespace(planned=SimpleNamespace(model=SimpleNamespace(layers=layers)))
    assert _weighty(arm, SimpleNamespace(values={"layers": ["conv", "norm", "fc"]})).tolist() == [0, 2]
    assert _weighty(arm, SimpleNamespace(values={"layers": ["unknown", "names"]})).tolist() == [0, 1]
