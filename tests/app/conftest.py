"""Commands called as a user calls them, in a folder of their own, and one tiny study that has run."""

from types import SimpleNamespace

import pytest
from official_layouts import cifar_files, put

from ceteris.app.cli import main
from ceteris.data.cifar_release import CIFAR10

STUDY = """\
name: tiny
question: Does the activation matter for drawn shapes?
baseline:
  data: {name: shapes, train_images: 120, test_images: 60, classes: 3, difficulty: 0.6}
  model: {name: plain-cnn, width: 4}
  optimizer: {name: adam, lr: 0.01}
  epochs: 3
  batch_size: 16
baseline_name: relu
factors:
  - path: model.activation
    levels: [gelu]
seeds: 2
scales:
  smoke: {set: {epochs: 1}, seeds: 1}
claims:
  - text: GELU costs no parameters.
    all:
      - {measure: parameters, arm: gelu, expect: at-most, by: 1}
"""


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """Nothing is read from or written to the user's own folders."""
    monkeypatch.setenv("CETERIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CETERIS_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys):
    """Call a command: `call("run", "quickstart")` -> exit code, standard output, standard error."""

    def run(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return SimpleNamespace(code=code, out=printed.out, err=printed.err)

    return run


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """A folder with `tiny.yaml` and a store in which it has run."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "tiny.yaml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CETERIS_CACHE", str(folder / "cache"))
        patch.setenv("OMP_NUM_THREADS", "1")
        code = main(["run", str(folder / "tiny.yaml"), "--store", str(folder / "store"), "--executor", "inline"])
    assert code == 0
    return folder


@pytest.fixture(scope="session")
def tiny_cifar(tmp_path_factory):
    """A folder with CIFAR-10's layout and 1,200 images of noise: a modified copy."""
    folder = tmp_path_factory.mktemp("data")
    put(cifar_files(CIFAR10, images=200), folder / CIFAR10.folder)
    return folder
