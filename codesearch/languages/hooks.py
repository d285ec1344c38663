"""What a query cannot say: code for single languages, referred to by their registry entries.

A `split_name` hook takes the text of a name to (scope, name); an `after` hook replaces the definitions of a scan.
"""

from __future__ import annotations

import re
from functools import cache

from codesearch.languages.definition import Definition, Scan

_MAX_MACRO_DEPTH = 3
"""Item macros inside item macros: deeper is not looked for."""


@cache
def _regex(pattern: bytes, flags: int = 0) -> re.Pattern[bytes]:
    """Compile late: the registry is imported by commands that parse nothing."""
    return re.compile(pattern, flags)


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


# Go


def go_name(text: str) -> tuple[str, str]:
    """Split `server.handler` on the left of an assignment."""
    scope, _, name = text.rpartition(".")
    return scope, name


# Rust


def rust_name(text: str) -> tuple[str, str]:
    """Name the type of an `impl` without references, generics and path: `&'a mut io::Reader<R>` is Reader."""
    if text.isidentifier():
        return "", text
    text = re.sub(r"^(?:&|\*const\b|\*mut\b|mut\b|dyn\b|'\w+|\s)+", "", text)
    plain = _without_generics(text).strip()
    path = re.match(r"[\w:]+", plain)
    return "", path[0].rpartition("::")[2] if path and path[0].strip(":") else text


def rust(scan: Scan) -> list[Definition]:
    """Add the items inside item macros: `cfg_rt! { pub fn .. }`."""
    definitions = list(scan.definitions)
    known = {definition.name_start for definition in definitions}
    inner = scan
    for _ in range(_MAX_MACRO_DEPTH):
        spans = [span for span in inner.marks.get("reparse", ()) if b"fn " in scan.source[slice(*span)]]
        if not spans:
            break
        inner = inner.again(_only(scan.source, [(start + 1, end - 1) for start, end in spans]))
        # What is read out of a macro's pattern may be no item at all; a function's body is what counts.
        definitions += [one for one in inner.definitions if one.name_start not in known]
        known.update(one.name_start for one in inner.definitions)
        scan.adopt(inner)
    return definitions


# C and C++

_MACRO = rb"""
    [A-Z](?<![\w.>:"'][A-Z])[A-Z0-9]*_[A-Z0-9_]*\b     # an ALL_CAPS word with an underscore (found by its first
                                                      # letter, which is fast; only then what precedes it is looked at)
    (?:[ \t]*\((?:[^()\n]|\([^()\n]*\))*\))?           # perhaps with arguments,
    (?=[ \t]+[A-Za-z_~\[]|[ \t]*\r?\n|[ \t]*[{;]|[ \t]*::)   # before a declaration, or last on its line
"""
_TYPE_MACRO = rb"(?m:^)[A-Z][A-Z0-9_]*\(([A-Za-z_][\w \t*]*)\)[ \t]+\w+[ \t]*\("
_DIRECTIVE = rb"^[ \t]*\#(?:[^\\\n]|\\\r?\n|\\.)*"


def c_macros(scan: Scan) -> list[Definition]:
    """Where a source has syntax errors, parse it again without its ALL_CAPS macros; keep what gives more."""
    if not scan.has_error:
        return scan.definitions
    source = scan.source
    plain = bytearray(source)
    macros = list(_regex(_MACRO, re.VERBOSE).finditer(source))
    directives = [match.span() for match in _regex(_DIRECTIVE, re.MULTILINE).finditer(source)] if macros else []
    directive = 0
    changed: list[tuple[int, int]] = []
    for match in macros:
        start, end = match.span()
        while directive < len(directives) and directives[directive][1] <= start:
            directive += 1
        if directive < len(directives) and directives[directive][0] <= start:
            continue
        before = source[max(0, start - 200) : start].rstrip()
        after = source[end : end + 200].lstrip()[:1]
        if b"(" in match[0] and after == b"{" and not before.endswith((b")", b"const", b"override", b"noexcept")):
            continue  # TEST_F(Suite, name) { .. }
        returned = _regex(_TYPE_MACRO).match(source, start)
        plain[start:end] = b" " * (end - start)
        changed.append((start, end))
        if returned:  # API_FUNC(int) name(..) {
            plain[start : start + len(returned[1])] = returned[1]
    definitions = scan.definitions
    if plain != source:
        other = scan.again(bytes(plain), changed=changed)
        if (_bodies(other.definitions), -len(other.errors)) > (_bodies(definitions), -len(scan.errors)):
            scan.adopt(other)
            definitions = other.definitions
    return definitions + _heads(_C_FUNCTION, bytes(plain), [(0, len(source))], definitions, "function")


_C_FUNCTION = rb"""
    ^(?P<start>(?:[A-Za-z_][\w:<>,*&]*[ \t*&]+(?:\r?\n)?)*?(?:[A-Za-z_]\w*::)*)(?P<name>~?[A-Za-z_]\w*)[ \t]*
    \((?:[^(){};\#]|\((?:[^(){};\#]|\([^(){};\#]*\))*\))*\)(?:[ \t]*(?:const|noexcept|override))*\s*
    (?:[\w\s*,]+;\s*)*(?P<body>\{)
"""
_NO_NAMES = frozenset(
    b"if for while switch return sizeof catch using lock foreach fixed else do defined foreach".split()
)


def _heads(
    pattern: bytes, source: bytes, spans: list[tuple[int, int]], known: list[Definition], kind: str
) -> list[Definition]:
    """Return definitions that a parser lost in syntax errors, by the look of their heads."""
    taken = {definition.name_start for definition in known}
    bodies = {definition.body for definition in known}
    found: list[Definition] = []
    for begin, stop in spans:
        for match in _regex(pattern, re.VERBOSE | re.MULTILINE).finditer(source, begin, stop):
            if match.start("name") in taken or match.start("body") in bodies or match["name"] in _NO_NAMES:
                continue
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            body = match.start("body")
            scope = match.groupdict().get("start") or b""
            qualifier = re.search(rb"((?:[A-Za-z_]\w*::)+)$", scope)
            found.append(
                Definition(
                    kind=kind,
                    name=match["name"].decode("ascii", "replace"),
                    scope=qualifier[1].decode("ascii").strip(":") if qualifier else "",
                    start=start,
                    end=_block_end(source, body, len(source)),
                    head=start,
                    body=body,
                    pattern=0,
                    name_start=match.start("name"),
                )
            )
    return found


def _block_end(source: bytes, start: int, stop: int) -> int:
    """Return the end of what opens at `start`, a block or an `=> expression;`; braces in strings count too."""
    if source[start : start + 1] != b"{":
        end = source.find(b";", start, stop)
        return end + 1 if end >= 0 else stop
    depth = 0
    for match in _regex(rb"[{}]|\n[^\s{}\#/*]").finditer(source, start, stop):
        if match[0] == b"{":
            depth += 1
        elif match[0] == b"}":
            depth -= 1
            if depth == 0:
                return match.end()
    return min(stop, start + 1)


def _bodies(definitions: list[Definition]) -> int:
    return sum(not definition.prototype for definition in definitions)


def cpp_name(text: str) -> tuple[str, str]:
    """Split `ns::Box<T>::get` into ns::Box and get; `operator` keeps what follows it."""
    if text.isidentifier():
        return "", text
    text = re.sub(r"\s+", " ", text)
    operator = re.search(r"\boperator\b", text)
    if operator:
        scope, name = text[: operator.start()], text[operator.start() :]
        name = name if name.startswith("operator()") or name.startswith("operator ()") else name.split("(")[0]
        name = re.sub(r"operator (?=\W)", "operator", name).strip()
        return _without_generics(scope).replace(" ", "").strip(":"), name
    # After a macro that was not understood the type is read as part of the name: the last word counts.
    plain = re.sub(r"\s*::\s*", "::", _without_generics(text)).strip()
    scope, _, name = plain.rpartition(" ")[2].rpartition("::")
    return scope, name


def _without_generics(text: str) -> str:
    if "<" not in text:
        return text
    out: list[str] = []
    depth = 0
    previous = ""
    for character in text:
        if character == "<":
            depth += 1
        elif character == ">" and previous != "-":
            depth = max(0, depth - 1)
        elif depth == 0:
            out.append(character)
        previous = character
    return "".join(out)


# C#

_CSHARP_METHOD = rb"""
    ^[ \t]*(?:\[[^\]\n]*\][ \t]*)?
    (?:(?:public|private|protected|internal|static|virtual|override|abstract|sealed|async|unsafe|extern|new|partial)\s+)*
    (?!(?:return|new|await|else|throw|case|in|yield|var|goto)\b)(?:[\w.<>\[\],?]+(?:[ \t]+|\s*\n\s*))
    (?P<name>[A-Za-z_]\w*)[ \t]*(?:<[^<>(){};\n]*>)?[ \t]*
    \((?:[^(){};]|\([^(){};]*\))*\)[^(){};=]*(?P<body>\{|=>)
"""


def csharp(scan: Scan) -> list[Definition]:
    """Name operators and destructors; add methods that stand inside syntax errors (`#if` around half a declaration)."""
    for definition in scan.definitions:
        before = scan.source[max(0, definition.name_start - 20) : definition.name_start].rstrip()
        if before.endswith(b"operator"):
            definition.name = f"operator {definition.name}"
        elif before.endswith(b"~"):
            definition.name = f"~{definition.name}"
    if not scan.has_error:
        return scan.definitions
    return scan.definitions + _heads(_CSHARP_METHOD, scan.source, scan.errors, scan.definitions, "method")


# Ruby


def ruby_name(text: str) -> tuple[str, str]:
    """Split `A::B`; the colon of a symbol goes."""
    if "::" in text and re.fullmatch(r"[\w:]+", text):
        scope, _, name = text.rpartition("::")
        return scope, name
    return "", text.lstrip(":")


# PHP


def php_name(text: str) -> tuple[str, str]:
    """Name what a closure is assigned to: `$this->handler` is handler."""
    if text.isidentifier():
        return "", text
    tail = re.search(r"(\w+)\W*$", text)
    return "", tail[1] if tail else text


def _only(source: bytes, spans: list[tuple[int, int]]) -> bytes:
    """Blank a source except for some spans; line breaks stay."""
    out = bytearray(re.sub(rb"[^\r\n]", b" ", source))
    for start, end in spans:
        out[start:end] = source[start:end]
    return bytes(out)
