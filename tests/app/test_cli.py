import gc
import subprocess
import sys

import pytest

from ceteris.app import cli as module
from ceteris.app.cli import COMMANDS, cli
from ceteris.version import VERSION

HEAVY = ("torch", "scipy", "matplotlib", "sklearn", "numpy", "pydantic", "rich", "jinja2")


def loaded_after(code):
    """Which of the heavy packages a fresh interpreter has loaded after running the code."""
    script = f"import sys\n{code}\nprint(*sorted(m for m in {HEAVY} if m in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stderr.split()


def test_help_loads_nothing_heavy():
    assert loaded_after("from ceteris.app.cli import main\nassert main(['--help']) == 0") == []


def test_import_loads_nothing_heavy():
    assert loaded_after("import ceteris") == []


def test_parts_and_studies_need_no_torch():
    code = "from ceteris.app.cli import main\nassert main(['parts']) == 0 and main(['studies']) == 0"
    assert not {"torch", "matplotlib", "sklearn", "scipy"} & set(loaded_after(code))


def test_help_lists_every_command(call):
    printed = call("--help")
    assert printed.code == 0
    assert all(name in printed.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(call, name):
    printed = call(name, "--help")
    assert printed.code == 0
    assert f"Example: ceteris {name}" in printed.out


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"data"}))
def test_every_command_that_prints_results_has_json(name):
    command = cli.get_command(None, name)
    assert "as_json" in {parameter.name for parameter in command.params}


def test_version(call):
    assert VERSION in call("--version").out


def test_an_unknown_command_is_a_mistake_with_a_suggestion(call):
    printed = call("rnu")
    assert printed.code == 2
    assert "did you mean 'run'?" in printed.err


def test_a_command_seldom_looks_for_garbage_and_at_its_end_not_at_all(monkeypatch):
    thresholds, at_exit = [], []
    monkeypatch.setattr(module.gc, "set_threshold", thresholds.append)
    monkeypatch.setattr(module.atexit, "register", at_exit.append)
    monkeypatch.setattr(module, "main", lambda: 7)

    assert module.command() == 7
    assert (thresholds, at_exit) == ([10_000], [gc.freeze])
