"""Data sets of noise in their official layouts, and the real command in a process of its own."""

import json
import os
import subprocess
import sys

import pytest
from official_layouts import ZIP, cifar_files, put, tiny_imagenet_files, tiny_imagenet_zip

from ceteris.data.cifar_release import CIFAR10

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """1,200 images in CIFAR-10's layout, and 6 classes of 20 + 10 images in Tiny ImageNet's."""
    folder = tmp_path_factory.mktemp("data")
    put(cifar_files(CIFAR10, images=200), folder / CIFAR10.folder)
    words = {f"n{number}": f"thing {number}, entity" for number in range(6)}
    put({ZIP: tiny_imagenet_zip(tiny_imagenet_files(words, train=20, test=10))}, folder)
    return folder


@pytest.fixture
def ceteris(data_dir, tmp_path):
    """Call a command as a user does, far from the user's own folders and without a network; its JSON."""
    places = {"CETERIS_CACHE": str(tmp_path / "cache"), "CETERIS_DATA": str(data_dir)}
    proxies = {f"{scheme}_proxy": NOWHERE for scheme in ("http", "https")}

    def call(*arguments):
        command = [sys.executable, "-m", "ceteris", *(str(argument) for argument in arguments), "--json"]
        ended = subprocess.run(
            command, cwd=tmp_path, env=os.environ | places | proxies, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return json.loads(ended.stdout)

    return call
