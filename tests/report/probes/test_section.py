import json
import re
from dataclasses import replace

import pytest

from ceteris.report import page
from ceteris.report.drawing import Rendered
from ceteris.report.evidence import gather
from ceteris.report.probes import FIGURES, shown_probes
from ceteris.report.words import Words, table


@pytest.fixture
def undrawn(monkeypatch):
    """Without drawing: what the page says of figures, not how they look."""
    monkeypatch.setattr(page, "render", lambda drawing: Rendered(drawing, ("<svg></svg>",), (), {}))


def test_without_findings_there_is_no_section(two_arms, undrawn):
    asked = replace(two_arms.plan, probes=({"name": "sharpness", "version": "1"},))
    plain = page.contents(gather(two_arms.plan, two_arms.records), Words("en"))
    assert page.contents(gather(asked, two_arms.records, {}), Words("en")) == plain
    assert b'id="probes"' not in plain["report.html"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_probe_has_its_part_of_the_page(two_arms, probed, undrawn, language):
    made = page.contents(probed(two_arms, *FIGURES), Words(language))
    text = made["report.html"].decode()
    for name in FIGURES:
        assert f'id="probe-{name}"' in text
        assert f'id="figure-{name}"' in text
        assert f"figures/{name}.csv" in made
        title = table(language)[f"probe_title.{name}"]
        assert title in text
        assert title in made["report.md"].decode()
    assert 'href="#probes"' in text
    ids, places = re.findall(r'\sid="([^"]+)"', text), re.findall(r'href="#([^"]+)"', text)
    assert len(set(ids)) == len(ids)
    assert set(places) <= set(ids)
    assert set(re.findall(r'href="(figures/[^"]+)"', text)) <= set(made)
    assert all(source.startswith("data:image/png;base64,") for source in re.findall(r'src="([^"]+)"', text))


def test_a_failed_probe_says_so_in_one_line(two_arms, probed):
    (shown,) = shown_probes(probed(two_arms, "sharpness", failed=[("resnet14", 0), ("resnet14", 2)]), Words("en"))
    assert shown.remarks == ("resnet14, seeds 0, 2: the probe failed: RuntimeError: boom <1>",)
    assert {row["seed"] for row in shown.drawing.data if row["arm"] == "resnet14"} == {1}


def test_a_probe_that_failed_everywhere_has_no_figure(two_arms, probed, undrawn):
    everywhere = [(arm, seed) for arm in two_arms.arms for seed in range(3)]
    evidence = probed(two_arms, "sharpness", failed=everywhere)
    (shown,) = shown_probes(evidence, Words("en"))
    assert shown.exhibit is None
    assert len(shown.remarks) == 2
    assert b"boom &lt;1&gt;" in page.contents(evidence, Words("en"))["report.html"]


def test_what_is_missing_or_was_not_repeated_is_said(two_arms, probed):
    evidence = probed(two_arms, "sharpness", absent=[("resnet14", 0)], other=[("plain-cnn", 1)])
    (shown,) = shown_probes(evidence, Words("en"))
    assert shown.remarks[0].startswith("1 trial trained again")
    assert shown.remarks[1] == "1 trial not measured yet."


def test_a_probe_asked_for_twice_has_two_figures(two_arms, probed):
    shown = shown_probes(probed(two_arms, "loss-surface", "loss-line"), Words("en"))
    assert len({one.name for one in shown}) == 2
    assert all(one.drawing.name == one.name for one in shown)


def test_the_numbers_beside_a_figure_are_plain(two_arms, probed):
    for shown in shown_probes(probed(two_arms, *FIGURES), Words("en")):
        json.dumps([dict(row) for row in shown.exhibit.data])
        assert {row["arm"] for row in shown.exhibit.data} <= {"plain-cnn", "resnet14"}
        assert shown.exhibit.data
