"""The wall between what makes numbers and what reads them, seen by a fresh interpreter."""

import json
import subprocess
import sys

READERS = """
import importlib, json, pkgutil, sys
names = ["ceteris.registry", "ceteris.errors"]
for package in ("ceteris.study", "ceteris.store", "ceteris.stats", "ceteris.report"):
    path = importlib.import_module(package).__path__
    names += [package, *(found.name for found in pkgutil.walk_packages(path, package + "."))]
for name in names:
    importlib.import_module(name)
print(json.dumps({"read": names, "loaded": sorted(sys.modules)}))
"""
MAKERS = ("torch", "ceteris.data", "ceteris.models", "ceteris.optim", "ceteris.probes", "ceteris.engine", "ceteris.lab")


def test_the_reading_side_loads_nothing_that_makes_numbers():
    ran = subprocess.run([sys.executable, "-c", READERS], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert {"ceteris.store.records", "ceteris.stats.decide", "ceteris.report.page"} <= set(said["read"])
    assert [name for name in said["loaded"] if name in MAKERS] == []
