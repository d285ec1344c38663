"""The map as one HTML page that loads nothing: the data is in it, compressed."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from codesearch.core.types import KINDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.atlas.map import Map

LONGEST_SIGNATURE = 140
_MIDDLE = 32767.5
_LATER = ("name", "qualname", "signature")
"""Columns that the first picture does not need."""
_ROLES = ("test", "generated", "vendored", "example", "other")


@dataclass(frozen=True, slots=True)
class Site:
    """The server that a page comes from. Each address ends where the page appends to it."""

    search: str
    """The address of the search, up to the question; it answers `{"results": [{path, start_line, qualname}, ...]}`."""
    symbol: str = ""
    """The address of a symbol, up to `path=PATH&line=LINE`; "" opens it in the editor."""
    home: str = ""
    """The address that the name of the map leads to."""
    name: str = ""
    """The name of the map instead of that of the folder. The page then does not contain where the folder is."""


def page(found: Map, *, site: Site | None = None, colour: str = "cluster", selected: int | None = None) -> str:
    """Return the page, first coloured by `colour`. From a `site`, its search box asks the index.

    `selected` is the place in `found.rows` of a symbol that it begins with.
    """
    columns, meta = _columns(found, colour)
    names = {name: columns.pop(name) for name in _LATER}
    (data, places), (later, more) = _packed(columns), _packed(names)
    of = site or Site("")
    root = "" if of.name else readable(found.root)
    meta |= {
        "columns": places,
        "names": more,
        "selected": selected,
        "root": root,
        "search": of.search,
        "symbol": of.symbol,
    }
    name = of.name or PurePath(found.root).name or found.root
    heading = f'<a href="{_said(of.home)}">{_said(name)}</a>' if of.home else _said(name)
    count = f"{len(found.rows):,} symbols, {len(found.clustering.clusters)} clusters"
    parts = {
        "TITLE": _said(f"Map of {name}"),
        "NAME": heading,
        "COUNT": count,
        "CONNECT": "'self'" if of.search else "'none'",
        "STYLE": _file("map.css"),
        "META": json.dumps(meta).replace("<", "\\u003c"),
        "DATA": data,
        "NAMES": later,
        "SCRIPT": _file("map.js"),
    }
    out = _file("map.html")
    for key in (
        "TITLE",
        "NAME",
        "COUNT",
        "CONNECT",
        "STYLE",
        "SCRIPT",
        "META",
        "DATA",
        "NAMES",
    ):  # the user's text comes last
        before, _, after = out.partition("{{" + key + "}}")
        out = before + parts[key] + after
    return out


def _file(name: str) -> str:
    return (resources.files(__name__) / name).read_text("utf-8")


def _said(text: str) -> str:
    """Return text for HTML; bytes of file names that are no text become replacement characters."""
    return escape(readable(text))


def readable(text: str) -> str:
    """Return text without the bytes of file names that are no text."""
    return text.encode("utf-8", "replace").decode()


def _columns(found: Map, colour: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of the data, and the facts about them."""
    rows = found.rows
    paths = sorted({row.path for row in rows})
    languages = sorted({row.language for row in rows})
    numbers = {one.number: at for at, one in enumerate(found.clustering.clusters)}
    columns = {**_of_symbols(found, paths, numbers), **_of_files(found, paths, languages), **_of_concepts(found)}
    spans = (found.at.max(axis=0) - found.at.min(axis=0)).tolist()
    middle = ((found.at.max(axis=0) + found.at.min(axis=0)) / 2).tolist()
    groups = [
        {"name": group.name, "size": group.size, "clusters": [numbers[one.number] for one in group.clusters]}
        for group in found.clustering.groups
    ]
    meta = {
        "size": len(rows),
        "kinds": KINDS,
        "languages": languages,
        "roles": _ROLES,
        "history": bool(found.changed),
        "concepts": list(found.concepts),
        "colour": colour,
        "span": [round(max(0.1, span) / 2 + 0.02, 4) for span in spans],
        "middle": [round(value, 4) for value in middle],
        "clusters": clusters_on(found),
        "groups": groups,
    }
    return columns, meta


def _of_symbols(found: Map, paths: list[str], numbers: dict[int, int]) -> dict[str, Any]:
    import numpy as np

    rows = found.rows
    place = {path: at for at, path in enumerate(paths)}
    quantised = np.rint((found.at + 1) * _MIDDLE).clip(0, 65535).astype(np.uint16)
    kinds: dict[str, int] = {kind: at for at, kind in enumerate(KINDS)}
    return {
        "x": quantised[:, 0],
        "y": quantised[:, 1],
        "file": np.array([place[row.path] for row in rows], np.uint32),
        "line": np.array([row.start_line for row in rows], np.uint32),
        "kind": np.array([kinds[row.kind] for row in rows], np.uint8),
        "cluster": np.array([numbers[label] for label in found.clustering.labels], np.uint16),
        "name": [row.name for row in rows],
        "qualname": ["" if row.qualname == row.name else row.qualname for row in rows],
        "signature": [row.signature[:LONGEST_SIGNATURE] for row in rows],
    }


def _of_concepts(found: Map) -> dict[str, Any]:
    import numpy as np

    return {f"concept {name}": np.rint(np.array(of) * 255).astype(np.uint8) for name, of in found.concepts.items()}


def _of_files(found: Map, paths: list[str], languages: list[str]) -> dict[str, Any]:
    import numpy as np

    by_path = {row.path: row for row in found.rows}
    role_of = [next((role for role in _ROLES if role in by_path[path].roles.split()), "other") for path in paths]
    return {
        "changed": np.array([found.changed.get(path, 0) for path in paths], np.uint32),
        "commits": np.array([found.commits.get(path, 0) for path in paths], np.uint32),
        "language": np.array([languages.index(by_path[path].language) for path in paths], np.uint8),
        "role": np.array([_ROLES.index(role) for role in role_of], np.uint8),
        "paths": paths,
    }


def clusters_on(found: Map) -> list[dict[str, Any]]:
    """Return the clusters with the position of their labels: where most of each is."""
    import numpy as np

    labels = np.array(found.clustering.labels)
    out = []
    for one in found.clustering.clusters:
        x, y = densest(found.at[labels == one.number])
        out.append({"name": one.name, "size": one.size, "tests": one.tests, "x": round(x, 4), "y": round(y, 4)})
    return out


def densest(at: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Return a point where many of some points are: near the middle of the fullest square and its neighbours."""
    import numpy as np

    cells = np.floor(at / 0.12).astype(int)
    unique, counts = np.unique(cells, axis=0, return_counts=True)
    fullest = unique[counts.argmax()]
    near = at[(np.abs(cells - fullest) <= 1).all(axis=1)]
    x, y = near[np.square(near - np.median(near, axis=0)).sum(axis=1).argmin()].tolist()
    return float(x), float(y)


def _packed(columns: dict[str, Any]) -> tuple[str, list[tuple[str, str, int, int]]]:
    """Return the columns as one compressed text, and (name, type, first byte, length) of each in the unpacked bytes."""
    data = bytearray()
    places: list[tuple[str, str, int, int]] = []
    for name, column in columns.items():
        if isinstance(column, list):
            raw = "\n".join(readable(text).replace("\n", " ") for text in column).encode()
            places.append((name, "text", len(data), len(raw)))
        else:
            raw = column.astype(column.dtype.newbyteorder("<")).tobytes()
            places.append((name, f"u{8 * column.dtype.itemsize}", len(data), len(column)))
        data += raw + b"\0" * (-len(raw) % 4)
    return base64.b64encode(gzip.compress(bytes(data), 6, mtime=0)).decode(), places
