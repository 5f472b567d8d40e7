"""ceteris: controlled experiments on image classifiers, all else equal.

`from ceteris import Study, Recipe, Factor, run` is the whole Python interface to a study; `register` adds a part of
your own, `trained_model` gives a trained network back. Nothing is imported before it is used, so `import ceteris`
costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ceteris.version import VERSION as __version__

if TYPE_CHECKING:
    from ceteris.app.python import Results, run, trained_model
    from ceteris.registry import register
    from ceteris.study.vocabulary import EarlyStopping, Factor, Normalize, Recipe, Scale, Split, Study

__all__ = [
    "EarlyStopping", "Factor", "Normalize", "Recipe", "Results", "Scale", "Split", "Study", "__version__", "register",
    "run", "trained_model",
]  # fmt: skip

_HOMES = dict.fromkeys(("Results", "run", "trained_model"), "ceteris.app.python") | {"register": "ceteris.registry"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'ceteris' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, "ceteris.study.vocabulary")), name)
