"""Every built-in study at its smallest scale, from the command to the page; only the images are noise."""

import html

import pytest

from ceteris.app.finding import built_in_studies
from ceteris.report.page import write_report
from ceteris.store.records import Store
from ceteris.study.manifest import Plan

pytestmark = pytest.mark.smoke


@pytest.mark.parametrize("name", built_in_studies())
def test_a_study_runs_from_its_command_to_its_page(name, ceteris, tmp_path):
    found = ceteris("run", name, "--scale", "smoke", "--store", "store", "--allow-modified-data")
    store = Store(tmp_path / "store")
    plan = Plan.from_json((store.root / "studies" / f"{name}-smoke" / "plan.json").read_bytes())
    keys = [trial.key for trial in plan.trials]

    assert found["missing"] == []
    assert [trial["key"] for trial in found["trials"]] == keys
    assert not [trial for trial in found["trials"] if trial["status"] in ("failed", "stopped")]

    findings = {key: store.findings(key, plan.probes) for key in keys}
    trained = {trial["key"] for trial in found["trials"] if trial["status"] != "diverged"}
    for key in trained:
        assert [one.probe for one in findings[key]] == list(plan.probes)
        assert [one.error for one in findings[key] if one.error] == []

    assert [claim["text"] for claim in found["claims"]] == [claim.text for claim in plan.study.claims]
    for claim in found["claims"]:
        assert claim["outcome"] != "not measured" or trained < set(keys), claim["sentence"]

    records = {key: store.get(key) for key in keys}
    chinese = write_report(plan, records, tmp_path / "zh", "zh", findings)
    for page in (tmp_path / found["report"], chinese):
        written = html.unescape(page.read_text(encoding="utf-8"))
        assert plan.study.question in written
        assert [arm.name for arm in plan.arms if arm.name not in written] == []
