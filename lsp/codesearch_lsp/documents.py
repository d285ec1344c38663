"""An open buffer, and whether it differs from its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codesearch.service import unsaved
from codesearch_lsp import uris
from codesearch_lsp.positions import Text

if TYPE_CHECKING:
    from codesearch import Settings
    from codesearch_lsp.folders import Folder

Homes = tuple[tuple["Folder", str], ...]
"""The folders that contain a document, the innermost first, each with the document's path in it."""


def identity(uri: str) -> str:
    """Return a key that is the same for all spellings of a document's URI."""
    path = uris.to_path(uri)
    return uri if path is None else uris.key(path)


@dataclass(slots=True, eq=False)
class Document:
    """One open buffer."""

    uri: str
    """As the client writes it."""
    language_id: str
    version: int
    text: Text
    homes: Homes
    """Paths are relative to their folder, with `/`. A document in no folder has one home, without an index, and there
    its whole path, or the part of its URI that stands for one.
    """
    on_disk: str | None
    """The file's path, or None for a document that is not a file."""
    generation: int = 0
    """Counts edits, so that the result of an older reading can be recognised."""
    timer: Any = None
    """The timer of the next reading, an asyncio.TimerHandle."""
    reading: set[Any] = field(default_factory=set)
    """The readings that are running: futures."""
    failures: int = 0
    """Number of failures to read this text, for example because the reading process was killed."""
    differs: bool = False
    """The buffer is not what its file is, or was not when it was last read."""

    @property
    def folder(self) -> Folder:
        """The innermost folder."""
        return self.homes[0][0]

    @property
    def path(self) -> str:
        """The path in the innermost folder."""
        return self.homes[0][1]

    def language(self) -> str | None:
        """Return codesearch's name of the language that the editor gives, or None."""
        from codesearch import languages

        language = languages.by_editor_id(self.language_id)
        return None if language is None else language.name

    def data(self) -> bytes:
        """Return the text as files are extracted: UTF-8, with a lone CR as LF."""
        text = str(self.text)
        if "\r" in text:
            text = "".join(line[:-1] + "\n" if line.endswith("\r") else line for line in self.text.lines)
        return text.removeprefix("\ufeff").encode("utf-8", "replace")

    def apply(self, change: Any, encoding: str) -> None:
        """Apply one content change of the protocol."""
        where = getattr(change, "range", None)
        if where is None:
            self.text = Text(change.text)
            return
        start, end = where.start, where.end
        self.text.replace((start.line, start.character), (end.line, end.character), change.text, encoding)


def same_as_file(document: Document, data: bytes, settings: Settings) -> bool:
    """Return whether a buffer equals its file. Reads the file."""
    return document.on_disk is not None and unsaved.text_of(document.on_disk, settings) == data
