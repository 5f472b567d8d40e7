import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ceteris.data.download import Patience, Remote, fetch
from ceteris.errors import InputError

CONTENT = np.random.default_rng(0).bytes(300_000)
PATIENT = Patience(attempts=3, pause=0.0, silence=5.0)


class Server:
    """Serves CONTENT on the loopback as told: how many bytes per answer, which status, with or without Range."""

    def __init__(self):
        self.content, self.ranges, self.cuts, self.statuses = CONTENT, True, [], []
        self.asked: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *arguments):
                """Silent."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def remote(self) -> Remote:
        digests = (hashlib.new(name, CONTENT).hexdigest() for name in ("sha256", "md5"))
        return Remote(f"http://127.0.0.1:{self.http.server_port}/set.tar.gz", *digests)

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        status = self.statuses.pop(0) if self.statuses else 200
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.ranges else 0
        if status == 200 and start >= len(self.content):
            status = 416
        if status != 200:
            request.send_error(status)
            return
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(self.content) - start))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        request.end_headers()
        end = self.cuts.pop(0) if self.cuts else len(self.content)
        request.wfile.write(self.content[start : max(start, end)])
        request.close_connection = True

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "data" / "set.tar.gz"


def left_beside(target: Path) -> set[str]:
    return {file.name for file in target.parent.iterdir()}


def test_it_arrives_whole_with_its_progress(server, target):
    told = []
    fetch(server.remote, target, lambda *said: told.append(said), PATIENT)
    assert target.read_bytes() == CONTENT
    assert told[-1] == ("downloading set.tar.gz", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert left_beside(target) == {"set.tar.gz", "set.tar.gz.lock"}


def test_what_is_there_is_not_fetched_again(server, target):
    target.parent.mkdir()
    target.write_bytes(b"there")
    fetch(server.remote, target)
    assert server.asked == []


def test_a_broken_connection_goes_on_where_it_broke(server, target):
    server.cuts = [1, 100_000, 100_000, 299_999]
    fetch(server.remote, target, patience=PATIENT)
    assert target.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1-", "bytes=100000-", "bytes=100000-", "bytes=299999-"]


def test_a_later_run_goes_on_with_what_an_earlier_one_left(server, target):
    server.cuts = [120_000] * 9
    with pytest.raises(InputError, match="the connection broke off"):
        fetch(server.remote, target, patience=PATIENT)
    assert not target.exists()
    server.cuts, server.asked = [], []
    fetch(server.remote, target, patience=PATIENT)
    assert target.read_bytes() == CONTENT
    assert server.asked == ["bytes=120000-"]


def test_a_server_without_ranges_is_read_from_the_start(server, target):
    server.ranges, server.cuts = False, [100_000]
    fetch(server.remote, target, patience=PATIENT)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"!", CONTENT + b"more", CONTENT[:1000]])
def test_wrong_bytes_are_thrown_away(content, server, target):
    server.content = content
    with pytest.raises(InputError, match="is not the official file: sha256"):
        fetch(server.remote, target, patience=PATIENT)
    assert left_beside(target) == {"set.tar.gz.lock"}


def test_a_wrong_beginning_is_noticed_and_the_next_run_succeeds(server, target):
    target.parent.mkdir()
    target.with_name("set.tar.gz.part").write_bytes(b"x" * 1000)
    with pytest.raises(InputError, match="not the official file"):
        fetch(server.remote, target, patience=PATIENT)
    fetch(server.remote, target, patience=PATIENT)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("excess", [0, 5000])
def test_a_beginning_that_is_too_long_starts_anew(excess, server, target):
    target.parent.mkdir()
    target.with_name("set.tar.gz.part").write_bytes(b"x" * (len(CONTENT) + excess))
    fetch(server.remote, target, patience=PATIENT)
    assert target.read_bytes() == CONTENT


def test_the_md5_counts_too(server, target):
    remote = Remote(server.remote.url, server.remote.sha256, "0" * 32)
    with pytest.raises(InputError, match="not the official file: md5"):
        fetch(remote, target, patience=PATIENT)


def test_a_passing_server_error_is_waited_out(server, target):
    server.statuses = [503, 500]
    fetch(server.remote, target, patience=PATIENT)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(("statuses", "asked"), [([404], 1), ([403], 1), ([503] * 9, 3)])
def test_a_refusal_names_the_url_and_where_to_put_the_file(statuses, asked, server, target):
    server.statuses = list(statuses)
    with pytest.raises(InputError) as caught:
        fetch(server.remote, target, patience=PATIENT)
    (problem,) = caught.value.problems
    assert server.remote.url in problem.what
    assert str(statuses[0]) in problem.what
    assert str(target) in problem.hint
    assert len(server.asked) == asked


def test_no_server_is_a_clear_error(server, target):
    remote = server.remote
    server.http.server_close()
    with pytest.raises(InputError, match=r"cannot download http://127\.0\.0\.1.*refused"):
        fetch(remote, target, patience=PATIENT)


def test_a_folder_that_cannot_be_written_is_a_clear_error(server, tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(InputError, match="cannot be written"):
        fetch(server.remote, tmp_path / "data" / "set.tar.gz", patience=PATIENT)


def test_two_at_once_download_it_once(server, target):
    workers = [threading.Thread(target=fetch, args=(server.remote, target)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert target.read_bytes() == CONTENT
    assert server.asked == [None]
