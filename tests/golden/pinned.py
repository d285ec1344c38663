"""Golden data: reviewed results of earlier runs.

A plain run only compares. After a deliberate change, `CODESEARCH_UPDATE_GOLDEN=1 python -m pytest tests/golden`
rewrites the data; review the diff before you commit it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

UPDATE = bool(os.environ.get("CODESEARCH_UPDATE_GOLDEN"))
FOLDER = Path(__file__).parent


def pinned(name: str, found: object) -> Any:
    """Return the golden data with that name; in an update, write `found` first.

    `found` may contain only JSON values: dicts with string keys, lists, strings, numbers, booleans.
    """
    path = FOLDER / f"{name}.json"
    if UPDATE:
        path.write_text(_dump(found) + "\n", "utf-8")
    return json.loads(path.read_text("utf-8"))


def _dump(value: object, indent: str = "") -> str:
    """Return JSON with one entry per line, and lists of plain values on one line, so that diffs are readable."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(key)}: {_dump(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        rows = [f"{inner}{_dump(item, inner)}" for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)
