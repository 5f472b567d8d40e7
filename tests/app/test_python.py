import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

import ceteris
from ceteris import Factor, Recipe, Study, registry, run, trained_model
from ceteris.app.finding import find_study
from ceteris.store.records import Store


def test_run_gives_results_and_shares_records_with_the_command(ran):
    study, _ = find_study(str(ran / "tiny.yaml"))
    before = Store(ran / "store").keys()
    results = run(study, store=ran / "store", executor="inline", quiet=True)
    assert Store(ran / "store").keys() == before
    assert results.report.is_file()
    assert set(results.scores("relu")) == {0, 1}
    assert results.scores("relu")[0] == results.records[results.plan.trials[0].key].metrics["top1"]
    assert len(results.contrasts) == 1
    assert "gelu" in str(results)


def test_overrides_seeds_and_scale(ran):
    study, _ = find_study(str(ran / "tiny.yaml"))
    results = run(study, scale="smoke", seeds=[5], store=ran / "other", executor="inline", quiet=True)
    assert {trial.seed for trial in results.plan.trials} == {5}
    assert {len(record.epochs) for record in results.records.values()} == {1}


def test_a_trained_network_comes_back(ran):
    store = Store(ran / "store")
    record = store.get(store.keys()[0])
    network = trained_model(record.key[:12], store=ran / "store")
    pixels = record.examples["pixels"] / 255
    normalised = (pixels - record.normalize["mean"]) / record.normalize["std"]
    with torch.no_grad():
        logits = network(torch.from_numpy(normalised).float().permute(0, 3, 1, 2))
    assert not network.training
    assert logits.argmax(1).tolist() == record.examples["predicted"].tolist()


def test_everything_promised_is_there():
    for name in ceteris.__all__:
        assert getattr(ceteris, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ceteris.nothing


def test_a_mistake_in_python_is_an_input_error(tmp_path):
    from ceteris.errors import InputError

    baseline = Recipe(data="digits", model="plain-cn", optimizer={"name": "sgd", "lr": 0.1}, epochs=1)
    study = Study(name="s", question="q", baseline=baseline, factors=[Factor("epochs", [2])])
    with pytest.raises(InputError, match="did you mean 'plain-cnn'"):
        run(study, store=tmp_path)


def of_the_readme(language):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)


def run_example(code, folder):
    (folder / "example.py").write_text(code)
    done = subprocess.run([sys.executable, "example.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_study_of_the_readme_can_be_planned(tmp_path, call):
    (study,) = of_the_readme("yaml")
    (tmp_path / "my-study.yaml").write_text(study)
    assert "20 trials to train" in call("plan", "my-study.yaml").out


def test_the_example_of_the_readme_runs(tmp_path):
    study, _ = of_the_readme("python")
    assert "report.html" in run_example(study, tmp_path)


def test_the_readme_uses_an_exported_network_as_predict_does(ran, call, tmp_path):
    record = Store(ran / "store").get(Store(ran / "store").keys()[0])
    Image.fromarray(record.examples["pixels"][0]).resize((48, 40)).save(tmp_path / "cat.jpg")
    assert call("export", record.key, "--to", "my-network", "--store", ran / "store").code == 0
    predicted = call("predict", record.key, "cat.jpg", "--store", ran / "store", "--json")
    _, use = of_the_readme("python")
    assert run_example(use, tmp_path).strip() == next(iter(json.loads(predicted.out)[0]["classes"]))


OWN_PART = '''
from torch import nn
from ceteris import Factor, Recipe, Study, register, run

@register("model")
def just_linear(classes: int, channels: int, image_size: int, *, bias: bool = True) -> nn.Module:
    """One linear layer."""
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * image_size**2, classes, bias=bias))

study = Study(
    name="own",
    question="Does a linear layer need a bias?",
    baseline=Recipe(data="digits", model="just-linear", optimizer={"name": "sgd", "lr": 0.1}, epochs=1),
    factors=[Factor("model.bias", [False])],
    seeds=1,
)

if __name__ == "__main__":
    print([str(record.status) for record in run(study, executor="processes", workers=1).records.values()])
'''


def test_a_part_of_ones_own_in_a_script_and_as_module(tmp_path, call):
    (tmp_path / "own_study.py").write_text(OWN_PART)
    done = subprocess.run([sys.executable, "own_study.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "['finished', 'finished']" in done.stdout
    printed = call("run", "own_study:study", "--executor", "inline")
    assert printed.code == 0
    assert "2 trials, 2 done, 0 to train" in printed.out


def test_a_network_of_ones_own_is_used_by_naming_its_module(tmp_path, call, monkeypatch):
    monkeypatch.setattr(registry, "_added", {})
    (tmp_path / "own_net.py").write_text(OWN_PART)
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    assert call("run", "own_net:study", "--executor", "inline").code == 0
    (key, *_) = Store(tmp_path / "ceteris-store").keys()
    registry._added = {}  # as in a fresh process
    del sys.modules["own_net"]
    refused = call("predict", key, "x.png")
    assert refused.code == 2
    assert refused.err == (
        "error: model 'just-linear' is a part of your own (name the module that registers it: `--import MODULE`)\n"
    )
    assert "no ONNX graph: model 'just-linear' is a part of your own" in call("export", key, "--to", "one").out
    assert call("predict", key, "x.png", "--import", "own_net").code == 0
    assert call("export", key, "--to", "two", "--import", "own_net").code == 0
    assert (tmp_path / "two" / "model.onnx").is_file()


YAML_STUDY = """\
name: own-in-yaml
question: Does a linear layer need a bias?
baseline: {data: digits, model: just-linear, optimizer: {name: sgd, lr: 0.1}, epochs: 1}
factors: [{path: model.bias, levels: [false]}]
seeds: 1
"""


def test_a_yaml_study_uses_a_part_of_ones_own(tmp_path, call, monkeypatch):
    monkeypatch.setattr(registry, "_added", {})
    (tmp_path / "own_part.py").write_text(OWN_PART)
    (tmp_path / "own.yaml").write_text(YAML_STUDY)
    assert "unknown model 'just-linear'" in call("plan", "own.yaml").err
    asked = ("own.yaml", "--import", "own_part")
    assert "One linear layer." in call("parts", "model", "--import", "own_part").out
    by_file, by_module = (
        json.loads(call("plan", *study, "--json").out)["trials"] for study in (asked, ("own_part:study",))
    )
    assert [trial["key"] for trial in by_file] == [trial["key"] for trial in by_module]
    assert call("run", *asked, "--workers", "1").code == 0
    page = tmp_path / "ceteris-store" / "studies" / "own-in-yaml-full" / "report" / "report.md"
    assert "ceteris run own.yaml --import own_part" in page.read_text()
