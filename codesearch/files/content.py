"""Read one file and decide whether it is source: encodings, and binary, generated and minified files."""

from __future__ import annotations

import codecs
import re
from hashlib import blake2b
from pathlib import Path

from codesearch.core.types import Skipped
from codesearch.files import notebooks
from codesearch.files.reading import read_plain
from codesearch.files.roles import role
from codesearch.files.values import FileOptions, Source

HASH_BYTES = 16
MOST_BYTES = 200_000
"""A larger file of configuration, markup or an unknown language is data."""
_LOOK = 8192
"""Bytes examined to distinguish text from binary, as git and grep do."""
_HEAD = 2048
"""Bytes that are searched for the marker of a generated file."""
_CONTROL = bytes(sorted(set(range(32)) - set(b"\t\n\v\f\r\b\x1b")))
_MOST_CONTROL = 0.1
_DECODED_SIGNS = (b"\0", b"\r", b"\x1b")
"""A text in ASCII without any of these is what `decode` returns."""
_LONE_CR = re.compile(rb"\r(?!\n)")

_SHIFTED = b"\x1b$"
"""In ISO-2022-JP, the start of Japanese letters; their bytes are ASCII."""
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_COMMENT = rb"^[ \t]{0,3}(?://|#|/?\*|--|;|<!--|%|\"\"\"|'''|\{-|\(\*|@?rem\b)[^\n]*?"
_GENERATED = re.compile(
    _COMMENT + rb"(?:(?<![\w@/.\"'`])@generated\b(?![\"'`])|code generated\b[^\n]*\bdo not edit|<auto-?generated\b)",
    re.MULTILINE | re.IGNORECASE,
)
_GENERATED_BY = re.compile(
    _COMMENT + rb"\b(?:generated (?:\w+ )?(?:by|from|with|using)|generated (?:code|file)"
    rb"|auto-?(?:matically )?[ -]?generated)\b",
    re.MULTILINE | re.IGNORECASE,
)
_DO_NOT_EDIT = re.compile(
    _COMMENT + rb"\bdo(?: not|n't) (?:manually )?(?:edit|modify|change)", re.MULTILINE | re.IGNORECASE
)

_DEFINITION = re.compile(
    rb"^(?:(?:export|default|public|private|static|pub|async|final|abstract)\s+)*"
    rb"(?:def|class|func|function|fn|fun|struct|interface|enum|impl|trait|if|for)\b",
    re.MULTILINE,
)
"""After the first definition, a marker is more likely part of a generator's template."""

_PACKED_NAME = re.compile(r"[.-]min\.(?:js|mjs|cjs|css|jsx?|tsx?|html)$", re.IGNORECASE)
_LONG_LINE = 200
"""Bytes; minifiers that break lines do so at 500 or more, and lines written by hand rarely exceed 200."""
_PACKED_SHARE = 0.8
_OWN_LINES = 5
"""Lines of ordinary code that a packed file may have (a wrapper), besides comments and one per two packed lines."""
_SHORT_AVERAGE = 60
"""Mean bytes per line; below it, a file cannot be packed, and its lines are not examined."""
_PUNCTUATION = b"(){}[];,:=.!&|?+-<>"
_BLANKS = b" \t"


def _cp1252(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are not UTF-8 as Windows-1252, or Latin-1 where that has no character."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    text = "".join(bytes((b,)).decode("cp1252" if b not in b"\x81\x8d\x8f\x90\x9d" else "latin-1") for b in wrong)
    return text, error.end


codecs.register_error("codesearch-cp1252", _cp1252)


def _wide_without_bom(raw: bytes) -> str | None:
    """Recognise UTF-16 without byte-order mark, in which every other byte of ASCII is NUL; None for anything else."""
    sample = raw[: _LOOK & ~1]
    pairs = len(sample) // 2
    if pairs < 2 or len(raw) % 2:
        return None
    for encoding, high, low in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        # A lone `00 0A`-like unit would put a NUL in the low half; text has none.
        if high.count(0) >= 0.6 * pairs and not low.count(0):
            plain = bytes(b for b, h in zip(low, high, strict=False) if not h)
            if not len(plain) - len(plain.translate(None, _CONTROL)):
                return encoding
    return None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _narrow(data: bytes, encoding: str) -> tuple[bytes, str]:
    """Return (UTF-8, encoding) of a text in a single-byte encoding, or in UTF-8 already, as `encoding` says."""
    is_utf8 = data.isascii() or _is_utf8(data)
    if not is_utf8 or _SHIFTED in data:
        from codesearch.files import declared  # few files need it

        if (known := declared.decoded(data)) is not None:
            return known[0].encode(), known[1]
    if is_utf8:
        return data, encoding
    text = data.decode("utf-8", "codesearch-cp1252")
    # As many characters as bytes: nothing in it was UTF-8 beyond ASCII.
    return text.encode(), "cp1252" if len(text) == len(data) else f"{encoding}+cp1252"


def decode(raw: bytes) -> tuple[bytes, str] | str:
    """Return (UTF-8 bytes for the parser, encoding of the file), or the reason why it cannot be read.

    Bytes that are not UTF-8 are read in the encoding that the file declares, or else as Windows-1252, so a file that
    mixes both loses nothing. A CR without LF becomes LF: editors (and the language server protocol) count it as the end
    of a line, parsers do not.
    """
    encoding = next((name for bom, name in _BOMS if raw.startswith(bom)), None) or (
        _wide_without_bom(raw) if b"\0" in raw[:_LOOK] else None
    )
    if encoding is not None:
        try:
            data = raw.decode(encoding).removeprefix("\ufeff").encode()
        except UnicodeError:
            return "encoding"
    elif raw.startswith(codecs.BOM_UTF8):
        data, encoding = raw[3:], "utf-8-sig"
    else:
        data, encoding = raw, "utf-8"
    # NULs further on are rare in source, and some grammars take quadratic time over them.
    look = data[:_LOOK]
    if b"\0" in data or len(look) - len(look.translate(None, _CONTROL)) > _MOST_CONTROL * len(look):
        return "binary"
    if encoding.startswith("utf-8"):
        data, encoding = _narrow(data, encoding)
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        data = _LONE_CR.sub(b"\n", data)
    return data, encoding


def is_generated(data: bytes) -> bool:
    """Return whether a comment near the top says that the file is generated and not to be edited."""
    head = data[:_HEAD]
    if b"generated" not in head.lower():
        return False  # every marker has the word; looking for it is cheap
    if code := _DEFINITION.search(head):
        head = head[: code.start()]
    return _GENERATED.search(head) is not None or (
        _DO_NOT_EDIT.search(head) is not None and _GENERATED_BY.search(head) is not None
    )


def is_minified(path: str, data: bytes, language: str) -> bool:
    """Return whether nearly all of a file is packed code, by its name or by its lines.

    A packed line is long, has almost no blanks and much punctuation: not prose, not base64. Ordinary code
    beside it, more than a wrapper's few lines, keeps the file.
    """
    from codesearch import languages

    if not languages.get(language).packed:
        return False
    if _PACKED_NAME.search(path):
        return True
    if len(data) < 2 * _LONG_LINE or len(data) / (data.count(b"\n") + 1) < _SHORT_AVERAGE:
        return False
    packed = packed_bytes = ordinary = comment_bytes = 0
    in_comment = False
    for line in data.splitlines():
        text = line.strip()
        if not text:
            continue
        if len(text) > _LONG_LINE and _is_packed(text):
            packed += 1
            packed_bytes += len(text)
            in_comment = False
            continue
        if in_comment or text.startswith((b"//", b"/*", b"<!--")):
            comment_bytes += len(text)
            in_comment = (in_comment or text.startswith(b"/*")) and b"*/" not in text
        else:
            ordinary += 1
    if ordinary > _OWN_LINES + packed // 2:
        return False
    return packed > 0 and packed_bytes >= _PACKED_SHARE * (len(data) - comment_bytes)


def _is_packed(line: bytes) -> bool:
    """Return whether a long line looks like packed code: almost no blanks and much punctuation."""
    blanks = len(line) - len(line.translate(None, _BLANKS))
    marks = len(line) - len(line.translate(None, _PUNCTUATION))
    return blanks < 0.08 * len(line) and 0.1 * len(line) < marks < 0.7 * len(line)


def read_source(root: Path | str, path: str, options: FileOptions | None = None) -> Source | Skipped:
    """Read one file of a tree for the parser, or return why it is left out (a key of `REASONS`).

    `path` is relative to `root`, as `discover` gives it. Raises nothing for a bad file.
    """
    options = options or FileOptions()
    try:
        raw = read_plain(f"{root}/{path}", options.max_file_size + 1)
    except OSError as error:
        return Skipped(path, "unreadable", error.strerror or str(error))
    return judge(path, raw, options)


def _in_language(path: str, data: bytes, fallback: str | None) -> tuple[bytes, str | None]:
    """Return the text of a file and its language; a notebook is the text of its cells in that of its kernel."""
    from codesearch import languages

    if path.endswith(notebooks.EXTENSION) and (cells := notebooks.read(data)) is not None:
        text, kernel = cells
        return text, next(iter(languages.named(kernel)), None)
    detected = languages.detect(path, data[: 2 * _HEAD])
    return data, fallback if detected is None else detected.name


def text_of(path: str, raw: bytes) -> bytes | None:
    """Return the text in the raw content of a file that was judged to be source before; None if it is none."""
    data = raw
    if not raw.isascii() or any(sign in raw for sign in _DECODED_SIGNS):
        decoded = decode(raw)
        if isinstance(decoded, str):
            return None
        data, _ = decoded
    if path.endswith(notebooks.EXTENSION) and (cells := notebooks.read(data)) is not None:
        return cells[0]
    return data


def judge(path: str, raw: bytes, options: FileOptions, *, fallback: str | None = None) -> Source | Skipped:
    """Return the source in the raw content of a file, or why it is left out (a key of `REASONS`).

    Files on disk and unsaved buffers are judged by these same rules. `fallback` is the language if name and
    content do not reveal it, as for a buffer without a file name.
    """
    from codesearch import languages

    if len(raw) > options.max_file_size:
        return Skipped(path, "too large", f"more than {options.max_file_size} bytes")
    decoded = decode(raw)
    if isinstance(decoded, str):
        return Skipped(path, decoded)
    data, encoding = decoded
    data, language = _in_language(path, data, fallback)
    if language is None:
        return Skipped(path, "unknown language")
    if options.languages and language not in options.languages:
        return Skipped(path, "excluded", language)
    is_text = language == languages.OTHER.name or languages.get(language).is_text
    if len(data) > MOST_BYTES and is_text and "doc" not in role(path):
        return Skipped(path, "data", f"more than {MOST_BYTES} bytes")
    if not options.index_generated and is_generated(data):
        return Skipped(path, "generated")
    if not options.index_minified and is_minified(path, data, language):
        return Skipped(path, "minified")
    return Source(data, encoding, blake2b(raw, digest_size=HASH_BYTES).digest(), language)
