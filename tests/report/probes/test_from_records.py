from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from ceteris.errors import InputError
from ceteris.report.evidence import gather
from ceteris.report.figures.calibration import calibration, calibration_table, calibrations
from ceteris.report.figures.landscape import groups, landscape
from ceteris.report.probes import shown_probes
from ceteris.report.words import Words
from ceteris.study.reading import read_study
from ceteris.study.record import Status

EN = Words("en")
STEPS = 40


def with_logits(world, confidence, right):
    """Evidence of one arm, one seed, 100 images of two classes: that confidence, that many right."""
    made = world({"a": 0.7}, seeds=1, classes=["x", "y"])
    (trial,) = made.plan.trials
    labels = np.zeros(100, np.int16)
    wins = np.arange(100) < right
    margin = np.log(confidence / (1 - confidence))
    logits = np.column_stack([np.where(wins, margin, 0), np.where(wins, 0, margin)])
    arrays = {"logits": logits, "labels": labels, "predicted": (~wins).astype(np.int16), "image": np.arange(100)}
    record = replace(made.records[trial.key], predictions=arrays)
    return gather(made.plan, {trial.key: record})


def test_calibration_against_hand_counts(world):
    evidence = with_logits(world, confidence=0.9, right=70)
    found = calibrations(evidence)
    drawing = calibration(found, "calibration", EN)
    assert found[0].ece == pytest.approx(0.2)
    assert "a: 20.00 % and +20.00 pp" in drawing.caption
    (row,) = [row for row in drawing.data if row["images"]]
    assert (row["images"], row["accuracy"]) == (100, 0.7)
    table = calibration_table(found, "calibration", EN)
    assert [cell.text for cell in table.rows[0]][1:3] == ["20.00", f"{0.7 * 0.02 + 0.3 * 1.62:.4f}"]


def test_calibration_of_all_arms_is_one_diagram(two_arms):
    drawing = calibration(calibrations(gather(two_arms.plan, two_arms.records)), "calibration", EN)
    axes = Figure().add_subplot()
    drawing.panels[0].draw(axes)
    assert len(axes.lines) == 3
    assert calibration([], "calibration", EN) is None


def rates_study(world):
    """Two models at two rates; the plain one diverges at the large rate in seed 1."""
    made = world({"plain": 0.6, "plain fast": 0.6, "bn": 0.7, "bn fast": 0.7}, seeds=2)
    arms, records = [], dict(made.records)
    for arm in made.plan.arms:
        model, rate = arm.name.split()[0], 0.4 if "fast" in arm.name else 0.1
        recipe = dict(arm.recipe) | {"model": {"name": model}, "optimizer": {"name": "sgd", "lr": rate}}
        arms.append(replace(arm, recipe=recipe))
        for trial in made.plan.trials_of(arm.name):
            loss = np.full(STEPS, {"plain": 1.25, "plain fast": 2.0}.get(arm.name, 0.75))
            if arm.name == "plain fast" and trial.seed == 1:
                loss[20:] = np.nan
                records[trial.key] = replace(records[trial.key], status=Status.DIVERGED)
            steps = {"loss": loss.astype(np.float32), "learning_rate": np.full(STEPS, rate, np.float32)}
            records[trial.key] = replace(records[trial.key], steps=steps)
    return gather(replace(made.plan, arms=tuple(arms)), records)


def test_arms_are_grouped_over_their_rates(world):
    found = groups(rates_study(world))
    assert [(group.name, list(group.rates)) for group in found] == [("plain", [0.1, 0.4]), ("bn", [0.1, 0.4])]


def test_bands_are_overlaid_and_lost_trials_named(world):
    drawing = landscape(rates_study(world), "loss-landscape", EN)
    assert "Diverged: plain, lr 0.4, seed 1 (step 21)." in drawing.caption
    ends = {(row["arm"], row["step"]): (row["low"], row["high"]) for row in drawing.data}
    assert ends["plain", 1] == (1.25, 2.0)
    assert ends["plain", 40] == (1.25, np.inf)
    assert ends["bn", 40] == (0.75, 0.75)
    assert "plain: 0.750 before step 21, open from there on (rates 0.1, 0.4); bn: 0 (rates" in drawing.caption
    axes = Figure().add_subplot()
    drawing.panels[0].draw(axes)
    assert len(axes.collections) == 2
    assert axes.get_ylim() == (0, 2.6)


def test_one_rate_makes_no_band(two_arms):
    assert landscape(gather(two_arms.plan, two_arms.records), "loss-landscape", EN) is None


def test_figures_are_shown_only_where_the_study_asks(two_arms):
    evidence = gather(two_arms.plan, two_arms.records)
    assert shown_probes(evidence, EN) == []
    study = two_arms.plan.study.model_copy(update={"figures": ["loss-landscape", "calibration"]})
    asked = gather(replace(two_arms.plan, study=study), two_arms.records)
    (shown,) = shown_probes(asked, EN)
    assert (shown.name, shown.table.name) == ("calibration", "calibration")


def test_an_unknown_figure_is_an_input_error(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text(
        "name: x\nquestion: q\nbaseline: {data: digits, model: lenet, optimizer: sgd, epochs: 1}\n"
        "factors: [{path: epochs, levels: [2]}]\nfigures: [calibrations]\n"
    )
    with pytest.raises(InputError, match="calibration"):
        read_study(file).study()
