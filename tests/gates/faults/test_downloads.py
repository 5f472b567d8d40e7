from ceteris.data import download
from gates.faults.rows import downloads


def run(only=None):
    return list(downloads.inject(short=True, only=only))


def test_nothing_but_the_official_bytes_is_accepted():
    injections = run()
    assert {(one.outcome, one.detail) for one in injections} == {("refused", "")}
    assert run(only=20) == injections[19:20]


def test_the_row_sees_a_download_that_is_not_verified(monkeypatch):
    import pooch

    monkeypatch.setattr(download._Resuming, "_verify", lambda self: None)
    monkeypatch.setattr(
        pooch.core, "stream_download", lambda url, path, known, downloader, **o: downloader(url, path, 0)
    )
    assert run(only=1)[0].detail == "it was accepted"
