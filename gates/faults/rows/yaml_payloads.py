"""Study files that are programs, bombs or no text."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ceteris.errors import InputError
from ceteris.study.reading import read_study
from gates.faults.row import Injection, Outcome

FAULT = "a study file that is code, a bomb, or no text"
PROMISE = "safe loading and a strict schema: executed 0, each under 1 s of processor time"
SOURCE = "study"

SECONDS = 1.0
_GOOD = """name: hostile
question: Does it matter?
baseline: {data: digits, model: tiny-cnn, optimizer: sgd, epochs: 1}
factors: [{path: model.width, levels: [8]}]
"""
_OPEN = "import pathlib; pathlib.Path('CANARY').touch()"
_LINKED = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
_MERGED = "".join(f"m{i}: &m{i} {{<<: [{', '.join([f'*m{i - 1}'] * 9)}]}}\n" for i in range(1, 12))
PAYLOADS: dict[str, str | bytes] = {
    "python/object/apply": f"{_GOOD}notes: [!!python/object/apply:os.system ['touch CANARY']]\n",
    "python/object/new": f"{_GOOD}notes: [!!python/object/new:os.system ['touch CANARY']]\n",
    "python/object": f"{_GOOD}notes: [!!python/object:subprocess.Popen {{args: [touch, CANARY]}}]\n",
    "python/name": f"{_GOOD}notes: [!!python/name:os.system '']\n",
    "python/module": f"{_GOOD}notes: [!!python/module:antigravity '']\n",
    "eval": f"{_GOOD}notes: [!!python/object/apply:builtins.exec [\"{_OPEN}\"]]\n",
    "a tag handle": f"%TAG ! tag:yaml.org,2002:python/\n---\n{_GOOD}notes: [!object/apply:os.system ['>CANARY']]\n",
    "a tag of one's own": f"{_GOOD}notes: [!touch CANARY]\n",
    "binary": f"{_GOOD}notes: [!!binary aGVsbG8=]\n",
    "module:object as data": _GOOD.replace("digits", "'os:system'"),
    "module:object as model": _GOOD.replace("tiny-cnn", "{name: 'subprocess:Popen', args: [touch, CANARY]}"),
    "module:object as study": "os:system\n",
    "a path on the file system": f"{_GOOD}include: /etc/passwd\n",
    "alias bomb": f"{_GOOD}a0: &a0 [x, x]\n{_LINKED}",
    "merge bomb": f"{_GOOD}m0: &m0 {{x: 1}}\n{_MERGED}",
    "merge key": f"{_GOOD}scales: {{laptop: &l {{about: x}}, smoke: {{<<: *l}}}}\n",
    "a merge with itself": f"{_GOOD}scales: &a\n  <<: *a\n",
    "an alias to itself": f"{_GOOD}notes: &a [*a]\n",
    "deep flow nesting": f"{_GOOD}notes: {'[' * 40_000}",
    "deep block nesting": "- " * 40_000,
    "many values": f"{_GOOD}notes: [{'a,' * 40_000}a]\n",
    "many anchors": f"{_GOOD}notes:\n" + "".join(f"  - &a{i} x\n" for i in range(6000)),
    "many keys": f"{_GOOD}notes: {{{','.join(f'k{i}: 1' for i in range(9000))}}}\n",
    "a huge number": f"{_GOOD}seeds: {'9' * 90_000}\n",
    "a huge hexadecimal number": f"{_GOOD}seeds: 0x{'f' * 90_000}\n",
    "a huge exponent": f"{_GOOD}margin: 1e{'9' * 90_000}\n",
    "a million seeds": f"{_GOOD}seeds: 1000000\n",
    "not a number": f"{_GOOD}margin: .nan\n",
    "infinity": f"{_GOOD}margin: .inf\n",
    "NUL": f"{_GOOD}notes: [\"a\0b\"]\n",
    "NUL, escaped": f"{_GOOD}notes: [\"a\\0b\"]\n",
    "half a character": f"{_GOOD}notes: [\"\\ud800\"]\n",
    "no character at all": f"{_GOOD}notes: [\"\\UFFFFFFFF\"]\n",
    "UTF-16": _GOOD.encode("utf-16"),
    "Latin-1": f"{_GOOD}notes: [\xe9]\n".encode("latin-1"),
    "a byte order mark": b"\xef\xbb\xbf" + _GOOD.encode(),
    "a key that is a list": f"{_GOOD}? [a, b]\n: 1\n",
    "a key twice": f"{_GOOD}name: other\n",
    "several documents": f"{_GOOD}---\n{_GOOD}",
    "a huge file": f"{_GOOD}#{'x' * 2_000_000}\n",
    "nothing but comments": "#\n" * 45_000,
    "one endless key": f"{_GOOD}{'a' * 90_000}: 1\n",
    "an open quote": f"{_GOOD}notes: '{chr(39) * 90_000}",
}  # fmt: skip
HARMLESS = ("module:object as data", "module:object as model", "a byte order mark")
"""These are read: a name is only looked up among registered parts, and the mark belongs to UTF-8."""


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Every payload as a file, read as `ceteris plan FILE` reads it; short and full are the same."""
    for number, (label, payload) in enumerate(PAYLOADS.items(), 1):
        if only not in (None, number):
            continue
        with tempfile.TemporaryDirectory() as folder:
            canary, file = Path(folder, "canary"), Path(folder, "study.yaml")
            content = payload.encode("utf-8") if isinstance(payload, str) else payload
            file.write_bytes(content.replace(b"CANARY", str(canary).encode()))
            begun = time.process_time()
            outcome, detail = _outcome(file, label in HARMLESS)
            seconds = time.process_time() - begun
            if canary.exists():
                outcome, detail = Outcome.WRONG, "it was run"
            elif seconds > SECONDS:
                outcome, detail = Outcome.WRONG, f"it took {seconds:.1f} s"
        yield Injection(number, label, outcome, detail)


def _outcome(file: Path, harmless: bool) -> tuple[Outcome, str]:
    try:
        study = read_study(file).study()
    except InputError as error:
        return (Outcome.WRONG, str(error)) if harmless else (Outcome.REFUSED, "")
    except Exception as error:
        return Outcome.WRONG, f"no words: {type(error).__name__}: {error}"
    if harmless and study.question == "Does it matter?":
        return Outcome.SURVIVED, ""
    return Outcome.WRONG, "it was read as a study"
