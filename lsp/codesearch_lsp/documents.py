"""The open buffers, and which of them differ from their files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codesearch_lsp import uris
from codesearch_lsp.positions import Text

if TYPE_CHECKING:
    from codesearch_lsp.folders import Folder


def identity(uri: str) -> str:
    """Return what two spellings of one document's URI have in common."""
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
    folder: Folder
    path: str
    """Relative to the folder, with `/`; the whole path, or what a URI has for one, where there is no folder."""
    on_disk: str | None
    """The file's path, or None for a document that is no file."""
    generation: int = 0
    """Counts edits, so that a reading that took long is known to be old."""
    timer: Any = None
    """The timer of the next reading, an asyncio.TimerHandle."""
    reading: set[Any] = field(default_factory=set)
    """Readings under way: futures."""

    def language(self) -> str | None:
        """Return the language the editor says it is, as codesearch calls it, or None."""
        from codesearch import languages

        language = languages.by_editor_id(self.language_id)
        return None if language is None else language.name

    def data(self) -> bytes:
        """Return the text as extraction sees files: UTF-8, a lone CR as LF."""
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


def same_as_file(document: Document, data: bytes, limit: int) -> bool:
    """Return whether a buffer is what its file is; reads the file."""
    from codesearch.files import decode
    from codesearch.files.reading import read_plain

    if document.on_disk is None:
        return False
    try:
        raw = read_plain(document.on_disk, limit + 1)
    except OSError:
        return False
    decoded = decode(raw)
    return not isinstance(decoded, str) and decoded[0] == data
