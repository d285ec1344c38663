"""The errors of the library. Their messages are written for users: what happened, to what, and what to do.

    CodesearchError
    ├── UsageError              a query, an option or a setting cannot be understood
    ├── NotFoundError           a folder, index, file, symbol or model does not exist
    │   └── GrammarError        the grammar of a language is not installed (languages.grammar)
    ├── StoreError              the index file cannot be used
    │   └── UnwritableError     it can be read, but not written
    ├── IndexBusyError          another process is writing the index
    ├── ModelError              an embedding model cannot be used
    ├── ParseTimeoutError       a file took too long to parse (extract.scan)
    └── RerankCancelledError    `RerankBudget.should_stop` ended a query

Other exception classes never leave the package that defines them.
"""

from __future__ import annotations


class CodesearchError(Exception):
    """Base class of every error that codesearch raises on purpose."""


class NotFoundError(CodesearchError):
    """A folder, index, file, symbol or model does not exist."""


class UsageError(CodesearchError):
    """A query, an option or a setting cannot be understood.

    `brief` is the message without lists of what is allowed, for notifications and other small places.
    """

    def __init__(self, message: str, *, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message


class StoreError(CodesearchError):
    """The index file cannot be used: it is corrupt, from a newer version, or of another tree or model."""


class UnwritableError(StoreError):
    """The index can be read but not written: a read-only disk, another user's folder."""


class IndexBusyError(CodesearchError):
    """Another process is writing the index and did not finish within the time given."""


class ModelError(CodesearchError):
    """An embedding model cannot be used: a file is missing or damaged, or a library is missing."""


class RerankCancelledError(CodesearchError):
    """`RerankBudget.should_stop` returned True while a query was being reranked."""
