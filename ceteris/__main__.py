"""`python -m ceteris` is `ceteris`."""

import sys

from ceteris.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
