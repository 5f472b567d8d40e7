import dataclasses
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ceteris.data.folder import folder
from ceteris.errors import InputError


def image_files(images=5) -> dict[str, bytes]:
    """Two classes of random 10 x 12 images."""
    generator, files = np.random.default_rng(0), {}
    for name in ("cat", "dog"):
        for number in range(images):
            buffer = io.BytesIO()
            Image.fromarray(generator.integers(0, 256, (10, 12, 3), dtype=np.uint8)).save(buffer, "PNG")
            files[f"{name}/{number}.png"] = buffer.getvalue()
    return files


def put(files, root: Path) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def packed(files, path: Path) -> None:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return
    with tarfile.open(path, f"w:{path.suffix[1:].removeprefix('tar')}") as archive:
        for name, content in reversed(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


@pytest.fixture
def mine(place) -> Path:
    put(image_files(), place.data_dir / "mine")
    return place.data_dir / "mine"


def test_classes_pixels_and_labels_are_those_of_the_files(mine, place):
    data = folder(place, path="mine", size=10).load()
    assert data.facts.classes == ("cat", "dog")
    assert (data.facts.train_images, data.facts.test_images) == (8, 2)
    assert sorted(data.train.labels) == [0] * 4 + [1] * 4
    wanted = {Image.open(file).crop((1, 0, 11, 10)).tobytes(): file.parent.name for file in mine.glob("*/*.png")}
    for split in (data.train, data.test):
        for pixels, label in zip(split.pixels, split.labels, strict=True):
            assert wanted.pop(pixels.tobytes()) == data.facts.classes[label]
    assert not wanted


@pytest.mark.parametrize("name", ["mine.zip", "mine.tar", "mine.tar.gz", "mine.tar.xz"])
def test_an_archive_gives_the_same_as_the_folder(name, mine, place):
    packed(image_files(), place.data_dir / name)
    plain, archived = (folder(place, path=path, size=8).load() for path in ("mine", name))
    assert plain.facts == archived.facts
    assert np.array_equal(plain.train.pixels, archived.train.pixels)
    assert np.array_equal(plain.test.labels, archived.test.labels)
    assert sorted(file.name for file in place.data_dir.iterdir()) == ["mine", name]


def test_paths_may_be_absolute_or_begin_at_home(mine, place, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    facts = folder(place, path="mine").facts()
    assert folder(place, path=str(mine)).facts() == facts
    assert folder(place, path="~/data/mine").facts() == facts


def test_the_fingerprint_is_of_names_and_contents_only(mine, place, tmp_path):
    fingerprint = folder(place, path="mine").facts().fingerprint
    put(image_files(), tmp_path / "elsewhere")
    assert folder(place, path=str(tmp_path / "elsewhere"), size=9, channels=1).facts().fingerprint == fingerprint
    (mine / "cat" / "0.png").rename(mine / "cat" / "9.png")
    assert folder(place, path="mine").facts().fingerprint != fingerprint
    put(image_files(), mine)
    (mine / "cat" / "9.png").unlink()
    assert folder(place, path="mine").facts().fingerprint == fingerprint
    (mine / "dog" / "0.png").write_bytes(image_files()["dog/1.png"])
    assert folder(place, path="mine").facts().fingerprint != fingerprint


def test_options_that_change_pixels_do_not_share_a_cache(mine, place):
    for size, channels in ((8, 3), (9, 3), (8, 1)):
        data = folder(place, path="mine", size=size, channels=channels).load()
        assert data.train.pixels.shape == (8, size, size, channels)
    assert folder(place, path="mine", size=8, test=0.4).load().train.pixels.shape == (6, 8, 8, 3)


def test_loading_again_decodes_nothing(mine, place):
    first, told = folder(place, path="mine").load(), []
    again = folder(dataclasses.replace(place, progress=lambda *said: told.append(said)), path="mine").load()
    assert np.array_equal(first.train.pixels, again.train.pixels)
    assert told == []


def test_progress_is_told(mine, place):
    told = []
    folder(dataclasses.replace(place, progress=lambda *said: told.append(said)), path="mine").load()
    assert told[-1] == ("decoding mine", 10, 10)


def test_broken_images_are_all_refused_by_name(mine, place):
    for number in range(3):
        file = mine / "dog" / f"{number}.png"
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError) as caught:
        folder(place, path="mine").load()
    assert [problem.where for problem in caught.value.problems] == [f"dog/{number}.png" for number in range(3)]
    assert not any(path.is_dir() for path in place.cache_dir.iterdir())


def test_a_long_list_of_broken_images_is_cut(place):
    put(dict.fromkeys(image_files(images=8), b"broken"), place.data_dir / "mine")
    with pytest.raises(InputError) as caught:
        folder(place, path="mine").load()
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1].what == "6 more images are broken"


def test_files_that_are_no_images_are_noted(mine, place):
    (mine / "labels.csv").write_text("a,b")
    assert folder(place, path="mine").facts().notes == ("1 files that are no images are not used (.csv)",)


def test_an_empty_folder_and_one_class_are_refused(place):
    (place.data_dir / "empty").mkdir(parents=True)
    with pytest.raises(InputError, match="there is no image in it"):
        folder(place, path="empty").facts()
    put({n: c for n, c in image_files().items() if n.startswith("cat")}, place.data_dir / "cats")
    with pytest.raises(InputError, match="one class only: cat"):
        folder(place, path="cats").facts()


def test_an_archive_that_reaches_out_is_refused(place):
    place.data_dir.mkdir()
    packed(image_files() | {"../evil.png": b"x"}, place.data_dir / "mine.zip")
    with pytest.raises(InputError, match=r"member '\.\./evil\.png' lies outside it"):
        folder(place, path="mine.zip").facts()


def test_all_mistaken_options_are_told_at_once(place):
    with pytest.raises(InputError) as caught:
        folder(place, path="mine", size=1, test=1.0)
    assert [problem.where for problem in caught.value.problems] == ["size", "test"]


def test_a_test_image_that_was_saved_again_is_noted_once_the_pixels_are_there(mine, place):
    smooth = np.add.outer(np.arange(60), 3 * np.arange(60)).astype(np.uint8)[..., None].repeat(3, 2)
    buffer = io.BytesIO()
    Image.fromarray(smooth).save(buffer, "JPEG", quality=50)
    files, original = image_files(), io.BytesIO()
    Image.fromarray(smooth).save(original, "PNG")
    split = {f"train/{name}": content for name, content in files.items()}
    split |= {"train/dog/7.png": original.getvalue(), "test/dog/8.jpg": buffer.getvalue()}
    put(split | {"test/cat/9.png": files["cat/0.png"]}, place.data_dir / "split")
    source = folder(place, path="split")
    assert not any("nearly" in note for note in source.facts().notes)
    for _ in range(2):
        (note,) = (note for note in source.load().facts.notes if "nearly" in note)
        assert note.startswith("leakage: 1 of 2 test images are probably")
        assert note.endswith("(test/dog/8.jpg ~ train/dog/7.png)")
    assert source.load().facts.fingerprint == source.facts().fingerprint


def test_images_that_are_converted_are_noted_and_listed(mine, place):
    buffer = io.BytesIO()
    Image.new("CMYK", (12, 12)).save(buffer, "JPEG")
    (mine / "cat" / "print.jpg").write_bytes(buffer.getvalue())
    source = folder(place, path="mine")
    assert source.facts().notes == ("CMYK images, converted to RGB: 1 (cat/print.jpg)",)
    assert source.converted == {"cat/print.jpg": "CMYK"}


def test_leakage_is_noted_and_changes_nothing_else(mine, place):
    files = image_files()
    split = {f"train/{name}": content for name, content in files.items()} | {
        f"test/{c}/new.png": files[f"{c}/{0 if c == 'cat' else 4}.png"] for c in ("cat", "dog")
    }
    put(split, place.data_dir / "split")
    assert folder(place, path="mine").facts().notes == ()
    (note,) = folder(place, path="split").facts().notes
    assert "leakage: 2 of 2 test images" in note
    assert "test/cat/new.png = train/cat/0.png" in note
    assert "test/dog/new.png = train/dog/4.png" in note
