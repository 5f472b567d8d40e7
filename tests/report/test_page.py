import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ceteris.errors import InputError
from ceteris.report import page as module
from ceteris.report.evidence import gather
from ceteris.report.page import contents, write_report
from ceteris.report.words import Words
from ceteris.study.record import Status
from ceteris.study.reported import Reported

VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """Checks that elements nest, and collects ids, links, sources, tags and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.sources, self.tags, self.words = [], [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        names = dict(attributes)
        self.ids += [names["id"]] if "id" in names else []
        self.links += [names["href"]] if "href" in names else []
        self.sources += [names["src"]] if "src" in names else []
        assert not any(name.startswith("on") for name in names)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())


def made(world, language="en"):
    return contents(gather(world.plan, world.records), Words(language))


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.fixture(scope="module")
def folder(two_arms):
    return made(two_arms)


@pytest.fixture(scope="module")
def page(folder):
    return Page(folder["report.html"].decode())


def check(page, files):
    assert len(set(page.ids)) == len(page.ids)
    for link in page.links:
        assert link[1:] in page.ids if link.startswith("#") else link in files
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not {"script", "iframe", "object", "link", "form"} & set(page.tags)


def test_the_page_is_one_self_contained_file(folder, page):
    check(page, folder)
    text = folder["report.html"].decode()
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in text
    assert set(re.findall(r"https?://[^\s\"'<)]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in text


def test_the_first_screen_answers(page):
    start = page.text[: page.text.index("Read before use")]
    assert "scale laptop" in start[:80]
    assert "Do residual connections beat a plain network?" in start
    assert "resnet14 is better than plain-cnn by 11.42 pp top-1 (95 % interval 9.85 to 12.98, 3 seeds)" in start


def test_sections_come_in_their_order(page):
    wanted = ["differs", "results", "learning", "cost", "errors", "sure", "reported", "repeat", "trials"]
    assert [name for name in page.ids if name in wanted] == wanted


def test_numbers_lead_to_their_trials(two_arms, page):
    for index in (0, 1):
        for trial in two_arms.plan.trials_of(two_arms.plan.arms[index].name):
            assert f"#trial-{index}-{trial.seed}" in page.links
            assert trial.key in page.text


def test_every_figure_is_labelled_and_has_its_data_beside_it(folder):
    text = folder["report.html"].decode()
    assert (
        text.count("<svg xmlns")
        == text.count('role="img"')
        == len(re.findall(r'role="img"[^>]* aria-label="[^"]+"><title>', text))
    )
    figures = {name.rpartition(".")[0] for name in folder if name.startswith("figures/")}
    assert figures == {
        f"figures/{name}"
        for name in (
            "strip",
            "learning-by-epoch",
            "learning-by-seconds",
            "learning-by-macs",
            "cost",
            "confusion",
            "confusion-of-each",
            "best-test-epoch",
        )
    }
    assert all(f"{name}.{kind}" in folder for name in figures for kind in ("svg", "png", "pdf", "csv"))


def test_the_same_records_give_the_same_bytes(two_arms, folder):
    assert made(two_arms) == folder


def test_results_csv_holds_every_trial(two_arms, folder):
    found = rows(folder["results.csv"])
    assert [(row["arm"], int(row["seed"])) for row in found] == [(a, s) for a in two_arms.arms for s in range(3)]
    for row in found:
        record = two_arms.records[row["key"]]
        assert float(row["top1"]) == record.metrics["top1"]
        assert float(row["train_seconds"]) == record.cost.train_seconds
        assert (int(row["epochs"]), int(row["chosen_epoch"])) == (len(record.epochs), record.chosen_epoch)
        assert (row["status"], row["device"], row["threads"]) == ("finished", "cpu", "1")


def test_contrasts_csv_holds_the_verdict(folder):
    (row,) = rows(folder["contrasts.csv"])
    assert row["verdict"] == "better"
    assert float(row["low"]) < float(row["difference"]) < float(row["high"])


def test_the_curves_data_are_the_records(two_arms, folder):
    for row in rows(folder["figures/learning-by-epoch.csv"]):
        epoch = two_arms.records[row["key"]].epochs[int(row["epoch"]) - 1]
        assert float(row["validation_top1"]) == epoch.validation_top1


def test_latex_is_balanced_booktabs(folder):
    for name in ("results", "contrasts", "what-differs"):
        text = folder[f"tables/{name}.tex"].decode()
        body = text[text.index(r"\toprule") :]
        columns = re.search(r"{([lr]+)}", text)[1]
        lines = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {len(columns) - 1}
        assert text.count(r"\begin") == text.count(r"\end") == text.count(r"\toprule") == 1
        assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


def test_markdown_tables_have_one_width(folder):
    widths = {}
    for number, line in enumerate(folder["report.md"].decode().splitlines()):
        if line.startswith("|"):
            widths[number] = len(re.findall(r"(?<!\\)\|", line))
    assert all(widths[n] == widths[n - 1] for n in widths if n - 1 in widths)


def test_a_smaller_scale_is_not_compared_with_a_published_number(page):
    assert "not compared: this is scale laptop" in page.text


@pytest.mark.usefixtures("quick")
def test_a_full_scale_is_compared(world):
    full = world({"a": 0.7, "b": 0.8}, scale="full", reported={"a": Reported(top1=0.99, top5=0.85)})
    text = made(full)["report.md"].decode()
    rows = [line for line in text.splitlines() if line.startswith("| a | top-")]
    assert [row.split("|")[2:4] for row in rows] == [[" top-1 ", " 99.00 "], [" top-5 ", " 85.00 "]]
    assert "outside the 95 % interval" in rows[0]
    assert "inside the 95 % interval" in rows[1]
    assert all(re.search(r"\| \d\d\.\d\d \\\[\d\d", row) for row in rows)


@pytest.mark.usefixtures("quick")
def test_what_is_not_the_published_recipe_is_not_compared(world):
    reported = {"a": Reported(top1=0.99), "b": Reported(top1=0.5)}
    full = world({"a": 0.7, "b": 0.8}, scale="full", reported=reported, ended={("b", 1): Status.DIVERGED})
    a, b = compared(full.plan, full.records)
    assert "outside the 95 % interval" in a
    assert "not compared: 1 of 3 trials diverged or failed" in b
    changed = replace(full.plan, overrides={"epochs": 1})
    assert all("not compared: settings were changed by hand (epochs)" in row for row in compared(changed, full.records))
    text = contents(gather(changed, full.records), Words("en"))["report.md"].decode()
    assert "scale full (epochs=1)" in text.splitlines()[0]


def compared(plan, records):
    text = contents(gather(plan, records), Words("en"))["report.md"].decode()
    return [line for line in text.splitlines() if re.match(r"\| [ab] \| top-1 ", line)]


def test_assumptions_notes_and_commands_are_there(page):
    for wanted in (
        "optimizer.lr: left out",
        "A made-up study.",
        "ceteris run made-up --scale laptop --allow-modified-data",
        "ceteris export ",
        "2.13.0",
    ):
        assert wanted in page.text


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_trouble_is_told_at_the_top(troubled, language):
    files = made(troubled, language)
    page = Page(files["report.html"].decode())
    check(page, files)
    words = Words(language)
    text = page.text
    assert text.index(words("modified.title")) < text.index("Do residual connections")
    assert text.index(words("warning.title")) < text.index(words("section.learning"))


EVERY = [(arm, seed) for arm in "ab" for seed in range(3)]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("arms", "options"),
    [
        ({"a": 0.7, "b": 0.8}, {"absent": EVERY}),
        ({"a": 0.7, "b": 0.8}, {"seeds": 1}),
        ({"a": 0.7, "b": 0.8}, {"ended": dict.fromkeys(EVERY, Status.DIVERGED)}),
        ({"a": 0.7, "b": 0.8}, {"ended": dict.fromkeys(EVERY, Status.FAILED), "pairing": "independent"}),
        ({"a": 0.5, "b": 0.5}, {"classes": [f"class {i}" for i in range(200)], "sealed": False}),
        ({"baseline " * 12: 0.7, "网络": 0.8}, {"pairing": "independent", "metric": "top5"}),
    ],
    ids=["no record", "one seed", "all diverged", "all failed", "200 classes", "long and Chinese names"],
)
def test_any_state_of_a_study_gives_a_sound_page(world, arms, options):
    files = made(world(arms, **options))
    check(Page(files["report.html"].decode()), files)


@pytest.mark.usefixtures("quick")
def test_markup_in_names_stays_text(world):
    script = "<script>alert(1)</script>"
    files = made(
        world(
            {script: 0.6, "$x_1$ | \\ & %": 0.7},
            seeds=2,
            classes=[script, '"><img src=x onerror=alert(1)>', *"cdefghij"],
            notes=[script],
            question=f"What of {script}?",
            assumed={"optimizer.lr": script},
        )
    )
    page = Page(files["report.html"].decode())
    check(page, files)
    assert page.text.count(script) > 5
    assert not re.search(r"(?<!\\)<script", files["report.md"].decode())
    assert b"<script" not in files["figures/strip.svg"] + files["figures/confusion.svg"]


def test_writing_replaces_files_whole_and_leaves_nothing_else(world, tmp_path):
    made_up = world({"a": 0.7, "b": 0.8}, absent=EVERY)
    (tmp_path / "report.html").write_text("old")
    path = write_report(made_up.plan, made_up.records, tmp_path)
    assert path == tmp_path / "report.html"
    assert "old" not in path.read_text(encoding="utf-8")[:4]
    assert not list(tmp_path.rglob(".*"))


def test_a_folder_that_cannot_be_written_is_an_input_error(world, tmp_path):
    made_up = world({"a": 0.7, "b": 0.8}, absent=EVERY)
    (tmp_path / "report").write_text("a file")
    with pytest.raises(InputError, match="the report cannot be written"):
        write_report(made_up.plan, made_up.records, tmp_path / "report")


def test_two_that_write_a_page_at_once_do_not_meet(tmp_path, monkeypatch):
    """On two machines their processes may have the same number."""
    rename, page = Path.replace, tmp_path / "report.html"

    def while_another_writes(own, target):
        monkeypatch.setattr(Path, "replace", rename)
        module._write(page, b"the other's")
        return rename(own, target)

    monkeypatch.setattr(Path, "replace", while_another_writes)
    module._write(page, b"mine")
    assert page.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [page]
