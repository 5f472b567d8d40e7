"""The memory gate on a few images, and what it calls a failure."""

import sys

import pytest

from gates.memory import CLASSES, MIB, Peak, make_folder, measure, passes, table, watched


def test_memory_that_grows_with_the_folder_fails():
    small = Peak(1000, 100 * MIB, 500 * MIB, 600 * MIB, 1.0)
    assert passes(small, Peak(4000, 400 * MIB, 520 * MIB, 900 * MIB, 4.0))
    assert not passes(small, Peak(4000, 400 * MIB, 800 * MIB, 900 * MIB, 4.0))


def test_the_folder_has_so_many_images(tmp_path):
    make_folder(tmp_path, 10)
    assert len(list(tmp_path.glob("class-*/*.png"))) == 10
    assert len(list(tmp_path.iterdir())) == CLASSES


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells of anonymous memory on Linux only")
def test_what_a_process_takes_is_seen():
    with watched() as before:
        pass
    with watched() as most:
        taken = bytearray(b"x") * (64 * MIB)
        assert len(taken) == 64 * MIB
        while most["anonymous"] < before["anonymous"] + 32 * MIB:
            """Until the watcher has looked."""


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells of anonymous memory on Linux only")
def test_a_study_of_a_small_folder_is_measured():
    peak = measure(30, side=8)
    assert (peak.images, peak.decoded) == (30, 30 * 8 * 8 * 3)
    assert peak.resident > peak.anonymous > 20 * MIB
    assert len(table([peak]).splitlines()) == 3
