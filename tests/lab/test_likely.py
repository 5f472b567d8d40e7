"""What is installed tells the device of a run before torch is imported."""

import pytest

from ceteris.errors import InputError
from ceteris.lab import likely
from ceteris.lab.likely import card_names, kind_of, likely_cards, likely_device


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with or without a driver, with that build of torch, on that system."""

    def made(driver, build, system=("linux", "x86_64")):
        file = tmp_path / "version"
        if driver:
            file.touch()
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(likely, "NVIDIA_DRIVER", file)
        monkeypatch.setattr(likely, "version", lambda _: build)
        monkeypatch.setattr(likely.sys, "platform", system[0])
        monkeypatch.setattr(likely.platform, "machine", lambda: system[1])

    return made


@pytest.mark.parametrize(
    ("driver", "build", "expected"),
    [
        (True, "2.13.0+cu130", "cuda"),
        (True, "2.13.0", "cuda"),
        (True, "2.13.0+cpu", "cpu"),
        (False, "2.13.0+cu130", "cpu"),
    ],
)
def test_a_card_needs_its_driver_and_a_torch_that_can_use_it(driver, build, expected, machine):
    machine(driver, build)
    assert likely_device() == expected


@pytest.mark.parametrize(("visible", "expected"), [("", "cpu"), ("-1", "cpu"), ("0", "cuda")])
def test_a_card_that_the_user_hides_is_not_there(visible, expected, machine, monkeypatch):
    machine(True, "2.13.0")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert likely_device() == expected


def test_a_torch_that_is_not_there_uses_no_card(machine, monkeypatch):
    machine(True, "2.13.0")
    monkeypatch.setattr(likely, "version", lambda _: (_ for _ in ()).throw(likely.PackageNotFoundError("torch")))
    assert likely_device() == "cpu"


def test_apples_own_chips_have_an_accelerator(machine):
    machine(False, "2.13.0", ("darwin", "arm64"))
    assert likely_device() == "mps"
    machine(False, "2.13.0", ("darwin", "x86_64"))
    assert likely_device() == "cpu"


def test_it_is_what_torch_finds_here():
    from ceteris.engine.device import best_device

    assert likely_device() == best_device()


@pytest.mark.parametrize(("device", "kind"), [("cuda:1", "cuda"), ("cpu", "cpu"), ("mps", "mps"), (None, "cuda")])
def test_a_device_has_a_kind_whether_it_is_there_or_not(device, kind, machine):
    machine(True, "2.13.0")
    assert kind_of(device) == kind


@pytest.mark.parametrize("device", ["tpu", "cuda:x", "cuda:", "CUDA", " cpu"])
def test_a_device_of_no_known_kind_is_refused(device):
    with pytest.raises(InputError, match=f"no kind of device '{device}'"):
        kind_of(device)


@pytest.mark.parametrize(
    ("visible", "cards", "names"),
    [
        (None, 3, ("0", "1", "2")),
        ("", 0, ()),
        ("-1", 0, ()),
        ("2", 1, ("2",)),
        ("3, 1", 2, ("3", "1")),
        ("GPU-8932f937,MIG-a1", 2, ("GPU-8932f937", "MIG-a1")),
    ],
)
def test_cards_are_those_of_the_driver_that_the_user_lets_be_seen(visible, cards, names, tmp_path, monkeypatch):
    for number in range(3):
        (tmp_path / f"0000:0{number}:00.0").mkdir()
    monkeypatch.setattr(likely, "NVIDIA_CARDS", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert likely_cards() == cards
    assert card_names(cards) == names


def test_without_a_driver_there_is_no_card(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(likely, "NVIDIA_CARDS", tmp_path / "nothing")
    assert likely_cards() == 0
