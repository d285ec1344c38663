"""Lua: names, and methods with `self`."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import in_namespaces

# Lua


def lua_name(text: str) -> tuple[str, str]:
    """Split `M.find` and `M:get`."""
    scope, _, name = text.replace(":", ".").rpartition(".")
    return scope, name


_LUA_SELF = re.compile(rb"\w*\s*=?\s*(?:function\s*)?\(\s*self\b")


def lua(scan: Scan) -> list[Definition]:
    """`M:get` and what takes `self` are methods; `M.find` is a function of its table."""
    methods: list[Definition] = []
    others: list[Definition] = []
    for definition in scan.definitions:
        if definition.kind == "function" and definition.scope:
            at = definition.name_start + len(definition.scope.encode())
            selfish = _LUA_SELF.match(scan.source, at + 1, at + 200)
            (methods if selfish or scan.source[at : at + 1] == b":" else others).append(definition)
        else:
            others.append(definition)
    return methods + in_namespaces(others)
