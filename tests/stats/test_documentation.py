"""The page on statistics: its example prints what the page says."""

import contextlib
import io
import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_says():
    example, printed = re.search(r"```python\n(.*?)```\n\nprints\n\n```text\n(.*?)```", PAGE, re.DOTALL).groups()
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example, "docs/statistics.md", "exec"), {})

    assert out.getvalue() == printed


def test_the_file_shown_can_be_read(tmp_path):
    from ceteris.report.results_file import read_results

    (tmp_path / "results.csv").write_text(re.search(r"```text\n(arm,seed,.*?)```", PAGE, re.DOTALL)[1])
    found = read_results(tmp_path / "results.csv")

    assert found.metric == "accuracy"
    assert found.arms[1].lost == {1: "diverged"}


def test_every_word_of_a_verdict_is_explained():
    from ceteris.stats import Verdict

    assert [word for word in Verdict if f"**{word}**" not in PAGE] == []
