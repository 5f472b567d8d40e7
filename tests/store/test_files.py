"""A record becomes files and comes back; files that were made by someone else are refused, never obeyed."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ceteris.store.files import (
    EPOCHS,
    EXAMPLES,
    LOG,
    PREDICTIONS,
    RECORD,
    STEPS,
    WEIGHTS,
    BrokenRecord,
    pack,
    read_statement,
    sha256,
    unpack,
)
from ceteris.study.keys import canonical_json
from ceteris.study.record import Epoch, Status

ARRAY_FILES = (STEPS, PREDICTIONS, EXAMPLES)
numbers = st.floats(width=32)
arrays = st.dictionaries(
    st.text("abcdefg_", min_size=1, max_size=8),
    hnp.arrays(
        st.sampled_from([np.float16, np.float32, np.float64, np.int16, np.int64, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    max_size=3,
)
rows = st.builds(
    Epoch, st.integers(1, 99), numbers, numbers, numbers, numbers, numbers, numbers, numbers, st.none() | numbers
)


def back(files, weights=True):
    return unpack(read_statement(files[RECORD]), files.__getitem__, weights=weights)


def forged(files, said=None, **contents):
    """The files with other contents and every hash right again: what an attacker would make."""
    files = files | contents
    said = said or json.loads(files[RECORD])
    said.pop("sha256", None)
    for name, content in contents.items():
        said["files"][name] = {"sha256": sha256(content), "bytes": len(content)}
    said["sha256"] = sha256(canonical_json(said).encode())
    return files | {RECORD: json.dumps(said).encode()}


@settings(max_examples=60, deadline=None)
@given(epochs=st.lists(rows, max_size=3), steps=arrays, weights=arrays, reason=st.text(), log=st.text())
def test_every_record_comes_back_as_it_was(record, same, epochs, steps, weights, reason, log):
    one = record(epochs=tuple(epochs), steps=steps, weights=weights, reason=reason, log=log)
    same(back(pack(one)), one)


@pytest.mark.parametrize("status", Status)
def test_a_record_with_next_to_nothing_comes_back(record, same, status):
    nothing = {name: {} for name in ("steps", "predictions", "examples", "weights", "metrics", "normalize")}
    one = record(
        **nothing, status=status, model=None, cost=None, epochs=(), chosen_epoch=0, log="", reason="why \u2620"
    )
    files = pack(one)
    assert set(files) == {EPOCHS, RECORD}
    same(back(files), one)


def test_the_statement_is_the_last_file_and_names_the_others(record):
    files = pack(record())
    assert list(files)[-1] == RECORD
    said = read_statement(files.pop(RECORD))
    assert said["files"] == {
        name: {"sha256": sha256(content), "bytes": len(content)} for name, content in files.items()
    }
    assert set(files) == {EPOCHS, STEPS, PREDICTIONS, EXAMPLES, WEIGHTS, LOG}


def test_the_same_record_gives_the_same_bytes(record):
    assert pack(record()) == pack(record())


def test_a_log_with_the_name_of_an_undecodable_file_is_kept(record):
    assert "caf" in back(pack(record(log="cannot read caf\udce9.png"))).log


def test_weights_are_read_only_where_they_are_wanted(record):
    files = pack(record())
    del files[WEIGHTS]
    assert back(files, weights=False).weights == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"3",
        b"{}",
        b'{"sha256": "00"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"sha256": "0", "x": NaN}',
    ],
)
def test_a_statement_that_is_not_one_is_broken(content):
    with pytest.raises(BrokenRecord, match=r"record\.json"):
        read_statement(content)


def test_another_format_is_named(record):
    files = pack(record())
    with pytest.raises(BrokenRecord, match="has format 99, this version reads 1"):
        read_statement(forged(files, json.loads(files[RECORD]) | {"format": 99})[RECORD])


WRONG = {
    "key": [7, None],
    "status": ["perfect", 7],
    "reason": [None, ["x"]],
    "seed": ["one", None],
    "recipe": ["lenet", []],
    "data": [{}, None, "digits"],
    "model": [{}, 7],
    "normalize": [[0.5], {"mean": "half"}],
    "environment": [None, "linux"],
    "chosen_epoch": [[2], "last"],
    "metrics": [[0.5], {"top1": "high"}, {"top1": None}],
    "cost": [{}, 2.5],
    "files": [[], ["steps.npz"], {"steps.npz": 7}, {"steps.npz": {"sha256": 3}}],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field in WRONG for value in WRONG[field]])
def test_a_field_of_the_wrong_kind_is_broken(record, field, value):
    files = pack(record())
    with pytest.raises(BrokenRecord, match=rf"record\.json cannot be read: {field}"):
        read_statement(forged(files, json.loads(files[RECORD]) | {field: value})[RECORD])


@pytest.mark.parametrize("field", WRONG)
def test_a_field_that_is_not_there_is_broken(record, field):
    files = pack(record())
    said = json.loads(files[RECORD])
    del said[field]
    with pytest.raises(BrokenRecord, match=rf"record\.json cannot be read: {field}: Field required"):
        read_statement(forged(files, said)[RECORD])


@pytest.mark.parametrize("name", ["../../other", "/etc/passwd", "sub/file", "extra.npz", ""])
def test_only_files_of_a_record_can_be_named(record, name):
    files = pack(record())
    said = json.loads(files[RECORD])
    said["files"][name] = {"sha256": "0" * 64, "bytes": 1}
    with pytest.raises(BrokenRecord, match=r"record\.json"):
        read_statement(forged(files, said)[RECORD])


class Canary:
    def __reduce__(self):
        return exec, ("import ceteris; ceteris.canary = 'dead'",)


def _npz(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def _npy(array, **named):
    buffer = io.BytesIO()
    np.save(buffer, array, **named)
    return buffer.getvalue()


def _huge(shape):
    header = repr({"descr": "<f8", "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


HOSTILE_ARRAYS = {
    "pickle": pickle.dumps(Canary()),
    "object array": _npz(loss=_npy(np.array([Canary()], dtype=object), allow_pickle=True)),
    "pickle inside": _npz(loss=pickle.dumps(Canary())),
    "empty": b"",
    "not a zip": b"PK\x03\x04 but no more",
    "truncated": _npz(loss=_npy(np.zeros(1000)))[:-40],
    "short": _npz(loss=_npy(np.zeros(1000))[:500]),
    "huge": _npz(loss=_huge((10**15,))),
    "huger": _npz(loss=_huge((10**30,))),
    "negative": _npz(loss=_huge((-5,))),
    "header that is code": _npz(loss=b"\x93NUMPY\x01\x00" + struct.pack("<H", 20) + b"__import__('os').x()"),
    "bare array": _npy(np.zeros(3)),
}


@pytest.mark.parametrize("hostile", HOSTILE_ARRAYS)
@pytest.mark.parametrize("name", ARRAY_FILES)
def test_hostile_arrays_are_broken_and_run_nothing(record, hostile, name):
    import ceteris

    with pytest.raises(BrokenRecord, match=name.replace(".", r"\.")):
        back(forged(pack(record()), **{name: HOSTILE_ARRAYS[hostile]}))
    assert not hasattr(ceteris, "canary")


def _tensors(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


HOSTILE_WEIGHTS = {
    "pickle": pickle.dumps(Canary()),
    "empty": b"",
    "header bomb": struct.pack("<Q", 2**63) + b"{}",
    "header of 100 MB": struct.pack("<Q", 10**8) + b"{",
    "not JSON": _tensors(b"{" * 50),
    "deep": _tensors(b"[" * 100_000),
    "beyond the end": _tensors({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, b"1234"),
    "overlapping": _tensors({n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}, b"1234"),
    "wrong size": _tensors({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}}, b"1234"),
    "strange type": _tensors({"w": {"dtype": "F8_E5M2", "shape": [4], "data_offsets": [0, 4]}}, b"1234"),
    "unknown type": _tensors({"w": {"dtype": "EVIL", "shape": [4], "data_offsets": [0, 4]}}, b"1234"),
}


@pytest.mark.parametrize("hostile", HOSTILE_WEIGHTS)
def test_hostile_weights_are_broken_and_run_nothing(record, hostile):
    import ceteris

    with pytest.raises(BrokenRecord, match=r"weights\.safetensors"):
        back(forged(pack(record()), **{WEIGHTS: HOSTILE_WEIGHTS[hostile]}))
    assert not hasattr(ceteris, "canary")


@pytest.mark.parametrize("content", [b"{", b"[]\n", b'{"epoch": "x"}\n', b"[" * 100_000, b"\xff\n", b'{"epoch": 1}\n'])
def test_hostile_curves_are_broken(record, content):
    with pytest.raises(BrokenRecord, match=r"epochs\.jsonl"):
        back(forged(pack(record()), **{EPOCHS: content}))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
changes = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6)


def damaged(content, places, cut):
    changed = bytearray(content)
    for place, value in places:
        changed[place % len(changed)] = value
    return bytes(changed[: len(changed) - cut % len(changed)])


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_statement_or_broken(content):
    with pytest.raises(BrokenRecord, match=r"record\.json"):
        read_statement(content)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_value_in_any_field_is_read_or_broken(record, data):
    """With every hash right again."""
    files = pack(record())
    said = json.loads(files[RECORD])
    field = data.draw(st.sampled_from(sorted(set(said) - {"sha256"})))
    said[field] = data.draw(json_values)
    try:
        back(forged(files, said))
    except BrokenRecord as error:
        assert "\n" not in str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize(("field", "value"), [("files", {"a\nb\x1b[2J": None}), ("format", "1\n\x1b[2J")])
def test_what_a_record_holds_is_shown_on_one_line_and_moves_no_cursor(record, field, value):
    files = pack(record())
    said = json.loads(files[RECORD]) | {field: value}
    with pytest.raises(BrokenRecord, match=r"record\.json .*\\n") as caught:
        back(forged(files, said))
    assert str(caught.value).isprintable()


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from([*ARRAY_FILES, WEIGHTS, EPOCHS]), places=changes, cut=st.integers(0, 3))
def test_any_damage_with_the_right_hash_is_read_or_broken(record, name, places, cut):
    files = pack(record())
    try:
        back(forged(files, **{name: damaged(files[name], places, cut)}))
    except BrokenRecord as error:
        assert name in str(error)  # noqa: PT017 - either is right
