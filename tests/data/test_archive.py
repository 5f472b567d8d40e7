import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.data.archive import Limits, is_archive, read_archive
from ceteris.errors import InputError

FILES = {"a/one.bin": b"1" * 1000, "a/b/two.bin": b"", "three.bin": bytes(range(256))}
KINDS = ["x.zip", "x.tar", "x.tar.gz", "x.tgz", "x.tar.xz", "x.tar.bz2"]
COMPRESS = {".tar": bytes, "gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}


def member(name, **fields):
    entry = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(entry, field, value)
    return entry


def make_tar(entries, path: Path) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    ending = "gz" if path.name.endswith("tgz") else path.name.rpartition(".")[2].replace("tar", ".tar")
    path.write_bytes(COMPRESS[ending](buffer.getvalue()))
    return path


def make(files, path: Path) -> Path:
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    return make_tar([(member(name), content) for name, content in files.items()], path)


def assert_refused(path: Path, message: str, limits: Limits | None = None) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(read_archive(path, limits))
    assert caught.value.problems[0].where == str(path)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_gives_back_what_was_put_in(name, tmp_path):
    path = make({"./" + name: content for name, content in FILES.items()}, tmp_path / name)
    assert is_archive(path)
    assert dict(read_archive(path)) == FILES


def test_folders_are_passed_over(tmp_path):
    path = make_tar([(member("a", type=tarfile.DIRTYPE), b""), (member("a/f"), b"x")], tmp_path / "x.tar")
    assert dict(read_archive(path)) == {"a/f": b"x"}
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.mkdir("a")
        archive.writestr("a/f", "x")
    assert dict(read_archive(tmp_path / "x.zip")) == {"a/f": b"x"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_of_a_method_that_unpacks_without_bound_is_refused(method, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
        archive.writestr("a/one.bin", b"1" * 1000)
    assert_refused(tmp_path / "x.zip", "seldom use")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/passwd", "C:/out", "a\\..\\out", "..\\out"])
def test_a_name_outside_the_root_is_refused(name, kind, tmp_path):
    assert_refused(make({"fine": b"1", name: b"2"}, tmp_path / kind), "lies outside it")


LINKS = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]


@pytest.mark.parametrize("kind", LINKS)
def test_links_and_devices_are_refused(kind, tmp_path):
    entries = [(member("fine"), b"1"), (member("evil", type=kind, linkname="fine"), b"")]
    assert_refused(make_tar(entries, tmp_path / "x.tar.gz"), "member 'evil' is a link or a device")


def test_a_zip_that_holds_a_link_is_refused(tmp_path):
    entry = zipfile.ZipInfo("evil")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert_refused(tmp_path / "x.zip", "member 'evil' is a link")


def test_an_encrypted_member_is_refused(tmp_path):
    path = make({"secret": b"x" * 50}, tmp_path / "x.zip")
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    assert_refused(path, "member 'secret' is encrypted")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["x.zip", "x.tar"])
def test_a_name_twice_is_refused(kind, tmp_path):
    path = tmp_path / kind
    if kind == "x.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a", "1")
            archive.writestr("./a", "2")
    else:
        make_tar([(member("a"), b"1"), (member("./a"), b"2")], path)
    assert_refused(path, "is there twice")


@pytest.mark.parametrize("kind", KINDS)
def test_every_cap_holds(kind, tmp_path):
    path = make({f"f{number}": b"x" * 600 for number in range(10)}, tmp_path / kind)
    assert_refused(path, "member 'f0' has 600 bytes", Limits(member_bytes=599))
    assert_refused(path, "unpacks to more than 5000 bytes", Limits(total_bytes=5000))
    assert_refused(path, "more than 9 members", Limits(members=9))


@pytest.mark.parametrize("kind", ["x.zip", "x.tar.gz", "x.tar.xz"])
def test_a_bomb_is_refused(kind, tmp_path):
    assert_refused(make({"bomb": bytes(40 << 20)}, tmp_path / kind), "unpacks to more than 200 times its size")


def test_a_header_that_asks_for_too_much_is_refused(tmp_path):
    entry = member("././@PaxHeader", type=tarfile.XHDTYPE)
    entry.size = 1 << 32
    (tmp_path / "x.tar").write_bytes(entry.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))
    assert_refused(tmp_path / "x.tar", "a header asks for")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_archive_is_refused(kind, tmp_path):
    whole = make({"f": bytes(i * i % 251 for i in range(5000))}, tmp_path / kind)
    content = whole.read_bytes()
    for share in (0.1, 0.5, 0.5 if kind == "x.tar" else 0.99):
        whole.write_bytes(content[: int(len(content) * share)])
        assert_refused(whole, "refused|damaged")


@pytest.mark.parametrize("kind", ["x.zip", "x.tar.gz", "x.tar.xz", "x.tar.bz2"])
def test_a_flipped_byte_is_noticed(kind, tmp_path):
    path = make({"f": bytes(i * i % 251 for i in range(5000))}, tmp_path / kind)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert_refused(path, "damaged")


def test_what_is_no_archive_is_refused(tmp_path):
    for kind in KINDS:
        (tmp_path / kind).write_bytes(b"plain text, not an archive")
        assert_refused(tmp_path / kind, "damaged or not what its name says")
    assert not is_archive(tmp_path / "x.txt")


def outside(name):
    return (
        name.startswith(("/", "\\"))
        or ".." in name.replace("\\", "/").split("/")
        or (name[:1].isalpha() and name[1:2] == ":")
    )


@given(name=st.text("ab./\\:~\0 \u202e", min_size=1, max_size=12), kind=st.sampled_from(["x.zip", "x.tar"]))
def test_no_name_leads_outside(name, kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / kind
    try:
        make({name: b"x", "a/one.bin": b"1"}, path)
    except (ValueError, OSError, IndexError):
        return  # no archive can hold it
    try:
        found = dict(read_archive(path))
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017 - either is right
        return
    assert not any(outside(each) for each in found)


@given(
    kind=st.sampled_from(KINDS),
    places=st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), max_size=5),
    cut=st.integers(0, 400),
)
def test_any_damage_is_refused_or_gives_what_was_put_in_or_other_names(kind, places, cut, tmp_path_factory):
    """A tar has no checksum of its contents; what a damaged one gives must still be regular files inside the root."""
    path = make(FILES, tmp_path_factory.mktemp("any") / kind)
    content = bytearray(path.read_bytes())
    for place, value in places:
        content[place % len(content)] = value
    path.write_bytes(bytes(content[: len(content) - cut]))
    try:
        found = dict(read_archive(path))
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017 - either is right
        return
    assert not any(outside(name) for name in found)


@given(content=st.binary(max_size=600), kind=st.sampled_from(KINDS))
def test_any_bytes_are_an_archive_or_refused(content, kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / kind
    path.write_bytes(content)
    try:
        assert isinstance(dict(read_archive(path)), dict)
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017 - either is right
