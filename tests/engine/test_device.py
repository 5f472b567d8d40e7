"""What is recorded of the machine."""

import json

import numpy as np
import pytest
import torch

from ceteris.engine.device import (
    Conditions,
    PeakMemory,
    best_device,
    check_compiler,
    check_device,
    computes_bf16,
    current,
    environment,
)
from ceteris.errors import InputError
from ceteris.version import VERSION


def test_the_best_device_is_there():
    assert check_device(best_device()) == best_device()
    assert check_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name):
    with pytest.raises(InputError, match=rf"--device: no device '{name}' here \(there is: .*cpu\)"):
        check_device(name)


def test_an_accelerator_is_checked_by_its_number(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [check_device(name) for name in ("cuda", "cuda:1", "cpu")] == ["cuda", "cuda:1", "cpu"]
    assert best_device() == "cuda"
    for name in ("cuda:2", "cuda:x", "cpu:1"):
        with pytest.raises(InputError, match="there is: cpu, cuda, cuda:0, cuda:1"):
            check_device(name)


def test_a_card_with_a_number_is_made_the_current_one():
    assert current("cuda:1").idx == 1
    with current("cpu"):
        assert not torch.cuda.is_initialized()


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"avx2": True, "avx512_bf16": False}, False),
        ({"avx512_f": True, "avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"neon": True, "bf16": False}, False),
        ({"neon": True, "bf16": True}, True),
    ],
)
def test_a_processor_computes_bf16_by_its_instructions(there, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: there, raising=False)  # torch 2.10 has none
    assert computes_bf16("cpu") is expected
    assert computes_bf16("mps")


@pytest.mark.parametrize("native", [True, False])
def test_a_cuda_device_that_emulates_bf16_does_not_compute_it(native, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or native)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert computes_bf16("cuda:1") is native


def test_nothing_is_said_against_a_card_of_another_machine(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert computes_bf16("cuda")


def test_the_environment_names_what_a_report_needs():
    torch.set_num_threads(2)
    around = environment(Conditions())
    assert around["ceteris"] == VERSION
    assert (around["torch"], around["numpy"]) == (torch.__version__, np.__version__)
    assert around["device"] == "cpu"
    assert around["threads"] == 2
    assert around["cores"] >= 1
    assert all(around[name] for name in ("python", "system", "processor"))
    assert json.loads(json.dumps(around)) == around


def test_peak_memory_never_falls_and_sees_what_was_freed():
    memory = PeakMemory("cpu")
    before = memory.highest()
    block = np.ones(2**25, dtype=np.uint8)
    assert block.sum() == 2**25
    during = memory.highest()
    del block
    assert memory.highest() >= during >= before + 2**24


def test_only_a_cuda_device_is_worth_compiling_for():
    with pytest.raises(InputError, match="only CUDA devices train faster when compiled"):
        check_compiler("cpu")


def test_a_compiler_that_does_not_work_is_said_in_words(monkeypatch):
    def refuse(function):
        raise RuntimeError("no C compiler\nand much more")

    monkeypatch.setattr(torch, "compile", refuse)
    with pytest.raises(InputError, match=r"torch\.compile does not work here: no C compiler"):
        check_compiler("cuda")


def test_the_environment_says_what_was_compiled():
    assert environment(Conditions(compiled=True))["compiled"] is True
    assert "compiled" not in environment(Conditions())
