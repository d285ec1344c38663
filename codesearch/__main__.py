"""`python -m codesearch`: the command, if its script is not installed."""

from __future__ import annotations

import sys

from codesearch.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
