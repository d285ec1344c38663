"""Errors a person can act on: each says what happened, to which file, and what to do."""

from __future__ import annotations


class CodesearchError(Exception):
    """Base of every error codesearch raises on purpose; the message is fit to show as it is."""


class NotFoundError(CodesearchError):
    """A path, symbol or model that was asked for does not exist."""


class UsageError(CodesearchError):
    """A query, option or setting cannot be understood."""


class StoreError(CodesearchError):
    """The index file cannot be used: corrupt, from a newer version, or of another model."""


class UnwritableError(StoreError):
    """The index can be read but not written: a read-only disk, another user's folder."""


class IndexBusyError(CodesearchError):
    """Another process is writing the index and did not finish within the time given."""


class ModelError(CodesearchError):
    """An embedding model cannot be used: a file is missing or damaged, or a library that it needs."""
