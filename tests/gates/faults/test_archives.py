import zipfile
from pathlib import Path

from ceteris.data import image_tree
from gates.faults.rows import archives


def run(**chosen):
    return list(archives.inject(**({"short": True, "only": None} | chosen)))


def test_no_archive_is_read_as_what_it_did_not_hold():
    injections = run()
    assert {one.outcome for one in injections} <= {"refused", "survived"}
    hostile = injections[: -archives.SHORT_DAMAGED]
    assert {one.outcome for one in hostile} == {"refused"}
    assert len(hostile) >= 40


def test_one_injection_is_replayed_alone():
    assert run(short=False, only=60) == run(only=60)


def test_the_row_sees_a_reader_without_rules(monkeypatch):
    def read(path):
        with zipfile.ZipFile(path) as archive:
            yield from ((name, archive.read(name)) for name in archive.namelist())

    monkeypatch.setattr(image_tree, "read_archive", read)
    (bomb,) = run(only=12)
    assert (bomb.label, bomb.outcome) == ("a bomb (zip)", "wrong")


def test_the_row_sees_what_is_written_outside(monkeypatch):
    read = image_tree.read_archive

    def unpack(path):
        Path(path.parent.parent, "out.png").touch()
        yield from read(path)

    monkeypatch.setattr(image_tree, "read_archive", unpack)
    assert "files were written" in run(only=1)[0].detail
