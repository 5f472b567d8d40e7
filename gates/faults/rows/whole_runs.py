"""`ceteris run` killed and interrupted at random moments, and run again until it is done; or beside another run."""

from __future__ import annotations

import io
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from unittest import mock

from ceteris.store.records import Store
from gates.faults.row import Injection, Outcome, draws
from gates.faults.trials import bits, forked, one_thread

FAULT = "`ceteris run` is killed or interrupted at random moments, again and again"
PROMISE = (
    "run again, or left to a second run beside it, the study has the records of the run that nobody touched; an "
    "interrupt ends it with 130 and what to type"
)
SOURCE = "app"

CHAINS, SHORT_CHAINS, LINKS = 20, 1, 6
"""Stores, and how often each run is cut off before it may end."""
PAIRS, SHORT_PAIRS = 20, 3
"""Stores on which two runs are at work, and one of them is cut off; their numbers follow those of all chains."""
SIGNALS: Mapping[str, tuple[int, ...]] = {
    "SIGKILL": (signal.SIGKILL,),
    "SIGINT": (signal.SIGINT,),
    "SIGTERM": (signal.SIGTERM,),
    "SIGINT twice": (signal.SIGINT, signal.SIGINT),
}
WEIGHTS = (0.55, 0.15, 0.15, 0.15)
SHARE = 0.6
"""Of the time that the whole takes, within which a run is cut off: most are, before they are done."""
SECONDS_TO_END = 60.0
STUDY = """\
name: cut-off
question: Does the activation matter?
baseline:
  data: {name: shapes, train_images: 90, test_images: 30, classes: 3, difficulty: 0.1}
  model: {name: plain-cnn, width: 4}
  optimizer: {name: sgd, lr: 0.05, momentum: 0.9}
  epochs: 3
  batch_size: 9
factors: [{path: model.activation, levels: [gelu]}]
seeds: 2
"""


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Chains of runs, each cut off at a moment of the time that the whole takes; the last run of a chain is left alone.

    Then pairs of runs, one of which is left alone. A number of a chain replays the whole chain. Moments are drawn, not
    steps: the same number comes near the same place.
    """
    chains: Sequence[int] = range(SHORT_CHAINS if short else CHAINS)
    pairs: Sequence[int] = range(CHAINS * LINKS + 1, CHAINS * LINKS + 1 + (SHORT_PAIRS if short else PAIRS))
    if only is not None:
        chains, pairs = ([], [only]) if only > CHAINS * LINKS else ([(only - 1) // LINKS], [])
    with tempfile.TemporaryDirectory() as folder, one_thread():
        place = Path(folder)
        (place / "study.yaml").write_text(STUDY)
        with mock.patch("sys.stdout", io.StringIO()):
            _command(place, "first")  # here, so that every child has what is imported on the way
        begun = time.monotonic()
        code = _ended(forked(_run(place, "clean")))
        whole, seconds = _records(place / "clean"), time.monotonic() - begun
        if code or len(whole) != 4:
            raise RuntimeError(f"the run that nobody touched ended with {code}: {_said(place, 'clean')}")
        for chain in chains:
            links = [_link(place, f"chain {chain}", chain * LINKS + link + 1, seconds) for link in range(LINKS)]
            outcome, detail = _end_of_chain(place, f"chain {chain}", whole)
            for number, (label, wrong) in enumerate(links, chain * LINKS + 1):
                if only in (None, number):
                    said = (Outcome.WRONG, wrong) if wrong else (outcome, detail)
                    yield Injection(number, label, *said)
        for number in pairs:
            yield _pair(place, number, seconds, whole)


def _pair(place: Path, number: int, seconds: float, whole: Mapping[str, str]) -> Injection:
    """Two runs of the study on one store; one is cut off, the other has to do all the rest."""
    name = f"pair {number}"
    kept = forked(_run(place, name, "left alone"))
    label, wrong = _link(place, name, number, seconds)
    code = _ended(kept)
    if wrong or code:
        wrong = wrong or f"the run that was left alone ended with {code}: {_said(place, name, 'left alone')[-300:]}"
        return Injection(number, f"{label}, beside another run", Outcome.WRONG, wrong)
    return Injection(number, f"{label}, beside another run", *_compared(place, name, whole))


def _link(place: Path, name: str, number: int, seconds: float) -> tuple[str, str]:
    """One run that is cut off: what was done to it, and what was wrong with how it ended."""
    generator = draws("whole_runs", number)
    kind = list(SIGNALS)[int(generator.choice(len(SIGNALS), p=WEIGHTS))]
    after = float(generator.random()) * seconds * SHARE
    child = forked(_run(place, name))
    time.sleep(after)
    for sent in SIGNALS[kind]:
        with suppress(ProcessLookupError):
            os.kill(child, sent)
            time.sleep(0.02)
    code, said = _ended(child), _said(place, name)
    return f"{kind} after {after:.2f} s", _wrong_end(kind, code, said)


def _wrong_end(kind: str, code: int, said: str) -> str:
    if kind == "SIGKILL" or code == 0:
        return ""
    if code == -signal.SIGTERM and not said:
        return ""  # it had not begun
    if code != 130:
        return f"it ended with {code}: {said[-300:]}"
    return "" if "to train" not in said or "To go on:" in said else f"it does not say how to go on: {said[-300:]}"


def _end_of_chain(place: Path, name: str, whole: Mapping[str, str]) -> tuple[Outcome, str]:
    code = _ended(forked(_run(place, name)))
    if code:
        return Outcome.WRONG, f"the last run ended with {code}: {_said(place, name)[-300:]}"
    return _compared(place, name, whole)


def _compared(place: Path, name: str, whole: Mapping[str, str]) -> tuple[Outcome, str]:
    found, store = _records(place / name), Store(place / name)
    if missing := whole.keys() - found.keys():
        return Outcome.LOST, f"{len(missing)} records are missing"
    if found != whole or any(store.broken(key) for key in found):
        return Outcome.WRONG, "records differ"
    return Outcome.SURVIVED, ""


def _run(place: Path, name: str, which: str = "") -> partial[None]:
    return partial(_ceteris_run, place, name, which)


def _ceteris_run(place: Path, name: str, which: str) -> None:
    """The command in a process of its own, which ends with it."""
    with (place / f"{name}{which}.txt").open("w", buffering=1) as words, mock.patch("sys.stdout", words):
        os.dup2(words.fileno(), 2)
        code = _command(place, name)
    os._exit(code)


def _command(place: Path, name: str) -> int:
    """`ceteris run` on a store of that name. What the page looks like is not what is cut off."""
    from ceteris.app.cli import main

    with (
        mock.patch.dict(os.environ, {"CETERIS_CACHE": str(place / "cache")}),
        mock.patch("ceteris.lab.sharing.usable_cores", return_value=1),
        mock.patch("ceteris.report.page.contents", return_value={"report.html": b"a page"}),
    ):
        study, store = str(place / "study.yaml"), str(place / name)
        return main(["run", study, "--store", store, "--executor", "inline", "--device", "cpu"])


def _ended(child: int) -> int:
    """Its exit code, or minus the signal that ended it; one that does not end is killed."""
    patience = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < patience:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 999


def _said(place: Path, name: str, which: str = "") -> str:
    file = place / f"{name}{which}.txt"
    return file.read_text() if file.exists() else ""


def _records(folder: Path) -> dict[str, str]:
    store, keys = Store(folder), Store(folder).keys()
    return {key: bits(store.get(key, weights=True)) for key in keys if not store.broken(key)}
