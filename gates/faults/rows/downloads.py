"""A server that breaks off, lies or refuses while an official archive is fetched."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ceteris.data.download import Patience, Remote, fetch
from ceteris.errors import InputError
from gates.faults.row import Injection, Outcome, draws

FAULT = "a download that is cut, of the right size with wrong bytes, or answered with an error"
PROMISE = "in place only when whole and of the pinned sha256: accepted 0"
SOURCE = "data"

CUTS, SHORT_CUTS = 100, 12
_CODES = (400, 403, 404, 410, 416, 500, 502, 503, 504)
_OFFICIAL = draws("downloads", 0).bytes(5000)
_ONCE = Patience(attempts=1, pause=0.0, silence=5.0)


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Wrong bytes and error codes, then cuts; afterwards a sound server must still be able to finish."""
    wrong = {f"byte {place} is wrong": _flipped(place) for place in (0, 1, 2500, 4998, 4999)}
    faults: list[tuple[str, int, bytes]] = [(label, 200, content) for label, content in wrong.items()]
    faults += [(f"status {code}", code, b"") for code in _CODES]
    faults += [(f"cut after {cut} bytes", 200, _OFFICIAL[:cut]) for cut in range(0, 5000, 5000 // CUTS)]
    count = len(wrong) + len(_CODES) + (SHORT_CUTS if short else CUTS)
    with _Server() as server:
        for number in range(1, count + 1) if only is None else [only]:
            label, server.code, server.content = faults[number - 1]
            outcome, detail = _outcome(server)
            yield Injection(number, label, outcome, detail)


class _Server(ThreadingHTTPServer):
    """A loopback server that always promises the official size."""

    code, content = 200, _OFFICIAL

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def __exit__(self, *reason: object) -> None:
        self.shutdown()
        super().__exit__(*reason)


class _Answer(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.send_response(self.server.code)
        self.send_header("Content-Length", str(len(_OFFICIAL) if self.server.code == 200 else 0))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _outcome(server: _Server) -> tuple[Outcome, str]:
    url = f"http://127.0.0.1:{server.server_port}/official.tar"
    remote = Remote(url, hashlib.sha256(_OFFICIAL).hexdigest(), hashlib.md5(_OFFICIAL).hexdigest())  # noqa: S324
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "official.tar")
        try:
            fetch(remote, target, patience=_ONCE)
        except InputError:
            if target.exists():
                return Outcome.WRONG, "it is in place all the same"
        except Exception as error:
            return Outcome.WRONG, f"no words: {type(error).__name__}: {error}"
        else:
            return Outcome.WRONG, "it was accepted"
        server.code, server.content = 200, _OFFICIAL
        fetch(remote, target, patience=_ONCE)
        return (Outcome.REFUSED, "") if target.read_bytes() == _OFFICIAL else (Outcome.WRONG, "not whole afterwards")


def _flipped(place: int) -> bytes:
    content = bytearray(_OFFICIAL)
    content[place] ^= 1
    return bytes(content)
