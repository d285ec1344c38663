"""Scala: names of tests."""

from __future__ import annotations

from codesearch.languages.definition import Definition, Scan

# Scala


def scala(scan: Scan) -> list[Definition]:
    """Name the test `"A stack" should "pop" in { ... }` as `A stack should pop`."""
    for definition in scan.definitions:
        if definition.kind == "test":
            definition.name = definition.name.replace('"', "")
    return scan.definitions
