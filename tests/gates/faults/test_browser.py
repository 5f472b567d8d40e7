"""What is read from a browser, by programs that only write what one would."""

import pytest

from gates.faults import browser

MARKED = '<html data-executed="1"><body></body></html>'
PLAIN = "<html><body></body></html>"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """installed(script): the only browser there is does that; without, there is none."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(browser, "PROGRAMS", ("made-browser",))

    def make(script):
        program = tmp_path / "made-browser"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return make


def test_without_a_browser_nothing_is_well(installed):
    assert browser.ran(PLAIN) == browser.detector() == browser.MISSING


@pytest.mark.parametrize(
    ("shown", "said"), [(MARKED, "script ran in a browser"), (PLAIN, ""), ("oops", "the browser showed nothing")]
)
def test_what_the_browser_shows_is_told(shown, said, installed):
    installed(f"echo '{shown}'")
    assert browser.ran(PLAIN).startswith(said)
    assert bool(browser.ran(PLAIN)) == bool(said)


def test_the_page_itself_is_opened(installed):
    installed("for last; do :; done; cat $(echo $last | sed s,^file://,,)")
    assert browser.ran(PLAIN) == ""
    assert browser.ran(MARKED) == "script ran in a browser"


def test_a_browser_that_runs_no_script_detects_nothing(installed):
    installed(f"echo '{PLAIN}'")
    assert browser.detector() == "the browser does not run script at all"


def test_a_browser_that_heeds_no_policy_is_no_detector(installed):
    installed(f"echo '{MARKED}'")
    assert browser.detector() == "script ran in a browser"


def test_without_its_policy_a_page_is_the_same(installed):
    page = "<meta http-equiv='Content-Security-Policy' content='x'><p>words</p>"
    assert browser.without_policy(page) == "<meta http-equiv='x-nothing' content='x'><p>words</p>"
