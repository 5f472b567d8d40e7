"""What probes leave beside a record: whole or missing, verified when read, and never in the record's way."""

import errno
import json
import os

import numpy as np
import pytest

from ceteris.errors import InputError
from ceteris.study.findings import Findings, identity_slug

KEY, OTHER = "ab" * 32, "abab" + "cd" * 30
FLOW = {"name": "gradient-flow", "version": "1", "samples": 8}
MORE_FLOW = FLOW | {"samples": 9}
FILTERS = {"name": "filters", "version": "1"}


def found(probe=FLOW, **fields):
    whole = {
        "arrays": {"norm": np.array([[1.0, np.nan]], np.float32), "conv1/maps": np.zeros((0, 3), np.int64)},
        "values": {"layers": ["conv1", "fc"], "share": 0.25, "none": None},
        "seconds": 1.5,
        "same_training": False,
    }
    return Findings(probe, **(whole | fields))


def files(store, key=KEY):
    return {file.name: file for file in (store.folder(key) / "probes").iterdir()}


@pytest.mark.parametrize(
    "findings", [found(), found(error="it has no convolution", arrays={}, values={}), found(arrays={})]
)
def test_what_is_put_is_got(store, findings):
    store.put_findings(KEY, findings)
    (back,) = store.findings(KEY, [FLOW])
    assert {name: (a.dtype, a.shape, a.tobytes()) for name, a in back.arrays.items()} == {
        name: (a.dtype, a.shape, a.tobytes()) for name, a in findings.arrays.items()
    }
    assert repr(vars(back) | {"arrays": 0}) == repr(vars(findings) | {"arrays": 0})


def test_findings_are_known_by_name_and_every_option(store):
    store.put_findings(KEY, found(FLOW))
    assert store.missing_findings(KEY, [FILTERS, FLOW, MORE_FLOW]) == [FILTERS, MORE_FLOW]
    assert store.missing_findings(OTHER, [FLOW]) == [FLOW]
    store.put_findings(KEY, found(MORE_FLOW, seconds=2.0))
    assert [each.seconds for each in store.findings(KEY, [MORE_FLOW, FILTERS, FLOW])] == [2.0, 1.5]
    assert identity_slug(FLOW) == identity_slug(dict(reversed(FLOW.items())))


def test_a_record_is_complete_with_and_without_them(store, record, same):
    store.put(record())
    assert store.missing_findings(KEY, [FLOW, FILTERS]) == [FLOW, FILTERS]
    store.put(record(key=OTHER), [found(), found(FILTERS)])
    assert store.missing_findings(OTHER, [FLOW, FILTERS]) == []
    assert len(store.findings(OTHER, [FLOW, FILTERS])) == 2
    for key in (KEY, OTHER):
        same(store.get(key, weights=True), record(key=key))
        assert store.broken(key) == ""
    assert store.keys() == [KEY, OTHER]


def test_a_disk_that_refuses_leaves_whole_findings_or_none(store, disk):
    disk.fail(0)
    store.put_findings(OTHER, found())
    for at in range(1, disk.done + 1):
        disk.fail(at, errno.ENOSPC)
        key = f"{at:02x}" * 32
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            store.put_findings(key, found())
        disk.fail(0)
        for findings in store.findings(key, [FLOW]):
            assert findings.values == found().values
        store.put_findings(key, found())
        assert len(store.findings(key, [FLOW])) == 1


def test_every_flipped_byte_is_noticed(store, record):
    store.put(record())
    store.put_findings(KEY, found())
    for file in files(store).values():
        whole = file.read_bytes()
        for at in range(0, len(whole), 7):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x04]) + whole[at + 1 :])
            assert identity_slug(FLOW) in store.broken(KEY), (file.name, at)
            with pytest.raises(InputError, match="ceteris fsck"):
                store.findings(KEY, [FLOW])
        file.write_bytes(whole)
    assert store.broken(KEY) == ""


@pytest.mark.parametrize("change", [{"format": 2}, {"key": OTHER}, {"probe": FILTERS}, {"seconds": None}])
def test_a_sound_statement_of_something_else_is_refused(store, change):
    from ceteris.study.keys import sha256_of

    store.put_findings(KEY, found())
    file = files(store)[f"{identity_slug(FLOW)}.json"]
    said = {name: value for name, value in json.loads(file.read_text()).items() if name != "sha256"} | change
    file.write_text(json.dumps(said | {"sha256": sha256_of(said)}))
    with pytest.raises(InputError, match=identity_slug(FLOW)):
        store.findings(KEY, [FLOW])


def test_a_missing_array_file_is_named(store):
    store.put_findings(KEY, found())
    (arrays,) = (file for name, file in files(store).items() if name.endswith(".npz"))
    arrays.unlink()
    with pytest.raises(InputError, match=r"npz cannot be read: No such file"):
        store.findings(KEY, [FLOW])


def test_broken_findings_are_set_aside_without_the_record(store, record, same):
    store.put(record())
    for probe in (FLOW, FILTERS):
        store.put_findings(KEY, found(probe))
    (arrays,) = store.folder(KEY).glob(f"probes/{identity_slug(FLOW)}.*.npz")
    arrays.write_bytes(b"")
    moved = store.set_aside(KEY)
    assert sorted(file.suffix for file in moved.iterdir()) == [".json", ".npz"]
    assert store.broken(KEY) == ""
    assert store.missing_findings(KEY, [FLOW, FILTERS]) == [FLOW]
    same(store.get(KEY, weights=True), record())


def test_a_broken_record_takes_its_findings_along(store, record):
    store.put(record())
    store.put_findings(KEY, found())
    (store.folder(KEY) / "steps.npz").write_bytes(b"")
    store.set_aside(KEY)
    assert not store.has(KEY)
    assert store.missing_findings(KEY, [FLOW]) == [FLOW]
