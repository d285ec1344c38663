"""Findings in code as SARIF 2.1.0, annotations in the log of a GitHub job, or a Code Quality report of GitLab."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
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


def github(rule: Rule, found: Iterable[Finding], prefix: str = "", *, error: bool = False) -> Iterator[str]:
    """Yield annotations as GitHub's runner reads them from the log.

    `prefix` is the root relative to the top of the repository, ending in `/`. `error`: the job fails because of them.
    """
    level = "error" if error else "notice"
    for one in found:
        path = _property(prefix + one.place.path)
        where = f"file={path},line={one.place.start_line},endLine={one.place.end_line}"
        yield f"::{level} {where},title={rule.title}::{_escaped(one.message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def gitlab(rule: Rule, found: Iterable[Finding], prefix: str = "", *, error: bool = False) -> list[dict[str, Any]]:
    """Return findings as a Code Quality report, which GitLab shows in a merge request."""
    seen: Counter[str] = Counter()
    report = []
    for one in found:
        path = prefix + one.place.path
        name = f"{rule.id}\0{path}\0{one.fingerprint}"
        seen[name] += 1
        identity = f"{name}\0{seen[name]}".encode("utf-8", "surrogateescape")
        report.append(
            {
                "description": one.message,
                "check_name": rule.id,
                "fingerprint": blake2b(identity, digest_size=16).hexdigest(),
                "severity": "major" if error else "info",
                "location": {"path": path, "lines": {"begin": one.place.start_line, "end": one.place.end_line}},
            }
        )
    return report


def sarif(rule: Rule, found: Iterable[Finding], prefix: str = "") -> dict[str, Any]:
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
            "locations": [_location(one.place, prefix)],
            "relatedLocations": [
                {"id": number, **_location(other, prefix)} for number, other in enumerate(one.related, 1)
            ],
            "partialFingerprints": {rule.fingerprint: one.fingerprint},
        }
        for one in found
    ]
    driver = {"name": "codesearch", "semanticVersion": __version__, "rules": [described]}
    run = {
        "tool": {"driver": driver},
        # Code scanning keeps one run per category, and takes files with several runs only if their categories differ.
        "automationDetails": {"id": f"codesearch/{rule.id}/"},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _location(place: Place, prefix: str) -> dict[str, Any]:
    # Bytes of a path that are not UTF-8 are surrogates.
    uri = quote((prefix + place.path).encode("utf-8", "surrogateescape"))
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": place.start_line, "endLine": place.end_line},
        }
    }
