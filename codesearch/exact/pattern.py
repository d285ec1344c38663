"""What is searched for: regular expressions or literal texts, and the text that each match must contain."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from codesearch.core.errors import UsageError

try:
    from re import _parser as _sre  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_parse as _sre

_FLAGS = re.compile(r"\(\?([aiLmsux]+)\)")
"""Flags for a whole expression, at its start."""
COMMAND_OPTION = "-e"
"""What the command's messages call a pattern."""
_MOST_LITERALS = 16
_LEAST = 2
"""Letters of a literal that is worth looking for."""
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a line must match: one of some expressions."""

    expressions: tuple[str, ...]
    fixed: bool = False
    """They are literal texts, not regular expressions."""
    word: bool = False
    """A match must be whole words."""
    ignore_case: bool = False
    said: str = "pattern"
    """What messages call it: an option, a parameter."""

    def compiled(self) -> list[re.Pattern[str]]:
        """Return the expressions compiled. Raises UsageError if one cannot be understood."""
        return [self._compiled(one) for one in self.expressions]

    def _compiled(self, expression: str) -> re.Pattern[str]:
        if not expression:
            raise UsageError(f"{self.said} has no value; for example: {self.said} 'retry_\\w+'")
        if "\n" in expression:
            raise UsageError(
                f"{self.said} contains a line break, and lines are searched one by one: "
                "give one expression for each line"
            )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                re.compile(re.escape(expression) if self.fixed else expression)
                return re.compile(self._source(expression), re.IGNORECASE if self.ignore_case else 0)
        except re.error as error:
            at = f" at character {error.pos + 1}" if error.pos is not None else ""
            literally = "; -F searches for it literally" if self.said == COMMAND_OPTION else ""
            raise UsageError(f"{self.said} {expression}: {error.msg}{'' if self.fixed else at + literally}") from None
        except (OverflowError, RecursionError, ValueError) as error:
            raise UsageError(f"{self.said} {expression}: too large for a regular expression: {error}") from None

    def _source(self, expression: str) -> str:
        """Return the source of an expression, in which flags at the start are those of a group."""
        source = re.escape(expression) if self.fixed else expression
        if not self.fixed and (flags := _FLAGS.match(source)):
            end = "\n" if "x" in flags[1] else ""  # a comment may be at the end
            source = f"(?{flags[1]}:{source[flags.end() :]}{end})"
        return rf"(?<!\w)(?:{source})(?!\w)" if self.word else source

    def literals(self) -> Literals | None:
        """Return texts of which each match contains one; None if there are none."""
        found: list[str] = []
        reader = _Reader(ignore_case=self.ignore_case)
        for one in self.compiled():
            try:
                literals = reader.required(_sre.parse(one.pattern, one.flags & re.IGNORECASE))
            except (re.error, AttributeError, TypeError, ValueError, RecursionError):  # another version of the parser
                return None
            if literals is None:
                return None
            found += literals
        if len(found) > _MOST_LITERALS:
            return None
        distinct = dict.fromkeys(one.lower() if reader.ignore_case else one for one in found)
        return Literals(tuple(distinct), reader.ignore_case)


@dataclass(frozen=True, slots=True)
class Literals:
    """Texts of ASCII characters."""

    texts: tuple[str, ...]
    ignore_case: bool
    """They are in lower case, and so must be the text in which they are looked for."""


class _Reader:
    """Reads parsed expressions."""

    def __init__(self, *, ignore_case: bool) -> None:
        self.ignore_case = ignore_case

    def required(self, items: Iterable[tuple[Any, Any]]) -> list[str] | None:
        """Return the best texts of which each match of a sequence contains one."""
        found: list[list[str]] = []
        run: list[str] = []
        for operation, value in items:
            name = str(operation)
            if name == "LITERAL" and value < 128:
                run.append(chr(value))
                continue
            found.append(["".join(run)])
            run = []
            if (inner := self._inner(name, value)) is not None:
                found.append(inner)
        found.append(["".join(run)])
        good = [one for one in found if len(one) <= _MOST_LITERALS and min(map(len, one)) >= _LEAST]
        return max(good, key=lambda one: min(map(len, one)), default=None)

    def _inner(self, name: str, value: Any) -> list[str] | None:
        if name == "SUBPATTERN":
            _, added, _, inside = value
            self.ignore_case = self.ignore_case or bool(added & re.IGNORECASE)
            return self.required(inside)
        if name in _REPEATS and value[0] >= 1:
            return self.required(value[2])
        if name == "ATOMIC_GROUP":
            return self.required(value)
        if name == "BRANCH":
            parts = [self.required(one) for one in value[1]]
            return None if None in parts else [text for part in parts if part is not None for text in part]
        return None
