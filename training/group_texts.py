"""What the cross-encoder and the new bi-encoder see of a function: documentation as written, identifiers split."""

from __future__ import annotations

import re
from typing import Any

from codesearch.core.tokens import words

Row = dict[str, Any]

DOCUMENTATION_WORDS = 60
BODY_CHARACTERS = 1600
_CODE = re.compile(r"[A-Za-z_$][\w$]*|\S")
_NO_SENTENCE = re.compile(r"^\s*(@\w+|:param|:return|:rtype|>>>|```|\.\. )", re.MULTILINE)
_MARKS = re.compile(r"<[^>]+>|[`*_]{1,3}|\{@\w+\s+([^}]*)\}")


def head(function: Row) -> str:
    """Return what names a function: its words, containers, the end of its path, its signature as code."""
    container = " ".join(words(function["qualname"].removesuffix(function["name"])))
    path = " ".join(words(" ".join(function["path"].rpartition(".")[0].split("/")[-2:])))
    return f"{' '.join(words(function['name']))} , {container} , {path} , {as_code(function['signature'])}"


def as_code(text: str) -> str:
    """Return code with its identifiers split into words, punctuation kept."""
    return " ".join(" ".join(words(part)) or part for part in _CODE.findall(text))


def documentation(function: Row) -> str:
    """Return the prose of a function's documentation, marks removed, up to its first section of parameters."""
    text = function["documentation"]
    section = _NO_SENTENCE.search(text)
    if section:
        text = text[: section.start()]
    return " ".join(_MARKS.sub(r" \1 ", text).split()[:DOCUMENTATION_WORDS])


def body(function: Row) -> str:
    """Return the words of a function's source after its signature."""
    signature, found = words(function["signature"]), words(function["source"][:BODY_CHARACTERS])
    return " ".join(found[len(signature) :] if found[: len(signature)] == signature else found)
