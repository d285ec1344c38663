"""Languages without a grammar: definitions are found by the lines that begin them, by one rule per language.

The rules are in `line_rules` and `line_rules_lisp`. A rule says how heads look and how what they begin ends.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import NamedTuple

from codesearch.languages.definition import TYPE_KINDS, Definition, Scan
from codesearch.languages.hooks._common import Blocks, blanked, definition_at, regex

MOST = 5000
"""Definitions of a file; a file with more is data."""
_MOST_HEAD = 1500
"""Bytes between the start of a definition and its body."""
_MOST_DEPTH = 20
"""Brackets in brackets before a body."""
_MINOR = frozenset({"constant", "variable", "field", "member", "alias", "call"})
_TYPES = TYPE_KINDS | {"type"}
_STEP = re.compile(rb"[()\[\]{};\n]")
_STATEMENT = re.compile(rb"[();]|\b(?:is|begin)\b", re.IGNORECASE)
_NO_BODY = re.compile(rb"\s*(?:new|abstract|separate|null|\(|<>)", re.IGNORECASE)
_INDENT = re.compile(rb"^([ \t]*)(?=[^\s])", re.MULTILINE)
_CONTINUED = re.compile(rb"\|?[)\]}]")
_FORM = re.compile(rb"[()\[\]{}]")
_OPENING = re.compile(rb"\s*[#'`,@.]*[(\[]")
_ATOM = re.compile(rb'\s*(?:"(?:[^"\\]|\\.)*"|[^\s()\[\]{}"]+)', re.DOTALL)
_DOCSTRING = re.compile(rb'\s*"((?:[^"\\]|\\.){1,4000})"', re.DOTALL)
_TOP_FORM = re.compile(rb"^\(", re.MULTILINE)
_STOP = re.compile(rb"\.[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Head:
    """How the definitions of one kind begin."""

    kind: str
    """A kind of `Definition`. A `method` counts only inside a type; `prototype` is a function without a body."""
    pattern: bytes
    """Regular expression (multi-line) with the group `name`, and `scope` and `keyword` if there are such."""
    end: str = ""
    """How it ends, if not as the rule says: `file`, `match`, `line`, or another end of a rule."""
    needs: bytes = b""
    """Regular expression for what the file must contain."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How the definitions of one language look."""

    heads: tuple[Head, ...]
    """If two find the same name, the first wins."""
    blank: bytes
    """Regular expression for comments and strings, in which nothing begins or ends."""
    end: str
    """`brace`: with the matching brace. `indent`: with a line that is no deeper. `keyword`: with `closer`, which names
    the keyword of the head. `form`: with the matching parenthesis. `stop`: with a full stop at the end of a line."""
    closer: bytes = b""
    """Regular expression for the rest of a line that ends what began at its indentation, or, with `keyword`, for a
    whole line."""
    ignore_case: bool = False
    no_names: frozenset[bytes] = frozenset()
    """Words that are no names."""
    bodies: bool = False
    """Whether a semicolon before `is` says that a definition has no body."""
    declared_before: bytes = b""
    """Regular expression: functions before its match are declarations."""
    lead: bytes = b""
    """Regular expression for what directly precedes a definition and belongs to it."""
    test: bytes = b""
    """Regular expression for the lines directly above a function that make it a test."""
    docstring: str = ""
    """Where documentation is inside: a string after the `name` or the next `form`, or comments `below` the head."""


class _Found(NamedTuple):
    definition: Definition
    head: Head
    keyword: bytes
    after: int
    """Where the match of the head ends."""


@cache
def _rule(language: str) -> Rule:
    for module in ("line_rules", "line_rules_lisp", "line_rules_hardware"):
        rules: dict[str, Rule] = import_module(f"codesearch.languages.hooks.{module}").RULES
        if language in rules:
            return rules[language]
    raise KeyError(language)


def by_rule(scan: Scan) -> list[Definition]:
    """Return the definitions of a source in a language that has a rule."""
    return _Lines(scan, _rule(scan.language.name)).definitions()


class _Lines:
    """One source under one rule."""

    def __init__(self, scan: Scan, rule: Rule) -> None:
        self.scan = scan
        self.rule = rule
        self.source = scan.source
        self.flags = re.MULTILINE | (re.IGNORECASE if rule.ignore_case else 0)
        spans = [one.span() for one in regex(rule.blank, re.MULTILINE).finditer(self.source)]
        # The quote stays, so that a head may begin with one.
        self.plain = blanked(self.source, [(at + (self.source[at] in b"\"'`"), end) for at, end in spans])
        self.blocks = Blocks(self.plain)

    def definitions(self) -> list[Definition]:
        found = self._found()
        ends: dict[str, Callable[[list[_Found]], None]] = {
            "brace": self._by_brace,
            "indent": self._by_indent,
            "keyword": self._by_keyword,
            "form": self._by_form,
            "stop": self._by_stop,
            "match": _by_match,
            "line": self._by_line,
            "file": self._by_file,
        }
        for end, close in ends.items():
            some = [one for one in found if (one.head.end or self.rule.end) == end]
            if some:
                close(some)
        self._leads()
        if self.rule.docstring == "below":
            for one in found:
                one.definition.documentation = self._comment_below(one)
        kept = [one.definition for one in found if one.definition.end > one.definition.start]
        self._tests(kept)
        return _in_types(kept, declared=bool(self.rule.declared_before))

    def _found(self) -> list[_Found]:
        found: dict[int, _Found] = {}
        border = regex(self.rule.declared_before, self.flags).search(self.plain) if self.rule.declared_before else None
        for head in self.rule.heads:
            if head.needs and not regex(head.needs, self.flags).search(self.plain):
                continue
            for match in regex(head.pattern, self.flags).finditer(self.source):
                one = self._definition(head, match)
                if one is None or one.definition.name_start in found:
                    continue
                if border and one.definition.start < border.start() and head.kind == "function":
                    one.definition.prototype = True
                    one.definition.end = self._statement_end(one.after)[0]
                found[one.definition.name_start] = one
        return sorted(found.values(), key=lambda one: (one.definition.start, one.definition.name_start))[:MOST]

    def _definition(self, head: Head, match: re.Match[bytes]) -> _Found | None:
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        name = match["name"]
        if self.plain[start] != self.source[start] or name.lower() in self.rule.no_names:
            return None  # in a comment or a string
        groups = match.groupdict()
        kind = "function" if head.kind == "prototype" else head.kind
        definition = definition_at(kind, _unquoted(_text(name)), start, 0, -1, match.start("name"))
        definition.scope = _text(groups.get("scope") or b"").strip(".:#")
        definition.prototype = head.kind == "prototype"
        definition.minor = kind in _MINOR
        return _Found(definition, head, (groups.get("keyword") or b"").lower(), match.end())

    def _by_file(self, found: list[_Found]) -> None:
        """Let namespaces reach to the next, or to the end of the file."""
        for at, one in enumerate(found):
            one.definition.end = found[at + 1].definition.start if at + 1 < len(found) else len(self.source)
            one.definition.body = one.after

    def _by_line(self, found: list[_Found]) -> None:
        for one in found:
            end = self._line_end(one.after)
            while self.source[:end].endswith(b"\\") and end < len(self.source):
                end = self._line_end(end + 1)
            one.definition.end = end

    def _line_end(self, at: int) -> int:
        end = self.plain.find(b"\n", at)
        return self._trimmed(len(self.source) if end < 0 else end, at)

    def _trimmed(self, end: int, start: int) -> int:
        """Return an end without blanks and comments before it."""
        return max(start, start + len(self.plain[start:end].rstrip()))

    # Braces

    def _by_brace(self, found: list[_Found]) -> None:
        for one in found:
            definition = one.definition
            end, body = self._brace(one.after if self.source[one.after - 1] not in b"({" else one.after - 1)
            if body < 0 and one.head.kind == "function" and one.head.pattern.endswith(rb"\("):
                continue  # a call, not a definition
            if body < 0 and definition.kind == "class":
                body = one.after
            definition.end, definition.body = end, body

    def _brace(self, at: int) -> tuple[int, int]:
        """Return where what begins at `at` ends, and where its body begins; -1 if it has none."""
        depth = 0
        limit = min(len(self.plain), at + _MOST_HEAD)
        for step in _STEP.finditer(self.plain, at, limit):
            byte = step[0]
            if depth > _MOST_DEPTH:
                break
            if byte in b"([":
                depth += 1
            elif byte in b")]":
                depth -= 1
            elif depth > 0:
                continue
            elif byte == b"{":
                return self._chained(self.blocks.end(step.start())), step.start()
            elif byte in b";}" or not regex(rb"\s*(?:\{|throws\b|->)").match(self.plain, step.start(), limit):
                return self._trimmed(step.start(), at), -1
            if depth < 0:
                return self._trimmed(step.end(), at), -1
        return self._line_end(at), -1

    def _chained(self, end: int) -> int:
        while found := regex(rb"[ \t]*\{").match(self.plain, end):
            end = self.blocks.end(found.end() - 1)
        return end

    # Indentation

    def _declare(self, found: list[_Found]) -> None:
        """End the functions that have no body."""
        for one in found:
            if one.definition.end == 0 and one.definition.kind in ("function", "method"):
                one.definition.end, one.definition.prototype = self._statement_end(one.after)

    def _by_indent(self, found: list[_Found]) -> None:
        if self.rule.bodies:
            self._declare(found)
        heads = {self.source.rfind(b"\n", 0, one.definition.start) + 1: one for one in found}
        opened: list[tuple[int, Definition]] = []
        last = 0
        for line in _INDENT.finditer(self.plain):
            indent, at = len(line[1].expandtabs(4)), line.end(1)
            self._close_deeper(opened, indent, at, last)
            last = self._line_end(at)
            if opened and opened[-1][0] == indent and self._closes(at):
                opened.pop()[1].end = last
            elif (head := heads.get(line.start())) and head.definition.end == 0:
                above = self._trimmed(line.start(), opened[-1][1].start) if opened else 0
                while opened and opened[-1][0] == indent and head.definition.kind not in _MINOR:
                    opened.pop()[1].end = above
                head.definition.body = self._body_after(head)
                opened.append((indent, head.definition))
        for _, definition in opened:
            definition.end = last

    def _closes(self, at: int) -> bool:
        return bool(self.rule.closer) and regex(self.rule.closer, self.flags).match(self.plain, at) is not None

    def _close_deeper(self, opened: list[tuple[int, Definition]], indent: int, at: int, last: int) -> None:
        """End what is deeper than a line; without words that end a block, also what is as deep."""
        by_word = bool(self.rule.closer)
        while opened and (opened[-1][0] > indent or (opened[-1][0] == indent and not by_word)):
            if not by_word and opened[-1][0] == indent and _CONTINUED.match(self.plain, at):
                break
            opened.pop()[1].end = last

    def _body_after(self, one: _Found) -> int:
        """Return the start of the line after a head, parentheses passed over."""
        depth = 0
        for step in _STEP.finditer(self.plain, one.after - (self.source[one.after - 1] in b"("), one.after + 1000):
            depth += (step[0] in b"([{") - (step[0] in b")]}")
            if step[0] == b"\n" and depth <= 0:
                return step.start()
            if depth > _MOST_DEPTH:
                break
        return -1

    def _statement_end(self, at: int) -> tuple[int, bool]:
        """Return where a declaration ends that has no body, and True; or 0 and False if it has one."""
        depth = 0
        for step in _STATEMENT.finditer(self.plain, at - (self.source[at - 1] in b"("), at + _MOST_HEAD):
            depth += (step[0] == b"(") - (step[0] == b")")
            if depth > _MOST_DEPTH:
                break
            if depth > 0 or step[0] in b"()":
                continue
            if step[0] == b";":
                return step.end(), True
            if not _NO_BODY.match(self.plain, step.end()):
                return 0, False
            end = self.plain.find(b";", step.end())
            return (len(self.plain) if end < 0 else end + 1), False
        return 0, False

    def _comment_below(self, one: _Found) -> str | None:
        """Return the text of the comment lines directly below a head; None if there are none."""
        at = one.definition.body
        below = regex(rb"\s*\n((?:[ \t]*%[^\n]*(?:\n|\Z))+)").match(self.source, at) if at >= 0 else None
        return _text(below[1]).replace("\r", "") if below else None

    # Keywords

    def _by_keyword(self, found: list[_Found]) -> None:
        opened: list[_Found] = []
        closers = regex(self.rule.closer, self.flags).finditer(self.plain)
        events: list[tuple[int, _Found | re.Match[bytes]]] = [(one.definition.start, one) for one in found]
        events += [(one.start(), one) for one in closers]
        for _, event in sorted(events, key=lambda pair: pair[0]):
            if isinstance(event, _Found):
                event.definition.body = self._body_after(event)
                event.definition.end = self._line_end(event.after)  # if nothing ends it
                opened.append(event)
                continue
            keyword = (event["keyword"] or b"").lower()
            at = len(opened) - 1
            while keyword and at >= 0 and not opened[at].keyword.endswith(keyword):
                at -= 1
            if at >= 0:
                opened[at].definition.end = self._trimmed(event.end(), event.start())
                del opened[at:]

    # Forms

    def _by_form(self, found: list[_Found]) -> None:
        ends = self._forms()
        tops = [one.start() for one in _TOP_FORM.finditer(self.plain)]
        for one in found:
            definition = one.definition
            start = definition.start
            after = bisect_left(tops, start + 1)
            limit = tops[after] if after < len(tops) else len(self.source)
            definition.end = self._trimmed(min(ends.get(start, limit), limit), start)
            at = one.after
            if self.rule.docstring == "form":
                at = self._form_end(at, ends)
            documented = _DOCSTRING.match(self.source, at, definition.end)
            if documented and (self.rule.docstring or definition.minor):
                definition.documentation = _unindented(documented[1])
            definition.body = self._form_body(one, ends, documented is not None)

    def _form_body(self, one: _Found, ends: dict[int, int], documented: bool) -> int:
        """Return the end of the parameters of a form."""
        kind, at = one.definition.kind, one.definition.name_start
        if kind in _MINOR:
            return -1
        if self.source[at - 1 : at] == b"(":  # `(define (name x) ..)`, `(defmethod (setf name) (x) ..)`
            after = ends.get(at - 1, one.after)
            return self._form_end(after, ends) if self.source.startswith(b"setf", at) else after
        if kind in ("test", "interface") or (documented and self.rule.docstring == "name"):
            return one.after
        return self._form_end(one.after, ends)

    def _form_end(self, at: int, ends: dict[int, int]) -> int:
        """Return where the next form, word or string ends."""
        if opening := _OPENING.match(self.plain, at):
            return ends.get(opening.end() - 1, at)
        found = _ATOM.match(self.source, at)
        return found.end() if found else at

    def _forms(self) -> dict[int, int]:
        ends: dict[int, int] = {}
        opened: list[int] = []
        for match in _FORM.finditer(self.plain):
            if match[0] in b"([{":
                if match[0] == b"(" and self.plain[match.start() - 1 : match.start()] in (b"\n", b""):
                    opened.clear()  # a form at the start of a line is at the top, whatever was not closed
                opened.append(match.start())
            elif opened:
                ends[opened.pop()] = match.end()
        return ends

    # Full stops

    def _by_stop(self, found: list[_Found]) -> None:
        stops = [one.start() + 1 for one in _STOP.finditer(self.plain)]
        function: Definition | None = None
        for one in found:
            if function and one.definition.start < function.end and one.definition.kind == "function":
                continue  # a clause
            after = bisect_left(stops, one.after)
            one.definition.end = stops[after] if after < len(stops) else len(self.source)
            arrow = self.plain.find(b"->", one.after, one.definition.end)
            one.definition.body = arrow if one.definition.kind == "function" else -1
            if one.definition.kind == "function" and not one.head.end and arrow < 0:
                one.definition.end = 0  # an attribute, or lost
            elif one.definition.kind == "function":
                function = one.definition

    def _tests(self, found: list[Definition]) -> None:
        if self.rule.test:
            starts = {one.end() for one in regex(self.rule.test, self.flags).finditer(self.plain)}
            for definition in found:
                if definition.start in starts and definition.kind in ("function", "method"):
                    definition.kind = "test"

    def _leads(self) -> None:
        if self.rule.lead:
            for one in regex(self.rule.lead, self.flags).finditer(self.source):
                self.scan.attributes[one.start() + len(one[0].rstrip())] = one.start(), ""


def _by_match(found: list[_Found]) -> None:
    for one in found:
        one.definition.end = one.after


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _unquoted(name: str) -> str:
    is_quoted = len(name) > 2 and name[0] in "\"'" and name[-1] == name[0]
    if name[0] == "(" and name[-1] == ")" and not any(sign.isalnum() for sign in name):
        return name[1:-1].strip()  # an operator
    return name[1:-1] if is_quoted else name.replace("``", "")


def _unindented(text: bytes) -> str:
    lines = _text(text).replace('\\"', '"').splitlines()
    return "\n".join(line.strip() for line in lines).strip()


def _in_types(definitions: list[Definition], *, declared: bool) -> list[Definition]:
    """Leave out methods that are in no type: they are arguments of calls. With `declared`, functions in types are
    declarations.
    """
    kept = []
    around = -1  # where the outermost type ends
    for one in definitions:
        inside = one.start < around
        if one.kind in _TYPES and not inside:
            around = one.end
        if one.kind == "function" and inside and declared:
            one.prototype = True
        if one.kind != "method" or inside:
            kept.append(one)
    return kept
