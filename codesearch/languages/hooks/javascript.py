"""JavaScript, TypeScript and their relatives: names."""

from __future__ import annotations

import re

# JavaScript and TypeScript


def javascript_name(text: str) -> tuple[str, str]:
    """Split the left side of an assignment: `A.prototype.f` is A's f, `exports.f` and `this.f` are f."""
    if "." not in text and "[" not in text:
        return "", text
    if text[0] == "[":
        return "", text
    text = re.sub(r"\[\s*[\"'`]([\w$-]+)[\"'`]\s*\]", r".\1", text)
    if not re.fullmatch(r"[\w$#]+(?:\??\.[\w$#-]+)*", text):
        tail = re.search(r"\.([\w$#-]+)$", text)
        return "", tail[1] if tail else text
    parts = [part for part in re.split(r"\??\.", text) if part != "prototype"]
    if parts[0] in ("this", "self", "exports", "window", "globalThis") and len(parts) > 1:
        parts = parts[1:]
    elif parts[:2] == ["module", "exports"]:
        parts = parts[2:] or ["exports"]
    return ".".join(parts[:-1]), parts[-1]
