"""Adds a model over an API: checks what was given, and asks the service for one vector, of a fixed text."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

from codesearch import embed
from codesearch.core.errors import ModelError, UsageError
from codesearch.core.urls import parts_of
from codesearch.embed.api import MAX_DIMS, ApiEmbedder, Entry, write
from codesearch.embed.http import is_loopback
from codesearch.embed.manage.importer import checked_name, swap

PROBE = "read the settings of a project"
"""The only text that is sent when a model is added."""
PROBE_SECONDS = 60.0

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")


def add(wanted: Entry) -> Entry:
    """Add a model over an API, in place of one with the same name; what that one was allowed is not kept.

    `dims` is what the service answers with, whatever `wanted` says.
    Raises UsageError for a value that cannot be used, ModelError if the key is missing or the service gives no vector.
    """
    _check(wanted)
    folder = embed.models_folder()
    if folder is None:
        raise ModelError("there is no home folder to keep models in: set CODESEARCH_MODELS to a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".adding-") as temporary:
        made = Path(temporary) / wanted.name
        made.mkdir()
        write(replace(wanted, dims=wanted.dimensions or 1, wait=PROBE_SECONDS), made)
        entry = replace(wanted, dims=len(ApiEmbedder(made).probe(PROBE)))
        if entry.dimensions and entry.dims != entry.dimensions:
            raise ModelError(
                f"{entry.url}: the service ignores --dimensions: its vectors have {entry.dims} numbers instead of "
                f"{entry.dimensions}"
            )
        write(entry, made)
        swap(made, folder / entry.name, Path(temporary) / "old")
    return entry


def _check(wanted: Entry) -> None:
    checked_name(wanted.name)
    parts = parts_of(wanted.url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UsageError("--api needs the URL of a service, such as https://api.openai.com/v1")
    if parts.username or parts.password:
        raise UsageError("--api: the URL must not contain a password; --key-env names a variable with the key")
    if wanted.key_env and not _VARIABLE.match(wanted.key_env):
        raise UsageError("--key-env needs the name of an environment variable that holds the key, not the key itself")
    if not _HEADER.match(wanted.key_header):
        raise UsageError("--key-header needs the name of an HTTP header, such as api-key")
    if wanted.key_env and parts.scheme == "http" and not is_loopback(wanted.url):
        raise UsageError(f"--api {wanted.url}: a key is only sent over https, or to this machine")
    if not 0 <= wanted.dimensions <= MAX_DIMS:
        raise UsageError(f"--dimensions must be at most {MAX_DIMS:,}")
