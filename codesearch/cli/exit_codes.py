"""The exit statuses of the command, which are grep's."""

from __future__ import annotations

FOUND = 0
"""Found, or done."""
NOTHING = 1
"""Nothing found."""
ERROR = 2
INTERRUPTED = 130
