"""The tables, as cells of text: the page, Markdown and LaTeX show the same ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ceteris.report.evidence import ArmEvidence, Evidence, Trial
from ceteris.report.numbers import NONE, duration, large, memory, p_value, percent, points, value, whole
from ceteris.report.palette import look
from ceteris.report.sentences import level, verdict_label
from ceteris.report.words import Words
from ceteris.stats.contrast import NOT_SURVIVED, Contrast, Verdict
from ceteris.stats.intervals import mean_interval, one_sample
from ceteris.study.vocabulary import FULL

MANY_CLASSES = 20
"""Classes from which on top-5 says something."""


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: what it says.
        small: in smaller type after it (an interval).
        share: length of the bar behind it, 0 to 1; None for no bar.
        strong: set in bold.
        href: where it leads in the page.
        symbol, colour: an arm's marker and CSS colour, before the text.
        links: (text, place in the page) of each trial the cell stands for.
    """

    text: str
    small: str = ""
    share: float | None = None
    strong: bool = False
    href: str = ""
    symbol: str = ""
    colour: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """Headings and rows; columns named in `words_in` hold words and are set flush left, the others hold numbers."""

    name: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words_in: tuple[int, ...] = (0,)


def arm_cell(arm: ArmEvidence, href: str = "") -> Cell:
    """An arm's name with its marker in its colour."""
    drawn = look(arm.index)
    return Cell(arm.name, symbol=drawn.symbol, colour=drawn.css, href=href)


def results(evidence: Evidence, words: Words) -> Table:
    """One row per arm: the metric with interval, n, size, cost, and the status of every trial."""
    metric = evidence.plan.study.metric
    metrics = [metric] + [name for name in ("top1", "top5") if name != metric and _worth(evidence, name)]
    costs = _costs(evidence, words)
    headings = [words("page.arm"), *(words("page.metric", metric=words(f"metric.{name}")) for name in metrics)]
    headings += [words("page.n"), *(heading for heading, _ in costs), words("page.trials")]
    columns = [cells for _, cells in costs]
    rows = [
        (
            arm_cell(arm, f"#{arm.anchor}"),
            *(_metric(evidence, arm, name, strong=_best(evidence, arm, name)) for name in metrics),
            Cell(str(len(arm.scored)), href=f"#{arm.anchor}"),
            *(column[place] for column in columns),
            _trials(arm, words),
        )
        for place, arm in enumerate(evidence.arms)
    ]
    return Table("results", words("section.results"), tuple(headings), tuple(rows), (0, len(headings) - 1))


def differs(evidence: Evidence, words: Words) -> Table | None:
    """One row per setting in which any arm differs from the baseline; only cells that differ are filled."""
    paths = list(dict.fromkeys(path for arm in evidence.arms for path in arm.planned.differs))
    if not paths:
        return None
    rows = []
    for path in paths:
        baseline = next(arm.planned.differs[path][0] for arm in evidence.arms if path in arm.planned.differs)
        others = [
            Cell(value(arm.planned.differs[path][1]) if path in arm.planned.differs else "")
            for arm in evidence.arms[1:]
        ]
        rows.append((Cell(path), Cell(value(baseline)), *others))
    headings = (words("page.setting"), *(arm.name for arm in evidence.arms))
    return Table("what-differs", words("section.differs"), headings, tuple(rows), tuple(range(len(headings))))


def contrasts(evidence: Evidence, words: Words) -> Table:
    """One row per planned contrast with every number its verdict rests on."""
    rules = {"holm": "p_adjusted", "dunnett": "p_dunnett", "exploratory": "p_exploratory"}
    rule = rules[evidence.plan.study.correction]
    names = ("difference", "n", "alone", "adjusted", "p", rule, "p_equivalent", "p_sign_flip")
    headings = [words("page.arm"), *(words(f"page.{name}") for name in names)]
    headings += [words("page.correlation"), words("page.verdict")]
    rows = tuple(_contrast(evidence, contrast, words) for contrast in evidence.contrasts)
    return Table("contrasts", words("section.sure"), tuple(headings), rows, (0, len(headings) - 1))


def seed_by_seed(evidence: Evidence, contrast: Contrast, words: Words) -> Table:
    """The scores behind one contrast: a row per seed, each score linked to its trial."""
    sides = (evidence.arm(contrast.arm), evidence.arm(contrast.baseline))
    both = dict(zip(contrast.seeds, contrast.differences, strict=True)) if contrast.differences else {}
    rows = []
    for ours, theirs in zip(sides[0].trials, sides[1].trials, strict=not contrast.looks):
        difference = both.get(ours.seed)
        shown = NONE if difference is None else points(difference)
        seed = str(ours.seed) if ours.seed == theirs.seed else f"{ours.seed} / {theirs.seed}"
        rows.append((Cell(seed), *(_score(evidence, trial, words) for trial in (ours, theirs)), Cell(shown)))
    headings = (words("page.seed"), sides[0].name, sides[1].name, words("page.difference"))
    caption = words("page.contrast", arm=sides[0].name, baseline=sides[1].name)
    return Table(f"contrast-{sides[0].index}", caption, headings, tuple(rows), ())


def reported(evidence: Evidence, words: Words) -> Table | None:
    """Numbers printed elsewhere beside ours, and whether they lie inside our interval; None when there are none."""
    rows = []
    for name, printed in evidence.plan.study.reported.items():
        arm = evidence.arm(name)
        source = " · ".join(filter(None, (printed.source, printed.note)))
        for metric, number in printed.numbers.items():
            named, compared = words(f"metric.{metric}"), _compared(evidence, arm, metric, number, words)
            ours = _metric(evidence, arm, metric)
            rows.append((arm_cell(arm), Cell(named), Cell(percent(number)), ours, Cell(compared), Cell(source)))
    headings = tuple(words(f"page.{name}") for name in ("arm", "measure", "published", "ours", "inside", "source"))
    return Table("reported", words("section.reported"), headings, tuple(rows), (0, 1, 4, 5)) if rows else None


def _worth(evidence: Evidence, name: str) -> bool:
    enough = name == "top1" or len(evidence.baseline.planned.data.classes) >= MANY_CLASSES
    return enough and any(arm.metric_mean(name) is not None for arm in evidence.arms)


def _metric(evidence: Evidence, arm: ArmEvidence, name: str, *, strong: bool = False) -> Cell:
    """The mean over seeds, its interval in smaller type."""
    mean = arm.metric_mean(name)
    interval = mean_interval(arm.values(name), evidence.plan.study.alpha)
    small = f"[{percent(interval[0])}, {percent(interval[1])}]" if interval else ""
    return Cell(NONE if mean is None else percent(mean), small, strong=strong)


def _best(evidence: Evidence, arm: ArmEvidence, name: str) -> bool:
    """Whether a verdict says that the arm is better in this metric."""
    said = any(c.arm == arm.name and c.verdict is Verdict.BETTER for c in evidence.contrasts)
    return said and name == evidence.plan.study.metric


def _costs(evidence: Evidence, words: Words) -> list[tuple[str, list[Cell]]]:
    """The cost columns: heading and one cell per arm, with a bar as long as its share of the column's largest."""
    arms = evidence.arms
    columns: list[tuple[str, list[float | None], Callable[[float], str]]] = [
        ("parameters", [arm.planned.model.parameters for arm in arms], whole),
        ("macs", [arm.planned.model.macs for arm in arms], large),
        ("train_time", [arm.average(lambda cost: cost.train_seconds) for arm in arms], duration),
        ("speed", [arm.average(lambda cost: cost.images_per_second) for arm in arms], whole),
        ("memory", [arm.average(lambda cost: cost.peak_memory_bytes) for arm in arms], memory),
    ]
    made = []
    for name, values, shown in columns:
        largest = max((number for number in values if number is not None), default=0) or 1
        cells = [Cell(NONE) if v is None else Cell(shown(v), share=round(v / largest, 3)) for v in values]
        made.append((words(f"page.{name}"), cells))
    return made


def _trials(arm: ArmEvidence, words: Words) -> Cell:
    counts = ", ".join(f"{count} {words(f'status.{status}')}" for status, count in arm.statuses().items())
    links = tuple((str(trial.seed), f"#{trial.anchor}") for trial in arm.trials)
    return Cell(counts, links=links)


def _contrast(evidence: Evidence, contrast: Contrast, words: Words) -> tuple[Cell, ...]:
    arm = evidence.arm(contrast.arm)
    correlation = NONE if contrast.correlation is None else f"{contrast.correlation:+.2f}"
    tests = (contrast.p, contrast.p_adjusted, contrast.p_equivalent, contrast.p_sign_flip)
    return (
        arm_cell(arm, f"#contrast-{arm.index}"),
        Cell(NONE if contrast.difference is None else points(contrast.difference)),
        Cell(str(len(contrast.seeds)), href=f"#contrast-{arm.index}"),
        *(_interval(interval) for interval in (contrast.interval, contrast.adjusted_interval)),
        *(Cell(p_value(p)) for p in tests),
        Cell(correlation.replace("-", "\N{MINUS SIGN}")),
        Cell(verdict_label(evidence, contrast, words)),
    )


def _interval(interval: tuple[float, float] | None) -> Cell:
    return Cell(NONE if interval is None else f"[{points(interval[0])}, {points(interval[1])}]")


def _score(evidence: Evidence, trial: Trial, words: Words) -> Cell:
    score = trial.metric(evidence.plan.study.metric)
    return Cell(words(f"status.{trial.status}") if score is None else percent(score), href=f"#{trial.anchor}")


def _not_compared(evidence: Evidence, arm: ArmEvidence, words: Words) -> str:
    """Why an arm is not what a published number was measured on; empty when it is."""
    if evidence.plan.scale != FULL:
        return words("reported.scale", scale=evidence.plan.scale)
    if not arm.planned.data.official:
        return words("reported.modified")
    if evidence.plan.overrides:
        return words("reported.changed", paths=words("list.comma").join(evidence.plan.overrides))
    lost = sum(status in NOT_SURVIVED for status in arm.scores.lost.values())
    return words("reported.lost", lost=lost, trials=words.count("trial", len(arm.trials))) if lost else ""


def _compared(evidence: Evidence, arm: ArmEvidence, metric: str, published: float, words: Words) -> str:
    if why_not := _not_compared(evidence, arm, words):
        return why_not
    against = one_sample(arm.values(metric), published, evidence.plan.study.alpha)
    if against is None:
        return words("reported.no_interval")
    shown = level(evidence.plan.study.alpha)
    if against.inside:
        return words("reported.inside", level=shown)
    return words("reported.outside", level=shown, difference=points(-against.difference))


def plain(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Every cell as one text: the small type after the large."""
    return [[f"{cell.text} {cell.small}".strip() for cell in row] for row in rows]
