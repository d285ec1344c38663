"""The environment of the command."""

from __future__ import annotations

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""Variable (name, value) that the command sets for itself and its workers, but not for an editor that it opens."""
