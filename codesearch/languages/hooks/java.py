"""Java: the markup of Javadoc."""

from __future__ import annotations

import html
import re

_INLINE = re.compile(r"\{@(\w+)[ \t\n]*((?:[^{}]|\{[^{}]*\}){0,1000})\}")
_LINK = re.compile(r"(?:([\w.]*)#)?([\w.#]+)(?:\([^()]*\))?(?:\s+(\S.*))?", re.DOTALL)
_TAG = re.compile(
    r"</?(?:p|br|b|i|em|strong|code|tt|pre|ul|ol|li|dl|dt|dd|a|h[1-6]|table|tr|td|th|tbody|thead|blockquote|div|span|hr|sub"
    r"|sup|u|cite|kbd|var|caption|small|center|font|img)\b(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)


def javadoc(text: str) -> str:
    """Return the text of a comment: `{@link Shop#open() opened}` is `opened`, `{@code x}` is `x`, HTML tags go."""
    if "{@" in text:
        text = _INLINE.sub(_inline, text)
    if "<" in text:
        text = _TAG.sub("", text)
    if "&" in text:
        text = html.unescape(text)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n ")


def _inline(found: re.Match[str]) -> str:
    tag, text = found[1], found[2].strip()
    if tag == "inheritDoc":
        return ""
    link = _LINK.fullmatch(text) if tag in ("link", "linkplain", "value") else None
    if link is None:
        return text
    scope, name, label = link.groups()
    return " ".join((label or f"{scope or ''}.{name}".lstrip(".")).split())
