"""Measurements in fresh processes, each with the environment that its kind of training starts with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from bench.meter import READY
from ceteris.lab.executors.worker import OBJECTS, environment

COMMAND = [sys.executable, "-m", "bench.child"]
IMPORT = f"""import gc; gc.set_threshold({OBJECTS}); from time import perf_counter as now
begun = now(); import torch; print(now() - begun)"""


class Failed(Exception):
    """A measurement ended without a result; its message is what the process said."""


def measured(wanted: Mapping[str, Any], *, as_worker: bool) -> Any:
    """The result of one measurement.

    Args:
        wanted: what `bench.child.measure` takes.
        as_worker: with the variables of `ceteris`' workers, else as a user starts a script.

    Raises Failed.
    """
    with _started(wanted, as_worker) as process:
        return _answer(process)


def measured_together(wanted: Sequence[Mapping[str, Any]], busy: Sequence[int], *, as_worker: bool) -> list[float]:
    """Images per second of several trainings side by side, summed, beside each of these numbers of busy processes.

    Every stretch begins at one moment, once all are warm. Raises Failed.
    """
    with ExitStack() as stack:
        running = [stack.enter_context(_started({**one, "waits": len(busy)}, as_worker)) for one in wanted]
        for process in running:
            _await_ready(process)
        for turn, count in enumerate(busy, 1):
            with neighbours(count):
                for process in running:
                    print("go", file=process.stdin, flush=True)
                if turn < len(busy):
                    for process in running:
                        _await_ready(process)
                else:
                    rates = [_answer(process) for process in running]
        return [sum(stretch) for stretch in zip(*rates, strict=True)]


def import_of_torch() -> float:
    """Seconds in which a worker imports torch. Raises Failed."""
    command = [sys.executable, "-c", IMPORT]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise Failed(done.stderr[-2000:])
    return float(done.stdout)


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """So many other processes that each keep a core busy."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@contextmanager
def _started(wanted: Mapping[str, Any], as_worker: bool) -> Iterator[subprocess.Popen[str]]:
    variables = dict(os.environ) | (environment(wanted["threads"]) if as_worker else {})
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([*COMMAND, json.dumps(wanted)], env=variables, text=True, **pipes)  # noqa: S603
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _await_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    if process.stdout.readline().strip() != READY:
        raise Failed(process.communicate()[1][-2000:])


def _answer(process: subprocess.Popen[str]) -> Any:
    out, errors = process.communicate()
    if process.returncode != 0 or not out.strip():
        raise Failed(errors[-2000:])
    return json.loads(out.splitlines()[-1])
