"""Conversion between file URIs and paths, for POSIX and Windows: pure functions over strings."""

from __future__ import annotations

import os
import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<rest>.*)", re.DOTALL)
_DRIVE = re.compile(r"/?(?P<letter>[A-Za-z])[:|](?=/|\\|\Z)")
_SAFE = "/~!$&'()*+,;=:@-._"
"""Characters that a path may contain unescaped (RFC 3986, pchar); clients leave the colon unescaped only in a drive."""


def to_path(uri: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return the path of a `file:` URI as the system writes it; None for any other URI.

    A `#` or `?` that a client forgot to escape belongs to the path: a file has no fragment here.
    Bytes that are not UTF-8 are surrogate-escaped, as `os.fsdecode` does.
    """
    found = _URI.fullmatch(uri)
    if found is None or found["scheme"].lower() != "file":
        return None
    rest = found["rest"]
    host = ""
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        rest = slash + path
    path = unquote_to_bytes(rest.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    host = unquote_to_bytes(host).decode("utf-8", "replace")
    if "\0" in path or not path.startswith("/"):
        return None
    if not windows:
        return path if host.lower() in ("", "localhost") else f"//{host}{path}"
    if host.lower() not in ("", "localhost"):
        return "\\\\" + host + path.replace("/", "\\")
    if drive := _DRIVE.match(path):
        path = drive["letter"].upper() + ":" + (path[drive.end() :] or "/")
    return path.replace("/", "\\")


def from_path(path: str, *, windows: bool = os.name == "nt") -> str:
    """Return the `file:` URI of an absolute path."""
    if not windows:
        return "file://" + quote_from_bytes(os.fsencode(path), _SAFE.replace(":", ""))
    path = path.replace("\\", "/")
    if path.startswith("//?/"):  # the long form: //?/C:/x, //?/UNC/host/share
        path = "//" + path[8:] if path[4:8].upper() == "UNC/" else path[4:]
    if path.startswith("//"):
        return "file:" + quote_from_bytes(path.encode("utf-8", "surrogatepass"), _SAFE)
    return "file:///" + quote_from_bytes(path.lstrip("/").encode("utf-8", "surrogatepass"), _SAFE)


def key(path: str, *, windows: bool = os.name == "nt") -> str:
    """Return a form that is the same for all spellings of a path: without `.`, `..`, doubled or final separators."""
    normal = _normal(path, windows=windows)
    return normal.lower() if windows else normal


def below(root: str, path: str, *, windows: bool = os.name == "nt") -> str | None:
    """Return `path` relative to `root`, with `/`; None if it is not below it."""
    separator = "\\" if windows else "/"
    top, here = _normal(root, windows=windows), _normal(path, windows=windows)
    prefix = top if top.endswith(separator) else top + separator
    if not (here.lower().startswith(prefix.lower()) if windows else here.startswith(prefix)):
        return None
    return here[len(prefix) :].replace("\\", "/") if windows else here[len(prefix) :]


def _normal(path: str, *, windows: bool) -> str:
    import ntpath
    import posixpath

    return ntpath.normpath(path) if windows else posixpath.normpath(path)
