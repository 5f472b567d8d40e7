"""A decode cache that was altered is made again, whatever the libraries that read it raise."""

import numpy as np
import pytest

from ceteris.data.cache import MANIFEST, cached_arrays

MADE = np.arange(64, dtype=np.uint8)


@pytest.mark.parametrize(("name", "spoil"), [
    ("images.npy", lambda content: content.replace(b"}", b"(")),
    ("images.npy", lambda content: content.replace(b"'descr'", b"\x00descr'")),
    ("images.npy", lambda content: content.replace(b"|u1", b"|O8")),
    ("images.npy", lambda content: b""),
    (MANIFEST, lambda content: b"[[]]"),
    (MANIFEST, lambda content: b"3"),
])  # fmt: skip
def test_it_is_made_again(tmp_path, name, spoil):
    cached_arrays(tmp_path, {"data": "shapes"}, lambda: {"images": MADE})
    (file,) = tmp_path.glob(f"*/{name}")
    whole = file.read_bytes()
    file.write_bytes(spoil(whole))
    found = cached_arrays(tmp_path, {"data": "shapes"}, lambda: {"images": MADE})
    np.testing.assert_array_equal(found["images"], MADE)
    assert file.read_bytes() == whole
