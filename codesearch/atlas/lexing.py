"""Source as tokens, without comments, blanks and docstrings: what two pieces of code are compared by.

One pattern per form of comments serves all languages. It does not need to be exact: both sides of a comparison are read
by the same rules, so what it gets wrong, it gets wrong on both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from codesearch import languages

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

NAME, LITERAL, SIGN = 0, 1, 2
"""Classes of tokens. Keywords are signs: they do not change when something is renamed."""

KEYWORDS = frozenset(
    """
    and as async await break case catch class const continue def defer do elif else elsif enum except extends false
    finally fn for foreach from func function if impl implements import in instanceof interface is lambda let new nil
    not null or pass private protected public raise return self static struct switch this throw throws true try typeof
    undefined unless until var void while yield
    """.split()
) | {"None", "True", "False"}
"""Words that are reserved nearly everywhere. Another keyword counts as a name, which is the same in all code."""

SUPPRESSED = re.compile(rb"codesearch:\s*ignore[- ]clones?\b")
"""In a comment inside a symbol or on the line above it: the symbol is not compared."""


class Tokens(NamedTuple):
    """The tokens of one file, in order."""

    start: Numbers
    """Byte offset of each."""
    text: Numbers
    """Id of its text."""
    kind: Numbers
    """NAME, LITERAL or SIGN."""


@dataclass(slots=True)
class Vocabulary:
    """The ids of texts, shared by everything that is compared."""

    ids: dict[bytes, int]

    def tokens(self, data: bytes, language: str) -> Tokens:
        """Return the tokens of a source."""
        import numpy as np

        ids = self.ids
        starts: list[int] = []
        texts: list[int] = []
        kinds: list[int] = []
        last = b":"
        for found in _pattern(language).finditer(data):
            group = found.lastgroup
            if group == "skip":
                continue
            text = found[0]
            if group == "name":
                kind = SIGN if text.decode("ascii", "replace") in KEYWORDS else NAME
            elif group == "sign":
                kind = SIGN
            else:
                kind = LITERAL
                if last == b":" and text[-3:] in (b'"""', b"'''"):
                    continue
            last = text
            starts.append(found.start())
            texts.append(ids.setdefault(text, len(ids)))
            kinds.append(kind)
        return Tokens(np.array(starts, np.int64), np.array(texts, np.int64), np.array(kinds, np.int64))


@cache
def _pattern(language: str) -> re.Pattern[bytes]:
    """Return the pattern of the tokens of a language; its group says which class they are of."""
    entry = languages.get(language)
    comments = [re.escape(mark.encode()) + rb"[^\n]*" for mark in entry.line_comments]
    comments += [
        re.escape(opening.encode()) + rb".*?(?:" + re.escape(closing.encode()) + rb"|\Z)"
        for opening, closing in entry.block_comments
    ]
    comments.sort(key=len, reverse=True)
    return re.compile(
        rb"(?P<skip>\s+|" + b"|".join([*comments, rb"(?!)"]) + rb")"
        rb'|(?P<long>"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\'|`[^`]*`)'
        rb'|(?P<short>"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\')'
        rb"|(?P<number>\d[\w.]*)"
        rb"|(?P<name>[A-Za-z_$\x80-\xff][\w$\x80-\xff]*)"
        rb"|(?P<sign>[-+*/%&|^=<>!:]=|&&|\|\||->|=>|::|\*\*|<<|>>|\+\+|--|[^\w\s])",
        re.DOTALL,
    )
