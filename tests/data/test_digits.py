import gzip
import hashlib
import importlib.machinery
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_digits

from ceteris.data import digits as module
from ceteris.data.digits import digits
from ceteris.errors import InputError

REAL = Path(sklearn.__file__).parent.joinpath(*module.FILE)


@pytest.fixture
def loaded(place):
    return digits(place).load()


def test_the_constant_facts_are_those_of_the_content(loaded, place):
    facts, digest = digits(place).facts(), hashlib.sha256()
    for split in (loaded.train, loaded.test):
        digest.update(split.pixels.tobytes())
        digest.update(split.labels.tobytes())
    assert facts.fingerprint == digest.hexdigest()
    assert (facts.train_images, facts.test_images) == (len(loaded.train.labels), len(loaded.test.labels)) == (1297, 500)
    assert loaded.facts == facts


def test_grey_levels_are_spread_over_8_bits(loaded):
    assert np.unique(loaded.train.pixels).tolist() == [round(level * 255 / 16) for level in range(17)]


def test_train_and_test_are_the_whole_set_divided_by_class(loaded):
    ours = np.concatenate([loaded.train.pixels, loaded.test.pixels]).reshape(1797, 64)
    theirs = np.round(load_digits().data * 255 / 16).astype(np.uint8)
    assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs))
    shares = np.bincount(loaded.test.labels) / np.bincount(np.concatenate([loaded.train.labels, loaded.test.labels]))
    assert np.all(np.abs(shares - 500 / 1797) < 1 / 170)


def test_scikit_learn_is_not_imported():
    code = """
import sys
from pathlib import Path
from ceteris.data.digits import digits
from ceteris.data.source import DataPlace
digits(DataPlace(Path(), Path(), False)).load()
sys.exit("sklearn" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def scikit_learn(tmp_path, monkeypatch):
    """The place of its file, which the test may write."""
    file = tmp_path.joinpath(*module.FILE)
    file.parent.mkdir(parents=True)
    found = importlib.machinery.ModuleSpec("sklearn", None, is_package=True)
    found.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(module, "find_spec", lambda name: found)
    return file


@pytest.mark.parametrize("length", [0, 100, 50_000])
def test_a_file_that_is_cut_short_is_named(place, scikit_learn, length):
    scikit_learn.write_bytes(REAL.read_bytes()[:length])

    with pytest.raises(InputError, match="the digits cannot be read") as caught:
        digits(place).load()
    assert str(scikit_learn) in str(caught.value)
    assert "install scikit-learn again" in str(caught.value)


def test_other_digits_are_not_taken_for_these(place, scikit_learn):
    lines = gzip.decompress(REAL.read_bytes()).decode().splitlines()
    lines[5] = lines[5].replace("0", "1", 1)
    scikit_learn.write_bytes(gzip.compress("\n".join(lines).encode()))

    with pytest.raises(InputError, match="not those that scikit-learn always had"):
        digits(place).load()


def test_a_scikit_learn_that_keeps_its_file_elsewhere_is_asked_for_it(loaded, place, monkeypatch):
    monkeypatch.setattr(module, "FILE", ("moved.csv.gz",))

    asked = digits(place).load()

    assert np.array_equal(asked.train.pixels, loaded.train.pixels)
    assert np.array_equal(asked.test.labels, loaded.test.labels)
