import hashlib
import zipfile

import pytest

from ceteris.data.image_tree import ImageTree
from ceteris.data.source import no_progress
from ceteris.errors import InputError

FILES = {"a/1.png": b"one", "a/2.JPG": b"two", "b/3.tiff": b"three"}
HIDDEN = {".git/x.png": b"", "a/.hidden.png": b"", "__MACOSX/a/1.png": b""}
OTHERS = {"readme.txt": b"text", "a/notes": b""}


@pytest.fixture(params=["folder", "zip"])
def tree(request, tmp_path):
    everything = FILES | HIDDEN | OTHERS
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for name, content in everything.items():
                archive.writestr(name, content)
        return ImageTree(tmp_path / "set.zip")
    for name, content in everything.items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(content)
    return ImageTree(tmp_path / "set")


def test_visible_images_are_listed_with_their_digests(tree, tmp_path):
    listing = tree.listing(tmp_path / "cache", no_progress)
    assert listing.images == {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    assert listing.others == sorted(OTHERS)
    assert dict(tree.files()) == FILES


def test_a_second_listing_reads_no_content(tree, tmp_path):
    first = tree.listing(tmp_path / "cache", no_progress)
    told = []
    assert tree.listing(tmp_path / "cache", lambda *said: told.append(said)) == first
    assert told == []


def test_a_changed_file_is_noticed(tmp_path):
    (tmp_path / "set" / "a").mkdir(parents=True)
    file = tmp_path / "set" / "a" / "1.png"
    file.write_bytes(b"one")
    before = ImageTree(tmp_path / "set").listing(tmp_path / "cache", no_progress)
    file.write_bytes(b"other")
    after = ImageTree(tmp_path / "set").listing(tmp_path / "cache", no_progress)
    assert before.images["a/1.png"] != after.images["a/1.png"]


@pytest.mark.parametrize(("name", "message"), [("nowhere", "no such folder"), ("plain.txt", "neither a folder nor")])
def test_what_is_not_there_or_no_archive_is_refused(name, message, tmp_path):
    (tmp_path / "plain.txt").write_text("text")
    with pytest.raises(InputError, match=message):
        list(ImageTree(tmp_path / name).files())
