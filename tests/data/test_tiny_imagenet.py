import dataclasses
import hashlib
import io

import numpy as np
import pytest
from official_layouts import ZIP, put, tiny_imagenet_files, tiny_imagenet_zip
from PIL import Image

from ceteris.data import tiny_imagenet as module
from ceteris.data.download import Remote
from ceteris.data.tiny_imagenet import TinyImageNet, tiny_imagenet
from ceteris.data.tiny_imagenet_layout import read_layout
from ceteris.data.tiny_imagenet_release import CLASSES, TINY_IMAGENET
from ceteris.errors import InputError

WORDS = {"n03": "crane", "n01": "tabby, tabby cat", "n02": "crane"}
WNIDS = tuple(WORDS)
NAMES = ("crane (n03)", "tabby", "crane (n02)")


def tiny_files() -> dict[str, bytes]:
    """Three classes: 3 train and 2 val images each, one unlabelled test image."""
    return tiny_imagenet_files(WORDS)


def release_of(content: bytes):
    """A release whose official archive is this."""
    digests = hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
    return dataclasses.replace(
        TINY_IMAGENET,
        remote=Remote(f"http://127.0.0.1:9/{ZIP}", *digests),
        classes=NAMES,
        train_images_of_each=3,
        test_images_of_each=2,
    )


@pytest.fixture
def allowing(place):
    return dataclasses.replace(place, allow_modified=True)


@pytest.fixture
def official(place):
    content = tiny_imagenet_zip(tiny_files())
    put({ZIP: content}, place.data_dir)
    return release_of(content)


def same(one, other) -> bool:
    return all(
        np.array_equal(getattr(getattr(one, split), array), getattr(getattr(other, split), array))
        for split in ("train", "test")
        for array in ("pixels", "labels")
    )


def test_official_facts_touch_no_disk(place):
    facts = tiny_imagenet(place).facts()
    assert (facts.train_images, facts.test_images, facts.image_size, facts.channels) == (100_000, 10_000, 64, 3)
    assert facts.official
    assert len(set(facts.classes)) == 200
    assert facts.classes[:3] == ("Egyptian cat", "reel", "volleyball")
    assert facts.classes == CLASSES
    assert not place.cache_dir.exists()
    assert not place.data_dir.exists()


def test_pixels_and_labels_are_those_of_the_files(official, place):
    data, files = TinyImageNet(place, official).load(), tiny_files()
    assert data.facts == TinyImageNet(place, official).facts()
    assert data.facts.classes == NAMES
    train = [name for name in sorted(files) if name.startswith("train/") and name.endswith("JPEG")]
    for name, pixels, label in zip(train, data.train.pixels, data.train.labels, strict=True):
        assert np.array_equal(pixels, np.asarray(Image.open(io.BytesIO(files[name])).convert("RGB")))
        assert WNIDS[label] == name.split("/")[1]
    for number, (pixels, label) in enumerate(zip(data.test.pixels, data.test.labels, strict=True)):
        content = files[f"val/images/val_{number}.JPEG"]
        assert np.array_equal(pixels, np.asarray(Image.open(io.BytesIO(content))))
        assert label == number % 3


def test_nothing_is_unpacked_and_the_second_time_nothing_is_decoded(official, place, monkeypatch):
    first = TinyImageNet(place, official).load()
    assert [file.name for file in place.data_dir.iterdir()] == [ZIP]
    (place.data_dir / ZIP).unlink()
    monkeypatch.setattr(module, "decode_images", None)
    assert same(TinyImageNet(place, official).load(), first)


def test_progress_is_told(official, place):
    told = []
    TinyImageNet(dataclasses.replace(place, progress=lambda *said: told.append(said)), official).load()
    assert told[-1] == (f"decoding {ZIP}", 15, 15)


def test_what_is_not_there_is_downloaded(place, monkeypatch):
    content = tiny_imagenet_zip(tiny_files())
    monkeypatch.setattr(module, "fetch", lambda remote, target, progress: put({target.name: content}, target.parent))
    assert TinyImageNet(place, release_of(content)).load().facts.official


def test_an_archive_that_is_not_official_is_refused_by_name(official, place):
    files = tiny_files()
    del files["train/n01/images/n01_2.JPEG"]
    put({ZIP: tiny_imagenet_zip(files)}, place.data_dir)
    assert TinyImageNet(place, official).facts().official
    with pytest.raises(
        InputError, match=rf"{ZIP} is not the official Tiny ImageNet: its md5 is [0-9a-f]{{32}}"
    ) as caught:
        TinyImageNet(place, official).load()
    assert caught.value.problems[0].where == str(place.data_dir / ZIP)
    assert "--allow-modified-data" in caught.value.problems[0].hint


def test_a_modified_archive_has_its_own_facts_where_it_is_allowed(official, allowing):
    files = tiny_files()
    del files["train/n01/images/n01_2.JPEG"]
    put({ZIP: tiny_imagenet_zip(files)}, allowing.data_dir)
    source = TinyImageNet(allowing, official)
    data = source.load()
    assert data.facts == source.facts()
    assert not data.facts.official
    assert (data.facts.train_images, data.facts.test_images) == (8, 6)
    assert (
        data.facts.fingerprint != TinyImageNet(dataclasses.replace(allowing, allow_modified=False)).facts().fingerprint
    )
    assert data.facts.notes[0].endswith(f"an archive other than the official one ({ZIP})")


def test_an_extracted_folder_is_refused_and_used_where_allowed(place, allowing, tmp_path):
    files = tiny_files()
    put(files, place.data_dir / "tiny-imagenet-200")
    with pytest.raises(InputError, match="an extracted folder cannot be told from the official") as caught:
        TinyImageNet(place).load()
    assert caught.value.problems[0].where == str(place.data_dir / "tiny-imagenet-200")
    put({ZIP: tiny_imagenet_zip(files)}, tmp_path / "zip")
    folder = TinyImageNet(allowing).load()
    archive = TinyImageNet(dataclasses.replace(allowing, data_dir=tmp_path / "zip")).load()
    assert folder.facts.fingerprint == archive.facts.fingerprint
    assert not folder.facts.official
    assert same(folder, archive)


def test_the_official_archive_beside_a_folder_is_used(official, place):
    put({"wnids.txt": b"half of it"}, place.data_dir / "tiny-imagenet-200")
    assert TinyImageNet(place, official).load().facts.official


def test_allowing_modified_copies_leaves_the_official_one_official(official, allowing):
    assert TinyImageNet(allowing, official).facts().official
    assert TinyImageNet(allowing, official).load().facts.official


def test_the_fingerprint_is_of_what_is_used(allowing):
    files, folder = tiny_files(), allowing.data_dir / "tiny-imagenet-200"
    put(files, folder)
    before = TinyImageNet(allowing).facts().fingerprint
    put({"test/images/test_9.JPEG": b"", "train/n01/n01_boxes.txt": b"other"}, folder)
    assert TinyImageNet(allowing).facts().fingerprint == before
    put({"val/images/val_3.JPEG": files["val/images/val_4.JPEG"]}, folder)
    assert TinyImageNet(allowing).facts().fingerprint != before


def test_a_broken_image_is_refused_by_name(allowing):
    files = tiny_files()
    files["train/n02/images/n02_1.JPEG"] = files["train/n02/images/n02_1.JPEG"][:200]
    put({ZIP: tiny_imagenet_zip(files)}, allowing.data_dir)
    with pytest.raises(InputError) as caught:
        TinyImageNet(allowing).load()
    assert [problem.where for problem in caught.value.problems] == ["train/n02/images/n02_1.JPEG"]


def test_a_copy_that_changes_while_it_is_read_is_noticed(allowing, monkeypatch):
    put({ZIP: tiny_imagenet_zip(tiny_files())}, allowing.data_dir)
    source = TinyImageNet(allowing)
    facts = source.facts()
    monkeypatch.setattr(TinyImageNet, "_facts_of", lambda self, copy: dataclasses.replace(facts, fingerprint="0" * 64))
    with pytest.raises(InputError, match="it changed while it was read"):
        source.load()


def part_of(data, classes):
    """What is left of a whole data set when only its first classes are used."""
    kept = [data.train.labels < classes, data.test.labels < classes]
    return [(split.pixels[of], split.labels[of]) for split, of in zip((data.train, data.test), kept, strict=True)]


def test_the_first_classes_keep_their_images_labels_and_names(official, place):
    whole, source = TinyImageNet(place, official).load(), TinyImageNet(place, official, classes=2)
    part = source.load()
    assert part.facts == source.facts()
    assert part.facts.official
    assert part.facts.classes == NAMES[:2]
    assert (part.facts.train_images, part.facts.test_images) == (6, 4)
    assert part.facts.notes == ("the first 2 of the 3 classes of Tiny ImageNet",)
    for split, (pixels, labels) in zip((part.train, part.test), part_of(whole, 2), strict=True):
        assert np.array_equal(split.pixels, pixels)
        assert np.array_equal(split.labels, labels)


def test_only_the_chosen_classes_are_decoded(official, place):
    told = []
    TinyImageNet(dataclasses.replace(place, progress=lambda *said: told.append(said)), official, classes=2).load()
    assert told[-1] == (f"decoding {ZIP}", 10, 10)


def test_a_part_has_a_fingerprint_of_its_own_known_without_the_data(place):
    prints = [TinyImageNet(place, classes=classes).facts().fingerprint for classes in (None, 2, 10, 200)]
    assert len(set(prints)) == 4
    assert TinyImageNet(place, classes=10).facts().train_images == 5000
    assert not place.data_dir.exists()


def test_a_part_of_a_modified_copy_counts_its_own_images(official, allowing):
    files = tiny_files()
    del files["train/n03/images/n03_2.JPEG"]
    put({ZIP: tiny_imagenet_zip(files)}, allowing.data_dir)
    whole, part = TinyImageNet(allowing, official).load(), TinyImageNet(allowing, official, classes=2).load()
    assert (part.facts.train_images, part.facts.test_images) == (5, 4)
    assert part.facts == TinyImageNet(allowing, official, classes=2).facts()
    assert part.facts.fingerprint != whole.facts.fingerprint
    assert len(part.facts.notes) == 2
    assert np.array_equal(part.train.pixels, part_of(whole, 2)[0][0])


@pytest.mark.parametrize("classes", [-1, 0, 1, 4])
def test_classes_that_cannot_be_are_refused(official, place, allowing, classes):
    with pytest.raises(InputError, match=rf"tiny-imagenet: classes must be 2 to 3, not {classes}"):
        TinyImageNet(place, official, classes=classes).load()
    put({ZIP: tiny_imagenet_zip(tiny_files() | {"test/images/more.JPEG": b""})}, allowing.data_dir)
    with pytest.raises(InputError, match=rf"tiny-imagenet: classes must be 2 to 3, not {classes}"):
        TinyImageNet(allowing, official, classes=classes).facts()


ANNOTATIONS = tiny_files()["val/val_annotations.txt"]
CONTRADICTIONS = {
    "wnids.txt is missing": {"wnids.txt": None},
    "words.txt is missing": {"words.txt": None},
    "val_annotations.txt is missing": {"val/val_annotations.txt": None},
    "must list at least 2 classes, each once": {"wnids.txt": b"n01\nn01\nn02\n"},
    "must list at least 2 classes, each once ": {"wnids.txt": b"n01\n"},
    "classes without a name in words.txt: n01": {"words.txt": b"n02\tcrane\nn03\tcrane\n"},
    "images of classes that wnids.txt does not list: train/n09/": {"train/n09/images/n09_0.JPEG": b""},
    "names images that are not there: val/images/val_9.JPEG": {
        "val/val_annotations.txt": ANNOTATIONS + b"val_9.JPEG\tn01\t0\t0\t1\t1\n"
    },
    "annotations.txt does not name: val/images/val_9.JPEG": {"val/images/val_9.JPEG": b""},
    "fewer than 2 images in train/: n01": {f"train/n01/images/n01_{number}.JPEG": None for number in (0, 2)},
    "without an image in val/: n99": {
        "wnids.txt": b"n01\nn02\nn03\nn99\n", "train/n99/images/a.JPEG": b"", "train/n99/images/b.JPEG": b"",
    },
}  # fmt: skip


@pytest.mark.parametrize("message", CONTRADICTIONS)
def test_texts_that_contradict_the_images_are_refused(message):
    files = tiny_files() | CONTRADICTIONS[message]
    with pytest.raises(InputError) as caught:
        read_layout(
            {name: content for name, content in files.items() if content is not None and "boxes" not in name}, "x"
        )
    (problem,) = caught.value.problems
    assert problem.where == "x"
    assert message.strip() in problem.what
    assert problem.hint


def test_many_images_of_one_mistake_are_counted():
    files = {name: content for name, content in tiny_files().items() if not name.startswith(("val/images", "test/"))}
    with pytest.raises(InputError, match=r"val/images/val_4\.JPEG and 1 more"):
        read_layout({name: content for name, content in files.items() if "boxes" not in name}, "x")
