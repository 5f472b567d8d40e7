import collections
import os
import pickle
import pickletools
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.data.batch_pickle import load_batch
from ceteris.errors import InputError

DATA = np.arange(2 * 3072, dtype=np.uint8).reshape(2, 3072)
BATCH = {b"batch_label": b"training batch 1 of 5", b"labels": [3, 9], b"data": DATA, b"filenames": [b"a.png", b"b.png"]}


def python2_batch() -> bytes:
    """The opcodes that Python 2 and numpy 1 wrote for the official files: protocol 2 with byte strings."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        + text(b"b")
        + b"\x87R(K\x01K\x02M\x00\x0c\x86"
        b"cnumpy\ndtype\n"
        + text(b"u1")
        + b"K\x00K\x01\x87R(K\x03"
        + text(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        b"K\x00tb\x89T" + struct.pack("<i", DATA.size) + DATA.tobytes() + b"tb"
    )
    return (
        b"\x80\x02}(" + text(b"batch_label") + text(b"training batch 1 of 5") + text(b"labels") + b"](K\x03K\x09e"
        + text(b"data") + array + text(b"filenames") + b"](" + text(b"a.png") + text(b"b.png") + b"eu."
    )  # fmt: skip


def same_batch(found: dict) -> bool:
    return found.keys() == BATCH.keys() and all(np.array_equal(found[name], BATCH[name]) for name in BATCH)


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_of_python_3_is_read(protocol):
    assert same_batch(load_batch(pickle.dumps(BATCH, protocol=protocol), "data_batch_1"))


def test_the_official_files_pickle_of_python_2_is_read():
    content = python2_batch()
    assert {code.name for code, _, _ in pickletools.genops(content)} >= {"SHORT_BINSTRING", "BINSTRING", "REDUCE"}
    assert same_batch(load_batch(content, "data_batch_1"))


def test_text_keys_become_bytes():
    assert load_batch(pickle.dumps({"labels": [1]}), "x") == {b"labels": [1]}


class _Calls:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


HOSTILE = {
    "os.system": lambda canary: pickle.dumps(_Calls(os.system, f"touch {canary}")),
    "eval": lambda canary: pickle.dumps(_Calls(eval, f"open({str(canary)!r}, 'w')")),
    "exec": lambda canary: pickle.dumps(_Calls(exec, f"open({str(canary)!r}, 'w')")),
    "getattr": lambda canary: pickle.dumps(_Calls(getattr, {}, "clear")),
    "pathlib": lambda canary: pickle.dumps(_Calls(Path.touch, canary)),
    "protocol 0": lambda canary: f"cos\nsystem\n(S'touch {canary}'\ntR.".encode(),
    "inst": lambda canary: f"(S'touch {canary}'\nios\nsystem\n.".encode(),
    "inside a batch": lambda canary: pickle.dumps(BATCH | {b"meta": _Calls(os.system, f"touch {canary}")}),
    "numpy.load": lambda canary: pickle.dumps(_Calls(np.load, str(canary))),
    "numpy fromfile": lambda canary: f"cnumpy\nfromfile\n(S'{canary}'\ntR.".encode(),
    "stack global": lambda canary: b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "dotted": lambda canary: b"\x80\x04\x8c\x05numpy\x8c\x0bndarray.dot\x93.",
    "ordered dict": lambda canary: pickle.dumps(collections.OrderedDict(a=1)),
}


@pytest.mark.parametrize("payload", HOSTILE)
def test_a_hostile_pickle_is_refused_by_name_and_never_run(payload, tmp_path):
    canary = tmp_path / "canary"
    with pytest.raises(InputError, match="the pickle asks for ") as caught:
        load_batch(HOSTILE[payload](canary), "data_batch_1")
    assert caught.value.problems[0].where == "data_batch_1"
    assert not canary.exists()


ODD = {
    "objects": pickle.dumps({b"data": np.array([{}, []], dtype=object)}),
    "an array called": b"cnumpy\nndarray\n(I1000000000\ntR.",
    "records": pickle.dumps({b"data": np.zeros(2, dtype=[("a", "i4")])}, protocol=2),
    "another codec": b"c_codecs\nencode\n(Vabc\nVrot13\ntR.",
    "persistent id": b"Pelsewhere\n.",
    "shape without content": pickle.dumps({b"data": DATA}, protocol=2).replace(b"M\x00\x0c", b"M\xff\xff"),
}


@pytest.mark.parametrize("payload", ODD)
def test_what_no_batch_needs_is_refused(payload):
    with pytest.raises(InputError, match="not a readable batch"):
        load_batch(ODD[payload], "data_batch_1")


class _Restored:
    """Pickled as what `call` makes, restored with `state`."""

    def __init__(self, call, arguments, state):
        self.call = call, arguments, state

    def __reduce__(self):
        return self.call


def batch_with(dtype_state, content=bytes(16), version=1):
    restore, arguments, _ = np.zeros(1).__reduce__()
    number = _Restored(np.dtype, ("u8", False, True), dtype_state)
    return {b"data": _Restored(restore, arguments, (version, (2,), number, False, content))}


PLAIN = (3, "<", None, None, None, -1, -1, 0)
STATES = {
    "flags of objects": ((3, "<", None, None, None, -1, -1, 63), bytes(16)),
    "pointers": ((3, "<", None, None, None, -1, -1, 63), [0x41414141, 2]),
    "a subarray larger than its number": ((3, "<", (np.dtype("u1"), (1000,)), None, None, -1, -1, 0), bytes(16)),
    "fields": ((3, "<", None, ("a",), {"a": (np.dtype("u1"), 0)}, -1, -1, 0), bytes(16)),
    "a size of its own": ((3, "<", None, None, None, 1, -1, 0), bytes(2)),
    "another version": ((4, "<", None, None, None, -1, -1, 0, {}), bytes(16)),
    "a list as content": (PLAIN, [1, 2]),
}


@pytest.mark.parametrize("state", STATES)
def test_state_that_numpy_would_trust_is_refused(state):
    with pytest.raises(InputError, match="not a readable batch: UnpicklingError: it "):
        load_batch(pickle.dumps(batch_with(*STATES[state]), protocol=2), "x")
    assert load_batch(pickle.dumps(batch_with(PLAIN), protocol=2), "x")[b"data"].tolist() == [0, 0]


def test_the_byte_order_is_kept():
    content = (3, ">", None, None, None, -1, -1, 0), bytes(7) + b"\1" + bytes(7) + b"\2"
    assert load_batch(pickle.dumps(batch_with(*content), protocol=2), "x")[b"data"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "name", ["numpy\ndtype", "numpy\nndarray", "_codecs\nencode", "numpy.core.numeric\n_frombuffer"]
)
def test_no_pickle_alters_what_later_ones_are_read_with(name):
    alter = b"\x80\x02c" + name.encode() + b"\n" + pickle.dumps((None, {"evil": 1}), protocol=2)[2:-1] + b"b."
    with pytest.raises(InputError, match="not a readable batch: UnpicklingError: it alters"):
        load_batch(alter, "x")
    assert same_batch(load_batch(python2_batch(), "data_batch_1"))


@given(st.integers(0, 6500), st.integers(1, 255))
def test_a_damaged_batch_is_an_input_error_or_a_dict(place, flip):
    content = bytearray(python2_batch())
    content[place % len(content)] ^= flip
    try:
        batch = load_batch(bytes(content), "x")
    except InputError as error:
        batch = {problem.where: problem for problem in error.problems}
    assert isinstance(batch, dict)
    assert batch


@given(st.integers(0, 6000))
def test_a_cut_batch_is_refused(length):
    with pytest.raises(InputError, match="not a readable batch"):
        load_batch(python2_batch()[:length], "x")


def test_a_batch_is_a_dict():
    with pytest.raises(InputError, match="a batch is a dict, not a list"):
        load_batch(pickle.dumps([1]), "x")


@pytest.mark.parametrize("content", [b"\x80\x02}r\xff\xff\xff\x7f.", b"(dp2147483647\n.", b"\x80\x02}q\xff."])
def test_a_memo_that_would_fill_the_memory_is_refused(content):
    with pytest.raises(InputError, match="it wants a memo of"):
        load_batch(content, "data_batch_1")


@given(st.binary(max_size=200) | st.text("(.012IKNSXV]abdhjpqrstu}\n0123456789", max_size=60).map(str.encode))
def test_any_bytes_are_a_dict_or_refused_in_words(content):
    try:
        assert isinstance(load_batch(content, "data_batch_1"), dict)
    except InputError as error:
        assert "data_batch_1" in str(error)  # noqa: PT017 - either is right
