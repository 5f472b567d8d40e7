"""NVIDIA's service is started, used and told to quit; here by a program that only notes what it was asked."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ceteris.lab.executors import mps
from ceteris.lab.executors.mps import shared_card


@pytest.fixture
def noted(tmp_path, monkeypatch):
    """What the stand-in for the control program was told, in order."""
    program, notes = tmp_path / mps.CONTROL, tmp_path / "notes"
    program.write_text(f'#!/bin/sh\nif [ "$1" = -d ]; then echo start; else cat; fi >> {notes}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_MPS_PIPE_DIRECTORY", raising=False)
    monkeypatch.setattr(mps, "RUNNING_ALREADY", tmp_path / "nothing")
    notes.touch()
    return notes


def test_the_service_runs_while_workers_do(noted):
    with shared_card("cuda", 4) as variables:
        assert noted.read_text() == "start\n"
        folder = Path(variables["CUDA_MPS_PIPE_DIRECTORY"])
        assert folder.is_dir()
    assert noted.read_text() == "start\nquit\n"
    assert not folder.exists()


def test_the_service_sees_every_card_and_its_workers_those_of_the_user(noted, tmp_path, monkeypatch):
    program = tmp_path / mps.CONTROL
    program.write_text(f'#!/bin/sh\necho "$1 sees ${{CUDA_VISIBLE_DEVICES-all}}" >> {noted}\n')
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    with shared_card("cuda", 4) as variables:
        assert "CUDA_VISIBLE_DEVICES" not in variables
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "2,3"
    assert noted.read_text().splitlines()[0] == "-d sees all"


@pytest.mark.parametrize(("device", "workers"), [("cpu", 4), ("cuda", 1), ("mps", 4)])
def test_nothing_is_started_where_it_is_of_no_use(noted, device, workers):
    with shared_card(device, workers) as variables:
        assert variables == {}
    assert noted.read_text() == ""


def test_a_service_of_the_users_own_is_left_alone(noted, monkeypatch):
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", "/somewhere")
    with shared_card("cuda", 4) as variables:
        assert variables == {}
    assert noted.read_text() == ""


def test_workers_go_on_where_the_service_does_not_start(noted, tmp_path):
    (tmp_path / mps.CONTROL).write_text("#!/bin/sh\nexit 1\n")
    with shared_card("cuda", 4) as variables:
        assert variables == {}


def test_workers_go_on_where_there_is_no_such_program(monkeypatch):
    monkeypatch.setattr(mps, "control_program", lambda: None)
    with shared_card("cuda", 4) as variables:
        assert variables == {}


def test_the_service_quits_when_its_process_is_killed(noted, tmp_path):
    script = f"""
        import pathlib, sys, time
        from ceteris.lab.executors import mps
        mps.RUNNING_ALREADY = pathlib.Path({str(tmp_path / "nothing")!r})
        with mps.shared_card("cuda", 2):
            print("inside", flush=True)
            sys.stdin.read()
    """
    fifo = tmp_path / "quit-was-said"
    os.mkfifo(fifo)
    notes = f'if [ "$1" = -d ]; then echo start >> {noted}; else cat > {fifo}; fi'
    (tmp_path / mps.CONTROL).write_text(f"#!/bin/sh\n{notes}\n")
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"inside\n"
        process.send_signal(signal.SIGKILL)
        assert fifo.read_text() == "quit\n"
