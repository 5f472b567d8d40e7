"""Instructions are counted once, where their code lies, and without what comes before and after training."""

from collections import Counter

import pytest

from bench import instructions
from bench.cases import BATCH, CPU_CASES, case, images
from bench.instructions import LONG, SHORT, Steps, by_place, per_image
from bench.meter import Over

WRITTEN = """\
version: 1
positions: line
events: Ir

ob=/usr/bin/python3.11
fl=???
fn=main
0 5
cob=/usr/lib/libtorch_cpu.so
cfn=product
calls=2 0
0 1300
0 2
fn=other
0 10

ob=/usr/lib/libtorch_cpu.so
fn=product
0 300
cob=???
cfn=0x1000
calls=1 0
0 1000

ob=???
fn=0x1000
0 1000

ob=/usr/lib/libc.so.6
fn=memcpy
0 7

totals: 1324
"""


def test_the_places_add_up_to_what_callgrind_counted():
    found = by_place(WRITTEN.splitlines())

    assert found == {"Python": 17, "torch": 300, "kernels": 1000, "others": 7}
    assert found.total() == int(WRITTEN.rsplit(maxsplit=1)[-1])


def test_what_comes_before_and_after_training_does_not_count(monkeypatch):
    counts = {steps: Counter(torch=10**9 + 7 * BATCH * steps, Python=10**6) for steps in (SHORT, LONG)}
    monkeypatch.setattr(instructions, "_counted", lambda rival, model, steps: counts[steps])

    assert per_image("lenet", "ceteris") == Counter(torch=7)


def test_the_table_says_how_many_times_as_many(monkeypatch, capsys):
    counts = {"ceteris": Counter(torch=2_000_000), "usual": Counter(torch=2_500_000, Python=500_000)}
    monkeypatch.setattr(instructions, "per_image", lambda model, rival: counts[rival])
    monkeypatch.setattr("shutil.which", lambda name: name)

    instructions.main()

    lines = capsys.readouterr().out.splitlines()
    assert lines[2:4] == [
        "| lenet | ceteris | 2.00 | 0.00 | 2.00 | 0.00 | 0.00 | 1.00 |",
        "| lenet | usual script | 3.00 | 0.00 | 2.50 | 0.50 | 0.00 | 1.50 |",
    ]
    assert len(lines) == 2 + 2 * len(CPU_CASES)


def test_training_ends_after_its_steps():
    from bench import ours

    watcher = Steps(3)
    ours.until_over(case("lenet"), images(None, None, False), 1, watcher)

    assert watcher.left == 0
    with pytest.raises(Over):
        Steps(1).step()


def test_without_valgrind_it_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SystemExit, match="valgrind"):
        instructions.main()
