"""Documentation: which comment belongs to a definition, and its text without comment marks."""

from __future__ import annotations

import re

_LICENCE = re.compile(
    r"copyright|\(c\)\s*\d{4}|SPDX-License|licen[sc]ed (?:under|to)|all rights reserved"
    r"|permission is hereby granted|redistribution and use|(?:MIT|BSD|Apache) licen[sc]e"
    r"|licensed? that can be found"
    r"|(?:^|\n)created by [^\n]+ on \d",
    re.IGNORECASE,
)
_LICENCE_HINTS = ("licen", "copyright", "(c)", "spdx", "rights reserved", "permission is", "redistribution",
                  "created by")  # fmt: skip
"""No licence without one of these; looking for plain words first is many times faster than the pattern alone."""
_DIRECTIVE = re.compile(
    r"""\s*(?:
      !/|eslint\b|jshint\b|jslint\b|prettier-ignore|istanbul\b|global\s|@ts-\w+|@flow\b|tslint:|biome-ignore|v8\signore|c8\signore
      |type:\s|noqa\b|pylint:|mypy:|ruff:|fmt:|pragma:|-\*-|vim?:|coding[:=]|isort:|flake8
      |go:\w+|nolint|\+build\s|line\s\S+:\d
      |rubocop:|frozen_string_literal:|encoding:|warn_indent:|:nocov:|:nodoc:
      |clang-format|NOLINT|NOSONAR|CHECKSTYLE|noinspection|phpcs:|@phpstan-ignore|@psalm-suppress
      |shellcheck\s|swiftlint:|ktlint|sourcery:|<editor-fold|</editor-fold|\#?(?:end)?region\b
      |!(?:strict|nonstrict|nocheck|native|optimize)\b
      |requires\s+-\w|(?:syntax|escape|check)\s*=\s*\S+$
      |MARK:\s*-?\s*$|ReSharper\s|stylua:|luacheck:|credo:|sobelow
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_DIRECTIVE_STARTS = frozenset(
    """!/ !st !no !na !op
    esl jsh jsl pre ist glo @ts @fl tsl bio v8 c8 typ noq pyl myp ruf fmt pra -*- vi: vim cod iso fla go: nol +bu
    lin rub fro enc war :no cla nos che noi php @ph @ps she swi ktl sou <ed </e reg #re end #en mar res sty lua cre
    sob req syn esc che""".split()
)
"""How a directive begins, in lower case; the pattern alone would take half the time of a comment."""
_BANNER = re.compile(r"[\W_]*")
_LINE_MARK = re.compile(r"(?<!\s)\s*(?:/{2,}!?<?|#+:?!?|--+\s?[|^*]?(?![\[\]])|;+|%+|'+)[ \t]?")
_BLOCK_OPEN = re.compile(r"\s*(?:/\*+!?<?|\{-+\s?[|^]?(?!#)|\(\*+|(?:--+|\#)\[=*\[|=begin\b|#=|<!--+|\"\"\")[ \t]?")
_BLOCK_CLOSE = re.compile(
    r"(?<![ \t])[ \t]*(?:(?<!\*)\*+/|(?<!-)-+\}|(?<!\*)\*+\)|(?:--)?\]=*\]|=end\b|=#|-->|\"\"\")\s*$"
)
_CLOSERS = ("*/", "-}", "*)", "]", "=end", "=#", "-->", '"""')
"""How a line that closes a block comment ends."""
_PRAGMA = re.compile(r"\{-#[^#]*#-\}")
"""Haskell's pragmas look like comments."""
_HADDOCK_FIELD = re.compile(
    r"^(?:Module|Description|Copyright|Licen[cs]e|Author|Maintainer|Stability|Portability)[ \t]*:.*\n?"
    r"(?:[ \t]+\S.*\n?)*",
    re.MULTILINE,
)
"""A field at the top of a module of Haskell; what the module does comes after them."""
_CGO_EXPORT = re.compile(r"^//export \w+$", re.MULTILINE)
_STAR = re.compile(r"(?<!\s)\s*\*+(?!\*)[ \t]?")
_RULE_SIGNS = tuple("-=*#~_;%/")
"""What fills a line behind a heading: `Text ------`, `-- Text --`."""
_STRING = re.compile(r"(?:@[\w]+\s*)?[A-Za-z~]*(\"\"\"|'''|\"|')")

_PREAMBLE = re.compile(
    rb"""$|\#!|<\?php|['"]use[ ]|\#pragma[ ]|\#nullable|declare\(|\#\s*(?:ifndef|define)\s+\w+$""", re.VERBOSE
)
"""A line that may precede the first comment of a file, include guards among them."""

_NO_COMMENTS = (b"#!/", b"# %%", b"// %%", b"-- %%")
"""Lines that end a comment above a definition: that of the interpreter, and those that begin the cell of a notebook."""

MAX_LENGTH = 8_000
"""Longer documentation is cut: more is a manual, not a description."""


def clean_comment(text: str) -> str:
    """Return the words of a comment (one block, or line comments one below the other) without its marks.

    Licences, banners and tool directives are left out; blank lines between paragraphs stay.
    """
    lines = _without_directives(text[: 4 * MAX_LENGTH]).splitlines()
    out: list[str] = []
    in_block = False
    for line in lines:
        is_dashed = line.lstrip().startswith("--")
        opened = None if in_block else _BLOCK_OPEN.match(line)
        if opened:
            in_block = True
            line = line[opened.end() :]
        elif not in_block:
            line = _without_start(_LINE_MARK, line)
        if in_block:
            closed = _BLOCK_CLOSE.search(line) if line.rstrip().endswith(_CLOSERS) else None
            if closed:
                in_block = False
                line = line[: closed.start()]
            if not opened and "*" in line:
                line = _without_start(_STAR, line)
        out.append(_worth_saying(line.rstrip(), 2 if is_dashed else 3))
    cleaned = _dedent(out)
    if cleaned.startswith("Module"):
        cleaned = _HADDOCK_FIELD.sub("", cleaned).strip("\n")
    return "" if is_licence(cleaned) else cleaned


def _without_start(pattern: re.Pattern[str], line: str) -> str:
    found = pattern.match(line)
    return line[found.end() :] if found else line


def _worth_saying(line: str, least: int) -> str:
    """Return a line without the signs that fill it, at `least` so many; "" for a banner or a directive."""
    if line.endswith(_RULE_SIGNS):
        line = _without_rule(line, least)
    return "" if line and (_BANNER.fullmatch(line) or _is_directive(line)) else line


def _without_rule(line: str, least: int) -> str:
    """Return a line without the signs that fill it behind its text, if there are enough of them."""
    for sign in _RULE_SIGNS:
        text = line.rstrip(sign)
        if len(line) - len(text) >= least and text[-1:] in " \t":
            return text.rstrip() or line
    return line


def _without_directives(text: str) -> str:
    """Return a comment without what only looks like one: Haskell's pragmas, and `//export` of cgo."""
    text = _PRAGMA.sub("", text) if "{-#" in text else text
    return _CGO_EXPORT.sub("", text) if "//export " in text else text


def _is_directive(line: str) -> bool:
    start = line.lstrip()[:3].lower()
    return (start in _DIRECTIVE_STARTS or start[:2] in _DIRECTIVE_STARTS) and _DIRECTIVE.match(line) is not None


def clean_string(text: str) -> str:
    """Return the content of a docstring as written in the source: without quotes and indentation."""
    found = _STRING.match(text)
    if not found:
        return clean_comment(text)
    quote = found[1]
    text = text[found.end() :].rstrip()
    if text.endswith(quote):
        text = text[: -len(quote)]
    first, *rest = text[: 2 * MAX_LENGTH].splitlines() or [""]
    return _dedent([first.strip(), *_dedent(rest, keep=True).split("\n")])


def is_licence(text: str) -> bool:
    """Return whether a comment is a licence or a copyright notice."""
    lowered = text.lower()
    return any(hint in lowered for hint in _LICENCE_HINTS) and _LICENCE.search(text) is not None


def _dedent(lines: list[str], keep: bool = False) -> str:
    """Remove the common indentation; unless `keep`, also blank lines at the ends and repeated ones."""
    lines = [line.expandtabs().rstrip() for line in lines]
    indents = [len(line) - len(line.lstrip()) for line in lines if line]
    indent = min(indents, default=0)
    lines = [line[indent:] for line in lines]
    text = "\n".join(lines)
    if keep:
        return text
    if "\n\n\n" in text:
        text = re.sub(r"\n{3,}", "\n\n", text)
    return text.strip("\n ")[:MAX_LENGTH]


class CommentFinder:
    """Finds comments line by line, from a definition upwards or from the top of the file."""

    def __init__(
        self,
        source: bytes,
        line_starts: list[int],
        line_comments: tuple[str, ...],
        block_comments: tuple[tuple[str, str], ...],
    ) -> None:
        self._source = source
        self._starts = line_starts
        self._line_marks = tuple(mark.encode() for mark in line_comments)
        self._blocks = tuple((opening.encode(), closing.encode()) for opening, closing in block_comments)
        self._closings = tuple(closing for _, closing in self._blocks)
        self._tops: dict[int, int] = {}
        """By row: many definitions may begin on one line, below many lines of comments."""

    def line(self, row: int) -> bytes:
        """Return one line (rows count from 0), its break and surrounding blanks removed."""
        starts = self._starts
        end = starts[row + 1] if row + 1 < len(starts) else len(self._source)
        return self._source[starts[row] : end].strip().removeprefix(b"\xef\xbb\xbf")

    def above(self, row: int) -> int:
        """Return the first row of the comment that ends on the row above, or `row` if there is none."""
        if row not in self._tops:
            self._tops[row] = self._above(row)
        return self._tops[row]

    def _above(self, row: int) -> int:
        top = row
        while top > 0:
            line = self.line(top - 1)
            if top == row and self._closings and line.endswith(self._closings):  # first: `#>` begins with a mark, too
                opening = self._opening(top - 1, line)
                if opening >= 0:
                    return opening
            if line.startswith(self._line_marks) and not line.startswith(_NO_COMMENTS):
                top -= 1
                continue
            break
        return top

    def _opening(self, row: int, line: bytes) -> int:
        for opening, closing in self._blocks:
            if not line.endswith(closing):
                continue
            for candidate in range(row, max(-1, row - 1000), -1):
                text = line if candidate == row else self.line(candidate)
                if opening in text:
                    return candidate if text.startswith(opening) else -1
                if candidate != row and closing in text:
                    return -1
        return -1

    def inline(self, lead: bytes) -> str:
        """Return the text of the one block comment that is all there is before a definition on its line, else ""."""
        lead = lead.strip()
        for opening, closing in self._blocks:
            if lead.startswith(opening) and lead.endswith(closing) and lead.count(closing) == 1:
                return clean_comment(lead.decode("utf-8", "replace"))
        return ""

    def text(self, top: int, row: int) -> str:
        """Return the lines from `top` to before `row`."""
        end = self._starts[row] if row < len(self._starts) else len(self._source)
        return self._source[self._starts[top] : end].decode("utf-8", "replace").removeprefix("\ufeff")

    def leading(self, first_definition: int) -> str:
        """Return the cleaned first comment of the file that is not a licence or that of the first definition."""
        row, rows = 0, len(self._starts)
        while row < rows:
            if _PREAMBLE.match(self.line(row)):
                row += 1
                continue
            top, row = row, self._comment_end(row)
            if row in (top, first_definition):
                break
            text = clean_comment(self.text(top, row))
            if text:
                return text
        return ""

    def _comment_end(self, top: int) -> int:
        """Return the row below the comment that begins on a row; the same row if none does, or if code follows on its
        last line, since it is the comment of a definition then.
        """
        row, rows = top, len(self._starts)
        line = self.line(top)
        block = next((pair for pair in self._blocks if line.startswith(pair[0])), None)
        if not block:
            while row < rows and self.line(row).startswith(self._line_marks):
                row += 1
            return row
        rest = line[len(block[0]) :]
        while block[1] not in rest:
            row += 1
            if row == rows:
                return row
            rest = self.line(row)
        return row + 1 if rest.endswith(block[1]) else top
