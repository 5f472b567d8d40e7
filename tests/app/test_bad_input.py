"""Every mistake of a user: exit code 2, one line that says what, where and what to do, and never a traceback."""

import errno
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

BASE = """\
name: s
question: q
baseline:
  data: {data}
  model: {model}
  optimizer: {{name: adam, lr: 0.001}}
  epochs: 1
factors:
  - path: optimizer.lr
    levels: [0.01]
seeds: {seeds}
"""


@pytest.fixture
def write(tmp_path):
    def study(data="digits", model="plain-cnn", seeds="1"):
        file = tmp_path / "s.yaml"
        file.write_text(BASE.format(data=data, model=model, seeds=seeds))
        return file

    return study


def photo(seed=0):
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def folder_of(root, **classes):
    for name, count in classes.items():
        (root / name).mkdir(parents=True)
        for n in range(count):
            (root / name / f"{n}.jpg").write_bytes(photo(n))
    return root


def assert_refused(printed, *said):
    assert printed.code == 2
    assert "Traceback" not in printed.err
    lines = printed.err.splitlines()
    assert len(lines) == 1, printed.err
    for words in said:
        assert words in lines[0]


def test_unknown_study(call):
    assert_refused(call("run", "quikstart"), "unknown study 'quikstart'", "did you mean 'quickstart'?")


def test_unknown_option_in_a_part_with_its_line(call, write):
    printed = call("run", write(model="{name: plain-cnn, widht: 4}"))
    assert_refused(printed, "s.yaml:5", "'plain-cnn' has no option 'widht'", "did you mean 'width'?")


def test_no_seeds(call, write):
    assert_refused(call("run", "quickstart", "--seeds", "0"), "--seeds", "needs at least 1 seed")
    assert_refused(call("run", write(seeds="0")), "s.yaml:11", "needs at least 1 seed")


def test_an_empty_folder(call, write, tmp_path):
    (tmp_path / "empty").mkdir()
    assert_refused(
        call("run", write(data="{name: folder, path: empty}"), "--data-dir", "."), "s.yaml:4", "empty", "no image"
    )


def test_one_class_only(call, write, tmp_path):
    folder_of(tmp_path / "pets", cats=6)
    assert_refused(
        call("run", write(data="{name: folder, path: pets}"), "--data-dir", "."), "s.yaml:4", "one class only"
    )


def test_a_truncated_jpeg(call, write, tmp_path):
    root = folder_of(tmp_path / "pets", cats=12, dogs=12)
    broken = root / "cats" / "3.jpg"
    broken.write_bytes(broken.read_bytes()[:300])
    assert_refused(call("run", write(data="{name: folder, path: pets}"), "--data-dir", "."), "cats/3.jpg", "damaged")


def test_an_archive_that_leads_outside(call, write, tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("cats/1.jpg", photo())
        archive.writestr("../evil.txt", "x")
    assert_refused(
        call("run", write(data="{name: folder, path: evil.zip}"), "--data-dir", "."), "'../evil.txt'", "outside"
    )
    assert not (tmp_path.parent / "evil.txt").exists()


def test_a_store_that_cannot_be_written(call, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert_refused(call("run", "quickstart", "--store", "file/store"), "file/store", "cannot be written", "--store")


def test_a_modified_cifar_file(call, tiny_cifar):
    printed = call("run", "cnn-vs-resnet", "--scale", "smoke", "--data-dir", tiny_cifar)
    assert_refused(printed, "data_batch_1 is not the official CIFAR-10 file", "--allow-modified-data")


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ("epochs", "'epochs' is not PATH=VALUE"),
        ("epoch=3", "did you mean 'epochs'?"),
        ("epochs=many", "epochs must be a whole number, not 'many'"),
        ("model=lenet", "would hide the factor 'model'"),
    ],
)
def test_settings_that_make_no_sense(call, sets, said):
    assert_refused(call("plan", "quickstart", "--set", sets), said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "quickstart", "--scale", "smok"), "did you mean 'smoke'?"),
        (("run", "quickstart", "--device", "cuda:9"), "no device 'cuda:9' here"),
        (("run", "quickstart", "--workers", "0"), "needs at least 1 worker"),
        (("plan", "quickstart", "--workers", "0"), "needs at least 1 worker"),
        (("plan", "quickstart", "--device", "tpu"), "no kind of device 'tpu'"),
        (("run", "quickstart", "--compile", "--device", "cpu"), "only CUDA devices train faster when compiled"),
        (("show", "zz"), "'zz' is not a key"),
        (("show", "abcd"), "no trial has key abcd"),
        (("predict", "abcd", "cat.jpg"), "no trial has key abcd"),
        (("plan", "nowhere:study"), "cannot import 'nowhere'"),
        (("plan", "json:loads"), "json has no Study called 'loads'"),
        (("plan", "nowhere.yaml"), "cannot be read"),
        (("parts", "modle"), "did you mean 'model'?"),
        (("data", "get", "cifar11"), "did you mean 'cifar10'?"),
        (("fsck", "--store", "nowhere"), "there is no store"),
    ],
)
def test_other_mistakes(call, arguments, said):
    assert_refused(call(*arguments), said)


def test_all_mistakes_of_a_file_at_once(call, tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text(
        BASE.format(data="digits", model="plain-cnn", seeds="1").replace("epochs: 1", "epoch: 1\n  bach: 3")
    )
    printed = call("plan", file)
    assert printed.code == 2
    assert [line.split(": ")[1].rpartition(":")[2] for line in printed.err.splitlines()] == ["3", "7", "8"]


def test_a_disk_that_fills_before_the_study_file_is_written(call, write, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ceteris.app.running.write_atomically", full)
    assert_refused(call("run", write()), "the store cannot be written: No space left on device", "free some space")
