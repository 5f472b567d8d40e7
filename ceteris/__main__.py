"""`python -m ceteris` is `ceteris`."""

import sys

from ceteris.app.cli import command

if __name__ == "__main__":
    sys.exit(command())
