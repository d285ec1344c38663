"""Findings in code as SARIF 2.1.0, for code scanning, and as annotations in the log of a GitHub job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from codesearch._version import __version__

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVEL = "note"


class Place(Protocol):
    """A range of lines of a file."""

    @property
    def path(self) -> str:
        """Relative to the root."""

    @property
    def start_line(self) -> int:
        """From 1."""

    @property
    def end_line(self) -> int:
        """Of the last line."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding."""

    id: str
    name: str
    title: str
    """Of an annotation."""
    says: str
    """In one sentence."""
    help: str
    """What to do."""
    fingerprint: str
    """The name of the fingerprint of its findings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be looked at."""

    place: Place
    message: str
    related: tuple[Place, ...]
    fingerprint: str
    """By which a service recognises it in the next run."""


def github(rule: Rule, found: Iterable[Finding]) -> Iterator[str]:
    """Yield annotations as GitHub's runner reads them from the log."""
    for one in found:
        where = f"file={_property(one.place.path)},line={one.place.start_line},endLine={one.place.end_line}"
        yield f"::notice {where},title={rule.title}::{_escaped(one.message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def sarif(rule: Rule, found: Iterable[Finding]) -> dict[str, Any]:
    """Return findings as SARIF 2.1.0."""
    described = {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.says},
        "help": {"text": rule.help},
        "defaultConfiguration": {"level": LEVEL},
    }
    results = [
        {
            "ruleId": rule.id,
            "ruleIndex": 0,
            "level": LEVEL,
            "message": {"text": one.message},
            "locations": [_location(one.place)],
            "relatedLocations": [{"id": number, **_location(other)} for number, other in enumerate(one.related, 1)],
            "partialFingerprints": {rule.fingerprint: one.fingerprint},
        }
        for one in found
    ]
    driver = {"name": "codesearch", "semanticVersion": __version__, "rules": [described]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _location(place: Place) -> dict[str, Any]:
    # Bytes of a path that are not UTF-8 are surrogates.
    uri = quote(place.path.encode("utf-8", "surrogateescape"))
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": place.start_line, "endLine": place.end_line},
        }
    }
