import json
import subprocess
import sys

import pytest

from ceteris.app.finding import built_in_studies, find_study
from ceteris.lab.facts import TOGETHER
from ceteris.store.records import Store


def options(ran, *more):
    return (ran / "tiny.yaml", "--store", ran / "store", *more)


def test_a_run_leaves_records_a_plan_and_a_report(ran):
    folder = ran / "store" / "studies" / "tiny-full"
    assert len(Store(ran / "store").keys()) == 4
    assert {"plan.json", "study.yaml", "report"} == {file.name for file in folder.iterdir()}
    assert {"report.html", "report.md", "results.csv", "tables", "figures"} <= {
        file.name for file in (folder / "report").iterdir()
    }


def test_run_again_trains_nothing(call, ran):
    before = {file: file.stat().st_mtime_ns for file in (ran / "store").glob("??/*/record.json")}
    printed = call("run", *options(ran))
    assert printed.code == 0
    assert "4 trials, 4 done, 0 to train" in printed.out
    assert "Supported: “GELU costs no parameters”" in printed.out
    assert "report.html" in printed.out
    assert before == {file: file.stat().st_mtime_ns for file in (ran / "store").glob("??/*/record.json")}


def test_probes_asked_for_later_are_measured_without_a_second_record(call, ran, tmp_path):
    study = tmp_path / "tiny.yaml"
    study.write_text((ran / "tiny.yaml").read_text() + "probes: [{name: filters, layers: 1}]\n")
    arguments = (study, "--scale", "smoke", "--store", tmp_path / "store")
    assert call("run", ran / "tiny.yaml", *arguments[1:], "--executor", "inline").code == 0
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "store").glob("??/*/record.json")}
    text = call("plan", *arguments).out
    assert "probes: filters" in text
    assert "every trial is done; 2 have no findings yet" in text
    printed = call("run", *arguments, "--executor", "inline")
    assert "2 trials, 0 done, 0 to train, 2 to measure" in printed.out
    assert before == {file: file.stat().st_mtime_ns for file in (tmp_path / "store").glob("??/*/record.json")}
    assert len(list((tmp_path / "store").glob("??/*/probes/filters-*.json"))) == 2
    assert "2 trials, 2 done, 0 to train\n" in call("run", *arguments, "--executor", "inline").out
    assert call("fsck", "--store", tmp_path / "store").code == 0


@pytest.mark.parametrize("command", ["run", "report", "status", "plan"])
def test_what_only_reads_needs_no_torch(ran, command):
    arguments = [command, *map(str, options(ran))]
    called = f"from ceteris.app.cli import main\nassert main({arguments}) == 0"
    code = f"import sys\n{called}\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ran)


def test_run_as_json(call, ran):
    found = json.loads(call("run", *options(ran, "--json")).out)
    assert {trial["status"] for trial in found["trials"]} <= {"finished", "did not learn"}
    assert found["missing"] == []
    assert len(found["verdicts"]) == len(found["contrasts"]) == 1
    assert found["uncertainty"][0]["arm"] == found["contrasts"][0]["arm"]
    assert [claim["outcome"] for claim in found["claims"]] == ["supported"]
    assert found["report"].endswith("report.html")
    assert (found["ranking"], found["factors"]) == ([], None)  # two arms of one factor


def test_plan_shows_trials_and_what_the_design_can_find(call, ran):
    text = call("plan", *options(ran)).out
    found = json.loads(call("plan", *options(ran, "--json")).out)
    assert "every trial is done" in text
    assert "paired t over 2 seeds, 1 contrast" in text
    assert found["new"] == 0
    assert [arm["done"] for arm in found["arms"]] == [2, 2]
    assert all(len(trial["key"]) == 64 and trial["key"][:16] in text for trial in found["trials"])
    assert found["detectable"]["effect"] > 0


def test_a_plan_is_priced_for_the_device_and_the_workers_of_the_run_to_come(call, ran, tmp_path):
    """None of them is measured here, so a graphics card of this machine plays no part."""
    study = (ran / "tiny.yaml", "--store", tmp_path / "store")
    found = {
        (device, workers): json.loads(call("plan", *study, "--device", device, "--workers", workers, "--json").out)
        for device in ("cpu", "cuda")
        for workers in (1, 3)
    }
    assert {asked: plan["processes"] for asked, plan in found.items()} == {asked: asked[1] for asked in found}
    seconds = {asked: plan["seconds_left"] for asked, plan in found.items()}
    assert seconds["cpu", 3] == pytest.approx(seconds["cpu", 1] / 3)
    assert seconds["cuda", 3] == pytest.approx(seconds["cuda", 1] / TOGETHER)
    assert "4 trials to train, 4 at a time" in call("plan", *study, "--workers", 9).out


def test_status_is_priced_for_the_run_that_there_was(call, ran, tmp_path):
    study = (ran / "tiny.yaml", "--scale", "smoke", "--seeds", "1")
    assert call("run", *study, "--executor", "inline").code == 0
    plan = json.loads((tmp_path / "ceteris-store" / "studies" / "tiny-smoke" / "plan.json").read_bytes())
    assert plan["resources"] == {"executor": "inline", "workers": None, "device": None, "compiled": False}
    Store(tmp_path / "ceteris-store").set_aside(plan["trials"][0]["key"])
    Store(tmp_path / "ceteris-store").set_aside(plan["trials"][1]["key"])
    found = json.loads(call("status", *study, "--json").out)
    priced = {n: json.loads(call("plan", *study, "--workers", n, "--json").out)["seconds_left"] for n in (1, 2)}
    assert found["seconds_left"] == priced[1] == 2 * priced[2] > 0


def test_plan_of_one_seed_says_that_it_cannot_decide(call, ran):
    assert "cannot decide anything" in call("plan", *options(ran, "--seeds", "1")).out
    assert json.loads(call("plan", *options(ran, "--seeds", "1", "--json")).out)["detectable"] is None


def test_status_of_one_study_and_of_all(call, ran):
    assert "tiny at scale full: " in call("status", "--store", ran / "store").out
    one = json.loads(call("status", *options(ran, "--seeds", "3", "--json")).out)
    assert one["outcomes"]["left"] == 2
    assert "no study has run" in call("status", "--store", ran / "nowhere").out


def test_compare(call, ran):
    text = call("compare", ran / "tiny.yaml", "relu", "gelu", "--store", ran / "store").out
    found = json.loads(call("compare", ran / "tiny.yaml", "relu", "gelu", "--store", ran / "store", "--json").out)
    assert "gelu" in text
    assert "seed" in text
    assert found


def test_report_to_another_folder_and_in_chinese(call, ran, tmp_path):
    printed = call("report", *options(ran, "--to", tmp_path / "here", "--lang", "zh"))
    assert printed.code == 0
    assert 'lang="zh' in (tmp_path / "here" / "report.html").read_text(encoding="utf-8")


def test_report_of_a_study_that_did_not_run_says_what_is_missing(call, ran, tmp_path):
    printed = call("report", ran / "tiny.yaml", "--store", tmp_path / "empty")
    assert printed.code == 0
    assert "0 of 4 trials have a record" in printed.out


def test_a_failed_trial_gives_exit_code_1(call, ran, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("no such luck")

    monkeypatch.setattr("ceteris.engine.train.train", fails)
    arguments = (ran / "tiny.yaml", "--store", tmp_path / "other", "--executor", "inline")
    printed = call("run", *arguments)
    assert printed.code == 1
    assert "no such luck" in printed.out
    assert call("run", *arguments).code == 1
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert call("run", *arguments, "--retry", "failed").code == 0


def test_measured_threads_are_kept_for_the_trials_that_are_left(call, ran, tmp_path, monkeypatch):
    arguments = (ran / "tiny.yaml", "--store", tmp_path / "other", "--executor", "processes", "--device", "cpu")
    monkeypatch.setattr("ceteris.lab.sharing.measured_threads", lambda plan, say: 2)
    monkeypatch.setattr("ceteris.lab.sharing.usable_cores", lambda: 2)
    monkeypatch.setattr("ceteris.app.running.run_jobs", lambda *_: None)
    assert "threads a trial: 2, as measured" in call("run", *arguments).out

    monkeypatch.undo()
    monkeypatch.chdir(ran)
    monkeypatch.setattr("ceteris.lab.sharing.usable_cores", lambda: 2)
    monkeypatch.setattr("ceteris.lab.sharing.measured_threads", lambda plan, say: pytest.fail("measured again"))
    assert "threads a trial: 2, as measured" in call("run", *arguments).out
    records = [json.loads(file.read_text()) for file in (tmp_path / "other").glob("??/*/record.json")]
    assert [record["environment"]["threads"] for record in records] == [2] * 4


def test_ctrl_c_keeps_what_is_there_and_says_how_to_go_on(call, ran, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("ceteris.app.running.run_jobs", interrupted)
    printed = call("run", ran / "tiny.yaml", "--store", tmp_path / "other", "--executor", "inline")
    assert printed.code == 130
    command = printed.out.splitlines()[-1].split()
    assert command == ["ceteris", "run", *map(str, (ran / "tiny.yaml", "--store", tmp_path / "other")), *command[-2:]]
    assert command[-2:] == ["--executor", "inline"]
    assert list((tmp_path / "other").glob("studies/*/report/report.html"))


@pytest.mark.parametrize("name", built_in_studies())
def test_every_built_in_study_can_be_planned_at_every_scale(call, name):
    """Every option, arm, line and network of the file holds; official data sets are planned without a download."""
    for scale in find_study(name)[0].scales:
        found = json.loads(call("plan", name, "--scale", scale, "--store", "store", "--json").out)
        assert len(found["arms"]) >= 2
        assert len({trial["key"] for trial in found["trials"]}) == len(found["trials"])


@pytest.mark.parametrize("name", ["quickstart", "cnn-vs-resnet"])
def test_a_built_in_study_runs_at_smoke(call, name, tiny_cifar, tmp_path):
    """The real command, data set layout, networks and report; only the images are noise."""
    printed = call(
        "run", name, "--scale", "smoke", "--store", tmp_path / "store", "--executor", "inline",
        "--data-dir", tiny_cifar, "--allow-modified-data", "--json",
    )  # fmt: skip
    assert printed.code == 0, printed.err
    found = json.loads(printed.out)
    assert found["missing"] == []
    assert {trial["status"] for trial in found["trials"]} <= {"finished", "did not learn"}
