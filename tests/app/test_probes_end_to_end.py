import re

import pytest

from ceteris.report import drawing

STUDY = """\
name: probed
question: Does the width matter for drawn shapes?
baseline:
  data: {name: shapes, train_images: 45, test_images: 24, classes: 3}
  model: {name: plain-cnn, width: 2}
  optimizer: {name: adam, lr: 0.01}
  epochs: 1
  batch_size: 16
factors:
  - path: model.width
    levels: [3]
seeds: 1
probes:
  - {name: filters, images: 1}
  - {name: gradient-flow, samples: 1, images: 4}
  - {name: loss-surface, points: 3, images: 4, dimensions: 1}
  - {name: sharpness, images: 2, steps: 3, draws: 2}
  - attention
figures: [calibration]
"""


@pytest.fixture
def quick(monkeypatch):
    """Without PNG and PDF, which take most of the time."""
    save = drawing._saved
    monkeypatch.setattr(drawing, "_saved", lambda figure, kind, **o: save(figure, kind, **o) if kind == "svg" else b"")


@pytest.mark.usefixtures("quick")
def test_what_probes_found_is_in_the_report_and_again_in_a_rebuilt_one(call, tmp_path):
    (tmp_path / "probed.yaml").write_text(STUDY)
    options = (tmp_path / "probed.yaml", "--store", tmp_path / "store")
    ran = call("run", *options, "--executor", "inline")
    assert ran.code == 0, ran.err
    page = (tmp_path / "store" / "studies" / "probed-full" / "report" / "report.html").read_text(encoding="utf-8")
    shown = re.findall(r'<section id="probe-([\w-]+)">', page)
    assert shown == ["filters", "gradient-flow", "loss-surface", "sharpness", "attention", "calibration"]
    assert "the probe failed" not in page
    assert "no trial of this study has what the probe looks at" in page
    assert call("report", *options, "--to", tmp_path / "again").code == 0
    assert (tmp_path / "again" / "report.html").read_text(encoding="utf-8") == page
