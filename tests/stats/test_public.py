"""The names for users: what they import, what they cost, and that each says what it takes and gives."""

import inspect
import subprocess
import sys

import ceteris.stats


def test_importing_the_public_names_loads_neither_torch_nor_pydantic():
    """And neither scipy.stats nor anything that reads study files: arrays need none of them."""
    heavy = ("torch", "pydantic", "ruamel", "matplotlib", "sklearn", "scipy", "ceteris.study.vocabulary")
    code = f"import sys\nfrom ceteris.stats import *\nassert contrasts\nprint([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_comparing_arrays_needs_no_torch():
    code = (
        "import sys\nfrom ceteris.stats import ArmScores, contrasts\n"
        "a, b = ArmScores('a', {0: .7, 1: .71, 2: .69}, {}), ArmScores('b', {0: .8, 1: .82, 2: .8}, {})\n"
        "print(contrasts([a, b], {}, .005, .05)[0].verdict, *[m for m in ('torch', 'pydantic') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "better\n"


def test_every_public_name_is_there_and_documented():
    for name in ceteris.stats.__all__:
        doc = inspect.getdoc(getattr(ceteris.stats, name))
        assert doc, name
        assert not doc.startswith(f"{name}("), f"{name} has only the docstring that dataclasses make"
