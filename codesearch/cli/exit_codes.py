"""The exit statuses of the command; they are those of grep."""

from __future__ import annotations

FOUND = 0
"""Something was found, or the work is done."""
NOTHING = 1
"""Nothing found."""
ERROR = 2
INTERRUPTED = 130
