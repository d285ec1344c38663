"""PowerShell: comment-based help, which may be inside the function that it documents, and Pester's tests."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan

_HELP = re.compile(rb"\{[ \t\r\n]*(?:\[[^\n]*\]\s*)?<#(.{1,8000}?)#>", re.DOTALL)
_KEYWORD = re.compile(r"^[ \t]*\.(?:SYNOPSIS|DESCRIPTION)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_REST = re.compile(r"^[ \t]*\.[A-Z]{4,}\b", re.MULTILINE)


def powershell(scan: Scan) -> list[Definition]:
    """Document functions by the help that begins their body."""
    for one in scan.definitions:
        found = _HELP.match(scan.source, one.body) if one.kind in ("function", "class") and one.body >= 0 else None
        if found:
            one.documentation = found[1].decode("utf-8", "replace").strip()
    return scan.definitions


def powershell_name(text: str) -> tuple[str, str]:
    """Leave out the scope of a name: `script:Get-Item`."""
    return "", text.rpartition(":")[2].strip("\"'")


def help_text(text: str) -> str:
    """Return synopsis and description of a help text, without the keywords; other texts as they are."""
    text = text.replace("\r", "").replace("<#", "").replace("#>", "")
    if not _KEYWORD.search(text):
        return text.strip()
    text = _KEYWORD.sub("", text)
    if rest := _REST.search(text):
        text = text[: rest.start()]
    return "\n".join(line.strip() for line in text.strip().splitlines())
