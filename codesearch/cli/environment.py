"""The environment of the command."""

from __future__ import annotations

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""Set for the command itself, not for a program that it opens for its user."""
