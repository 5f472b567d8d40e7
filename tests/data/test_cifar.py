import dataclasses
import hashlib
import io
import os
import pickle
import tarfile

import numpy as np
import pytest
from official_layouts import cifar_batch, cifar_files, put

from ceteris.data.cifar import Cifar, cifar10, cifar100
from ceteris.data.cifar_release import CIFAR10, CIFAR100
from ceteris.data.download import Remote
from ceteris.errors import InputError

NOWHERE = "http://127.0.0.1:9/cifar-10-python.tar.gz"


def archive_of(files, folder: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def release_of(files, base=CIFAR10):
    """A release whose official files are these."""
    archive = archive_of(files, base.folder)
    return dataclasses.replace(
        base,
        remote=Remote(NOWHERE, hashlib.sha256(archive).hexdigest(), hashlib.md5(archive).hexdigest()),
        md5={name: hashlib.md5(content).hexdigest() for name, content in files.items()},
        train_images=12 * len(base.train),
        test_images=12,
    ), archive


@pytest.fixture
def allowing(place):
    return dataclasses.replace(place, allow_modified=True)


@pytest.mark.parametrize("base", [CIFAR10, CIFAR100], ids=lambda release: release.name)
@pytest.mark.parametrize("protocol", [2, 4])
def test_the_official_folder_is_read_as_it_is_laid_out(base, protocol, place):
    files = cifar_files(base, protocol=protocol)
    release, _ = release_of(files, base)
    put(files, place.data_dir / release.folder)
    data = Cifar(place, release).load()
    assert data.facts == Cifar(place, release).facts()
    assert data.facts.official
    wanted = [pickle.loads(files[name]) for name in release.train]
    pixels = np.concatenate([one[b"data"] for one in wanted]).reshape(-1, 3, 32, 32)
    assert np.array_equal(data.train.pixels.transpose(0, 3, 1, 2), pixels)
    assert data.train.labels.tolist() == [label for one in wanted for label in one[base.label_key]]
    assert data.test.pixels.shape == (12, 32, 32, 3)


def test_the_archive_gives_the_same_as_the_folder(place, tmp_path):
    files = cifar_files(CIFAR10)
    release, archive = release_of(files)
    put(files, place.data_dir / release.folder)
    put({release.archive: archive}, tmp_path / "other")
    elsewhere = dataclasses.replace(place, data_dir=tmp_path / "other", cache_dir=tmp_path / "other-cache")
    one, other = Cifar(place, release).load(), Cifar(elsewhere, release).load()
    assert one.facts == other.facts
    assert np.array_equal(one.train.pixels, other.train.pixels)
    assert np.array_equal(one.test.labels, other.test.labels)


@pytest.mark.parametrize(("build", "release"), [(cifar10, CIFAR10), (cifar100, CIFAR100)])
def test_official_facts_touch_no_disk(build, release, place):
    facts = build(place).facts()
    assert (facts.train_images, facts.test_images, facts.image_size, facts.channels) == (50_000, 10_000, 32, 3)
    assert facts.official
    assert len(facts.classes) == len(set(facts.classes)) == int(release.title.rpartition("-")[2])
    assert list(facts.classes) == sorted(facts.classes)
    assert not place.cache_dir.exists()
    assert not place.data_dir.exists()


def test_the_fingerprint_is_that_of_the_official_archive(place):
    other = dataclasses.replace(CIFAR10, remote=dataclasses.replace(CIFAR10.remote, sha256="0" * 64))
    sources = cifar10(place), cifar100(place), Cifar(place, other)
    assert len({source.facts().fingerprint for source in sources}) == 3


def test_a_copy_that_is_not_official_is_refused_by_name(place):
    files = cifar_files(CIFAR10)
    release, _ = release_of(files)
    files["data_batch_3"] = pickle.dumps(cifar_batch(CIFAR10, 77))
    put(files, place.data_dir / release.folder)
    with pytest.raises(InputError) as caught:
        Cifar(place, release).load()
    (problem,) = caught.value.problems
    assert problem.what.startswith("data_batch_3 is not the official CIFAR-10 file: its md5 is ")
    assert hashlib.md5(files["data_batch_3"]).hexdigest() in problem.what
    assert problem.where == str(place.data_dir / release.folder / "data_batch_3")
    assert "--allow-modified-data" in problem.hint


def test_a_modified_copy_has_its_own_facts_where_it_is_allowed(allowing):
    files = cifar_files(CIFAR10)
    release, _ = release_of(files)
    files["test_batch"] = pickle.dumps(cifar_batch(CIFAR10, 77, images=20))
    put(files, allowing.data_dir / release.folder)
    source = Cifar(allowing, release)
    facts, data = source.facts(), source.load()
    assert data.facts == facts
    assert not facts.official
    assert (facts.train_images, facts.test_images) == (60, 20)
    assert facts.fingerprint != Cifar(dataclasses.replace(allowing, allow_modified=False), release).facts().fingerprint
    assert facts.notes == ("a modified copy of CIFAR-10: these files are not the official ones: test_batch",)
    put({"test_batch": pickle.dumps(cifar_batch(CIFAR10, 78, images=20))}, allowing.data_dir / release.folder)
    assert source.facts().fingerprint != facts.fingerprint


def test_allowing_modified_copies_leaves_an_official_one_official(allowing):
    files = cifar_files(CIFAR10)
    release, _ = release_of(files)
    put(files, allowing.data_dir / release.folder)
    assert Cifar(allowing, release).facts().official
    assert Cifar(allowing, release).load().facts.official


def test_missing_files_are_named(place):
    files = cifar_files(CIFAR10)
    release, _ = release_of(files)
    put({"data_batch_1": files["data_batch_1"]}, place.data_dir / release.folder)
    with pytest.raises(InputError) as caught:
        Cifar(place, release).load()
    assert [problem.what.split()[0] for problem in caught.value.problems] == [n for n in files if n != "data_batch_1"]


def test_an_archive_that_is_not_official_is_refused_by_name(place):
    release, archive = release_of(cifar_files(CIFAR10))
    put({release.archive: archive[:-1] + b"!"}, place.data_dir)
    with pytest.raises(InputError, match=r"cifar-10-python\.tar\.gz is not the official CIFAR-10"):
        Cifar(place, release).load()


def test_once_decoded_the_archive_is_not_needed(place):
    release, archive = release_of(cifar_files(CIFAR10))
    put({release.archive: archive}, place.data_dir)
    first = Cifar(place, release).load()
    (place.data_dir / release.archive).unlink()
    assert np.array_equal(Cifar(place, release).load().train.pixels, first.train.pixels)


BROKEN = {
    "uint8": {b"data": np.zeros((12, 3072), np.int64)},
    "uint8 ": {b"data": np.zeros((12, 100), np.uint8)},
    "not NoneType": {b"data": None},
    "must be a list of 12": {b"labels": [1] * 11},
    "must be a list of 12 ": {b"labels": ["cat"] * 12},
    "outside 0 to 9": {b"labels": [10] * 12},
    "outside 0 to 9 ": {b"labels": [-1] * 12},
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_copy_with_other_contents_is_refused_even_where_allowed(message, allowing):
    files = cifar_files(CIFAR10)
    release, _ = release_of(files)
    files["data_batch_2"] = pickle.dumps(cifar_batch(CIFAR10, 0) | BROKEN[message])
    put(files, allowing.data_dir / release.folder)
    with pytest.raises(InputError, match=message.strip()) as caught:
        Cifar(allowing, release).facts()
    assert caught.value.problems[0].where.endswith("data_batch_2")


def test_a_file_that_changes_behind_its_time_stamp_is_noticed(allowing):
    files = cifar_files(CIFAR10)
    release, _ = release_of(files)
    put(files, allowing.data_dir / release.folder)
    file = allowing.data_dir / release.folder / "data_batch_1"
    Cifar(allowing, release).facts()
    stat, content = file.stat(), bytearray(files["data_batch_1"])
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(InputError, match="data_batch_1 changed while it was read"):
        Cifar(allowing, release).load()
