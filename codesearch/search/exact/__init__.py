"""Exact words beside meaning: every line that a regular expression matches, with the symbol that it belongs to."""
