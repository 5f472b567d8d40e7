"""A real browser without a screen: whether script on a page runs in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=5000", "--dump-dom",
)  # fmt: skip
MISSING = "no browser to open the page in: install one (on Debian `apt-get install chromium`)"
RUN = "document.documentElement.dataset.executed=1"
"""Script that leaves its mark on the root element."""
SECONDS = 120


def ran(page: str) -> str:
    """What is wrong with a page in the browser: RUN was executed, or nothing opened it; empty when it is well."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        return MISSING
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        command = [program, *FLAGS, f"--user-data-dir={folder}/profile", file.as_uri()]
        seen = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    root = re.search(r"<html[^>]*>", seen.stdout)
    if root is None:
        return f"the browser showed nothing: {seen.stderr[-200:]}"
    return "script ran in a browser" if "data-executed" in root[0] else ""


def without_policy(page: str) -> str:
    """The page as a browser that knows no content security policy takes it."""
    return page.replace("Content-Security-Policy", "x-nothing")


def detector() -> str:
    """What is wrong with the detector itself; nothing when script is seen to run, and a policy seen to stop it."""
    bare = f"<!doctype html><html><body><img src=x onerror={RUN}><script>{RUN}</script></body></html>"
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    guarded = bare.replace("<html>", f"<html><head>{policy}</head>")
    if not (why := ran(bare)):
        return "the browser does not run script at all"
    return why if why != "script ran in a browser" else ran(guarded)
