"""What the name of a reference belongs to, as one short text.

- ``a.b``: a chain of names; ``a.b()``: the result of a call
- ``<T>``: a value of type T, as annotated or constructed
- ``@module``, ``@module:a.b``: what an import binds: a module, or a name in it
- ``self``, ``super``: the object, or its class, and what it inherits
- ``?``: not known; ``?name``: a variable of this name that nothing is known of
"""

from __future__ import annotations

import re

UNKNOWN = "?"
MAX_LENGTH = 120
"""Longer expressions are not followed."""

_SELF = {**dict.fromkeys(("self", "cls", "this", "Self", "$this", "static"), "self"), "super": "super"}
_NAME = re.compile(r"[^\W\d][\w$]*[!?]?|\$\w+|#\w+|@\w+")
_SIMPLE = re.compile(r"[^\W\d]\w*")
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.(?!(?:await|unwrap|as_ref)\b)[^\W\d]\w*)+")
_STEP = re.compile(r"\s*(?:\?\.|!?\.|->|::|&\.|!!\.)\s*")
_PREFIX = re.compile(r"(?:await\s+|new\s+|\(\s*await\s+|&mut\s+|[&*(]\s*)*")
_OPEN = {"(": ")", "[": "]", "{": "}", "<": ">"}
_MARKS = {
    opening: re.compile("[" + re.escape(opening + closing) + ("]" if opening == "<" else "\"'`]"))
    for opening, closing in _OPEN.items()
}
"""What is looked for to find where a bracket is closed: brackets of its kind and quotes."""
_SKIPPED = frozenset({"await", "unwrap", "as_ref"})
"""Steps that lead to the same methods."""
_TRANSPARENT = frozenset(
    "Optional Option Box Arc Rc Ref RefMut Final ClassVar Annotated Awaitable Promise Result Type Readonly Partial "
    "unique_ptr shared_ptr weak_ptr Pin Mutex RwLock RefCell".split()
)
"""Types that stand for the type in them, as far as methods are concerned."""
_TYPE_WORDS = frozenset(
    "const mut dyn impl struct class enum typename final var let readonly unsigned volatile static ref in out inout "
    "None null undefined nil some any".split()
)
_TYPE_TOKEN = re.compile(r"[^\W\d][\w$]*(?:\s*(?:\.|::|\\)\s*[^\W\d][\w$]*)*")


def head(text: str) -> str:
    """Return the first name of the chain that `expression` returns for the same text; "" if there is none."""
    begun = _PREFIX.match(text)
    found = _NAME.match(text, begun.end() if begun else 0)
    return _SELF.get(found[0], found[0].rstrip("!?")) if found else ""


def expression(text: str) -> str:
    """Return the chain of an expression; UNKNOWN if it is anything else."""
    if _SIMPLE.fullmatch(text):
        return _SELF.get(text, text)
    if len(text) <= MAX_LENGTH and _DOTTED.fullmatch(text):
        first, _, rest = text.partition(".")
        return f"{_SELF.get(first, first)}.{rest}"
    begun = _PREFIX.match(text)
    at = begun.end() if begun else 0
    prefix = text[:at]
    found = _NAME.match(text, at)
    if not found or len(text) > 4 * MAX_LENGTH:
        return UNKNOWN
    chain, at = _SELF.get(found[0], found[0].rstrip("!?")), found.end()
    at, chain = _steps(text, at, chain)
    rest = text[at:].strip(" \t\r\n)?!;")
    if rest or len(chain) > MAX_LENGTH:
        return UNKNOWN
    if "new" in prefix.split() or chain.endswith("{}"):
        constructed = chain.removesuffix("{}").removesuffix("()")
        return UNKNOWN if "(" in constructed else f"<{constructed}>"
    return chain


def _steps(text: str, at: int, chain: str) -> tuple[int, str]:
    """Follow the chain of names and calls from `at`; return where it ends, and the chain."""
    while at < len(text):
        character = text[at]
        if character in _OPEN:
            end, mark = _bracket(text, at)
            if end < 0:
                break
            at, chain = end, chain + mark
            if mark == "{}":
                break
        elif step := _STEP.match(text, at):
            found = _NAME.match(text, step.end())
            if not found:
                break
            at = found.end()
            if found[0] in _SKIPPED:
                at += 2 * (text[at : at + 2] == "()")
            else:
                chain = f"{chain}.{found[0].lstrip('#').rstrip('!?')}"
        elif character in "?!":
            at += 1
        else:
            break
    return at, chain


def _bracket(text: str, at: int) -> tuple[int, str]:
    """Return where a bracket after a name is closed, and what it adds to the chain; -1 if it ends the chain."""
    end = _closing(text, at)
    following = text[end : end + 1]
    if text[at] == "<":
        return (end if following in ("(", "{", ":", ".") and following else -1), ""
    if text[at] == "[":
        return end, "" if following in ("(", "{") and following else ".[]"
    return end, "()" if text[at] == "(" else "{}"


def _closing(text: str, at: int) -> int:
    """Return where the bracket at `at` is closed; -1 if it is not. Quoted text is left out of account."""
    opening = text[at]
    depth, pattern = 0, _MARKS[opening]
    while found := pattern.search(text, at):
        mark = found[0]
        at = found.end()
        if mark == opening:
            depth += 1
        elif mark == _OPEN[opening]:
            depth -= 1
            if not depth:
                return at
        else:
            at = text.find(mark, at) + 1
            if not at:
                return -1
    return -1


def type_name(text: str) -> str:
    """Return the name of a type without what does not matter for its methods; "" if there is no one name."""
    text = text[:MAX_LENGTH].strip(" :\"'&*?!")
    if text.startswith(("[", "map[", "(", "{", "func(")) or text.startswith("List["):
        return ""
    words = [found for found in _TYPE_TOKEN.finditer(text) if found[0] not in _TYPE_WORDS]
    if not words:
        return ""
    first = re.sub(r"\s*(?:::|\\|\.)\s*", ".", words[0][0])
    rest = text[words[0].end() :].lstrip()
    if first.rpartition(".")[2] in _TRANSPARENT and rest[:1] in ("[", "<"):
        return type_name(rest[1:])
    if rest.startswith("[]") or (rest[:1] == "|" and len(words) > 1):
        return ""
    return first
