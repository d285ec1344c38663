"""PHP: names of closures, and the sections of Blade templates."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks.markup import named_blocks

_BLADE = re.compile(rb"^[ \t]*@(?:extends|section|push|component|include|props|yield|fragment)\b", re.MULTILINE)


def php_name(text: str) -> tuple[str, str]:
    """Name what a closure is assigned to: `$this->handler` is handler."""
    if text.isidentifier():
        return "", text
    words = re.findall(r"\w+", text)
    return "", words[-1] if words else text


def php(scan: Scan) -> list[Definition]:
    """Add the sections of a template of Blade."""
    is_blade = b"<?php" not in scan.source[:500] and _BLADE.search(scan.source)
    return scan.definitions + named_blocks(scan.source) if is_blade else scan.definitions
