"""The manual page in roff, made from the commands, their options and the topics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from codesearch._version import __version__
from codesearch.cli.topics import TOPICS
from codesearch.cli.ui import help_page


def page(root: Any) -> Iterator[str]:
    """Yield the lines of the page; `root` is the click group of all commands."""
    context = root.make_context("codesearch", ["index"], resilient_parsing=True)
    yield f'.TH CODESEARCH 1 "" "codesearch {__version__}" "User Commands"'
    yield ".SH NAME"
    yield r"codesearch \- find code by meaning, on this machine"
    yield ".SH SYNOPSIS"
    yield from (
        r".B codesearch",
        r"\fITEXT\fR... [\fIPATH\fR]",
        ".br",
        ".B codesearch",
        r"\fICOMMAND\fR [\fIOPTION\fR]...",
    )
    yield ".SH DESCRIPTION"
    yield from _text(root.help or "")
    found = {name: root.get_command(context, name) for name in root.list_commands(context)}
    for title, commands in help_page.grouped_commands(found):
        yield f'.SH "COMMANDS: {title.upper()}"'
        for name, command in commands:
            yield from _command(name, command, context)
    for title, text in TOPICS.values():
        yield f'.SH "{_escaped(title.upper())}"'
        yield from _verbatim(text.splitlines())
    yield ".SH SEE ALSO"
    yield r".BR rg (1), .BR git\-grep (1)".replace(", .BR", ",\n.BR")


def _command(name: str, command: Any, parent: Any) -> Iterator[str]:
    context = type(parent)(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f'.SS "codesearch {_escaped(name)} {_escaped(usage)}"'
    yield from _text(command.help or "")
    for title, rows in help_page.grouped_options(command, context):
        if title not in (help_page.OTHERS, "Arguments"):
            yield ".PP"
            yield rf"\fI{_escaped(title)}\fR"
        for left, right in rows:
            yield ".TP"
            yield rf"\fB{_escaped(left)}\fR"
            yield _line(right)
    for verb in getattr(command, "commands", {}).values():
        yield from _command(f"{name} {verb.name}", verb, context)


def _text(help: str) -> Iterator[str]:
    """Yield a help text: paragraphs, and examples as they are."""
    for paragraph in help.split("\n\n"):
        if paragraph.startswith("\b"):
            yield from _verbatim(paragraph.splitlines()[1:])
        else:
            yield ".PP"
            yield _line(" ".join(paragraph.split()))


def _verbatim(lines: list[str]) -> Iterator[str]:
    yield from (".PP", ".nf", *map(_line, lines), ".fi")


def _line(text: str) -> str:
    """Return a line of text; a leading point or quote would be a request to roff."""
    escaped = _escaped(text)
    return rf"\&{escaped}" if escaped.startswith((".", "'", r"\(aq")) else escaped


_ESCAPES = str.maketrans(
    {"\\": r"\e", "-": r"\-", "'": r"\(aq", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq", "`": r"\(ga"}
)


def _escaped(text: str) -> str:
    return re.sub(r"[^\x00-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", text.translate(_ESCAPES))
