"""The files of pinned versions and the ranges of pyproject.toml say the same."""

import re
import tomllib
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RANGES = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["export"]
LOWEST = {name: Version(least) for name, least in (one.split(">=") for one in RANGES)}


def pinned(file):
    lines = (ROOT / "requirements" / file).read_text().splitlines()
    found = (re.fullmatch(r"([\w.-]+)==(\S+)", line) for line in lines)
    return {match[1].lower(): Version(match[2]) for match in found if match}


def test_the_oldest_versions_are_those_of_the_ranges():
    assert pinned("lowest.txt") == LOWEST


def test_what_the_tests_run_with_lies_in_the_ranges():
    seen = pinned("constraints.txt")
    assert {name for name, least in LOWEST.items() if seen[name] < least} == set()
