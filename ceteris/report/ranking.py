"""The arms in the order of their means, and how certain that order is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ceteris.report.evidence import ArmEvidence, Evidence
from ceteris.report.numbers import NONE, percent, probability
from ceteris.report.sentences import level
from ceteris.report.tables import Cell, Table, arm_cell
from ceteris.report.words import Words
from ceteris.stats.intervals import EQUAL
from ceteris.stats.ranking import Rank, ranks

FEWEST_ARMS = 3
"""With two arms their contrast says it all."""


@dataclass(frozen=True)
class Ranking:
    """A row per arm, best mean first, and how to read it."""

    table: Table
    sentences: tuple[str, ...]


def ranking(evidence: Evidence, words: Words) -> Ranking | None:
    """Mean, rank interval and probability of being best; None with fewer than 3 arms, or without any score."""
    found = ranked(evidence)
    if not found or found[0].mean is None:
        return None
    study = evidence.plan.study
    metric = words("page.metric", metric=words(f"metric.{study.metric}"))
    headings = (words("page.arm"), metric, words("rank.rank"), words("rank.best"))
    rows = tuple(_row(evidence.arm(rank.arm), rank, words) for rank in found)
    said = [_winner(found, words), words("rank.key", level=level(study.alpha))]
    unknown = [rank.arm for rank in found if rank.best is None]
    if unknown:
        said.append(words("rank.unknown", arms=words.listed(unknown)))
    return Ranking(Table("ranking", words("rank.title"), headings, rows), tuple(said))


def ranking_values(evidence: Evidence) -> list[dict[str, Any]]:
    """The ranking as plain values, best mean first; empty with fewer than 3 arms."""
    return [asdict(rank) for rank in ranked(evidence)]


def ranked(evidence: Evidence) -> list[Rank]:
    """The arms of the comparison (no A/A check) by their means, those without one last; none with fewer than 3.

    Registered looks share alpha equally among them (Bonferroni): the study may have stopped at any of them.
    """
    study = evidence.plan.study
    arms = [arm.scores for arm in evidence.arms if not arm.planned.again]
    if len(arms) < FEWEST_ARMS:
        return []
    found = ranks(arms, study.alpha / max(1, len(study.looks)), study.pairing)
    return sorted(found, key=lambda rank: -1.0 if rank.mean is None else rank.mean, reverse=True)


def _row(arm: ArmEvidence, rank: Rank, words: Words) -> tuple[Cell, ...]:
    place = str(rank.low) if rank.low == rank.high else words("interval.plain", low=rank.low, high=rank.high)
    mean = NONE if rank.mean is None else percent(rank.mean)
    best = NONE if rank.best is None else probability(rank.best)
    return arm_cell(arm, f"#{arm.anchor}"), Cell(mean), Cell(place), Cell(best)


def _winner(found: Sequence[Rank], words: Words) -> str:
    first, arms = found[0], words.count("arm", len(found))
    highest = first.mean or 0.0
    equal = [rank.arm for rank in found if rank.mean is not None and highest - rank.mean <= EQUAL]
    if len(equal) > 1:
        return words("rank.tied", first=words.listed(equal), arms=arms)
    if first.best is None:
        return words("rank.highest", arm=first.arm, arms=arms)
    return words("rank.winner", arm=first.arm, arms=arms, best=probability(first.best))
