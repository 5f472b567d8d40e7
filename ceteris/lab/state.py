"""What has become of a study's trials: done, begun, left or spared. From the records; what was seen before is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ceteris.lab.run import MANIFEST, read_manifest
from ceteris.lab.sharing import Resources, likely_share
from ceteris.store.atomic import write_atomically
from ceteris.store.records import Store
from ceteris.store.seen import Seen
from ceteris.study.manifest import Plan

SPARED = "spared"
SEEN = "seen"
"""Folder of the store with one file per study. It can be deleted at any time."""
FORMAT = 1


@dataclass(frozen=True)
class Outline:
    """A plan as far as its state goes.

    Attributes:
        study, scale, overrides: which it is.
        trials: arm, seed and key of each.
        prices: arm -> predicted seconds of one trial.
        looks: whether looks decide which trials are wanted.
        resources: where the study was last run.
    """

    study: str
    scale: str
    overrides: Mapping[str, Any]
    trials: tuple[tuple[str, int, str], ...]
    prices: Mapping[str, float]
    looks: bool
    resources: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> Outline:
        """The outline of a plan."""
        prices = {arm.name: arm.seconds or 0.0 for arm in plan.arms}
        trials = tuple((trial.arm, trial.seed, trial.key) for trial in plan.trials)
        study, looks = plan.study, bool(plan.study.looks)
        return cls(study.name, plan.scale, dict(plan.overrides), trials, prices, looks, dict(plan.resources))

    def seconds_left(self, left: Collection[str], resources: Resources | None = None) -> float:
        """Predicted wall time of training the trials with these keys, as many at a time as `resources` allow.

        They are by default those of the study's last run, or of a run that names none.
        """
        if not left:
            return 0.0
        whole = sum({key: self.prices[arm] for arm, _, key in self.trials if key in left}.values())
        _, workers = likely_share(len({key for *_, key in self.trials}), resources or Resources(**self.resources))
        return whole / max(1, min(workers, len(left)))


def states(store: Store) -> list[dict[str, Any]]:
    """The state of every study of the store, see `state_of`. Raises InputError for a broken plan or record."""
    return [_kept_state(file, store) for file in sorted((store.root / "studies").glob(f"*/{MANIFEST}"))]


def state_of(plan: Plan, store: Store) -> dict[str, Any]:
    """Counts, outcomes and one row per trial; one that no look wants, or wants so far, is spared.

    Raises InputError for a broken record.
    """
    return _state(Outline.of(plan), store, _spared(plan, store))


def _kept_state(file: Path, store: Store) -> dict[str, Any]:
    """The state of a study from its manifest, which is read only when it changed, as are the records."""
    memory = store.root / SEEN / f"{file.parent.name}.json"
    kept, found = _remembered(memory), file.stat()
    stamp, seen = [found.st_size, found.st_mtime_ns], Seen(store.root, kept.get("rows", {}))
    same = kept.get("plan") == stamp
    plan = None if same else read_manifest(file)
    outline = Outline(**kept["outline"]) if plan is None else Outline.of(plan)
    spared = kept.get("spared", [])
    if outline.looks:
        seen.look(key for *_, key in outline.trials)
        if seen.changed or not same:
            spared = _spared(plan or read_manifest(file), seen)
    state = _state(outline, seen, spared)
    if seen.changed or not same:
        _remember(memory, {"plan": stamp, "outline": asdict(outline), "spared": spared, "rows": seen.rows})
    return state


def _spared(plan: Plan, store: Store) -> list[int]:
    """Places in the plan of the trials that no look wants so far."""
    if not plan.study.looks:
        return []
    from ceteris.lab.looks import wanted_trials  # brings the statistics, which a study without looks does not need

    wanted = set(wanted_trials(plan, store))
    return [place for place, trial in enumerate(plan.trials) if trial not in wanted]


def _state(outline: Outline, store: Store, spared: Collection[int]) -> dict[str, Any]:
    trials, outcomes, unwanted = [], dict[str, int](), set(spared)
    for place, (arm, seed, key) in enumerate(outline.trials):
        row: dict[str, Any] = {"arm": arm, "seed": seed, "key": key, "status": "left"}
        if place in unwanted:
            row["status"] = SPARED
        elif store.has(key):
            said = store.statement(key)
            row |= {"status": said["status"], "reason": said["reason"], **said["metrics"]}
        elif epoch := store.begun(key):
            row |= {"status": "begun", "epochs_done": epoch}
        trials.append(row)
        outcomes[row["status"]] = outcomes.get(row["status"], 0) + 1
    left = {trial["key"] for trial in trials if trial["status"] in ("left", "begun")}
    return {
        "study": outline.study,
        "scale": outline.scale,
        "overrides": dict(outline.overrides),
        "outcomes": outcomes,
        "trials": trials,
        "seconds_left": outline.seconds_left(left),
    }


def _remembered(file: Path) -> dict[str, Any]:
    """What `_remember` wrote, or nothing when any byte of it is another."""
    try:
        digest, _, content = file.read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != digest:
            return {}
        kept: dict[str, Any] = json.loads(content)
    except (OSError, ValueError):
        return {}
    return kept if kept.get("format") == FORMAT else {}


def _remember(file: Path, kept: Mapping[str, Any]) -> None:
    content = json.dumps({"format": FORMAT, **kept}, separators=(",", ":")).encode()
    try:
        file.parent.mkdir(exist_ok=True)
        write_atomically(file, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    except OSError:
        return  # a store that can only be read has a state all the same
