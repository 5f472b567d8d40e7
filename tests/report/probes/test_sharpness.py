import numpy as np

from ceteris.report.drawing import render


def test_the_sentence_names_the_mean_largest_eigenvalue(exhibit):
    drawing = exhibit("sharpness")
    mine = [row["eigenvalue"] for row in drawing.data if row["arm"] == "resnet14"]
    assert len(mine) == 3
    assert f"resnet14: {np.mean(mine):.3g}" in drawing.caption


def test_arms_share_the_panels(exhibit, quick):
    eigenvalues, traces = render(exhibit("sharpness")).wide
    assert all("plain-cnn" in svg and "resnet14" in svg for svg in (eigenvalues, traces))
