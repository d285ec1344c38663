"""Names and ranges that the grammars leave in parts: qualifiers, labels, bodies beside their heads."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from codesearch.languages.definition import Definition, Scan


def definition_at(kind: str, name: str, start: int, end: int, body: int, name_start: int) -> Definition:
    """Return a definition that code found, without decorators or documentation of its own."""
    return Definition(
        kind=kind,
        name=name,
        scope="",
        start=start,
        end=end,
        head=start,
        body=body,
        pattern=0,
        name_start=name_start,
    )


# Bash

_BATS_TEST = re.compile(rb"^@test[ \t]+(?:\"([^\"\n]+)\"|'([^'\n]+)'|([^\s{]+))[ \t]*\{[ \t]*$", re.MULTILINE)
_FUNCTION = re.compile(
    rb"^(?:function[ \t]+([\w:.-]+)[ \t]*(?:\([ \t]*\))?|([\w:.-]+)[ \t]*\([ \t]*\))[ \t]*\n?\{[ \t]*(?:#[^\n]*)?$",
    re.MULTILINE,
)
_CLOSED = re.compile(rb"^\}[ \t]*$", re.MULTILINE)


def bash(scan: Scan) -> list[Definition]:
    """Add bats tests, which are no Bash before bats has rewritten them, and what the parser lost to an error:
    functions that begin and end at the start of a line.
    """
    added = []
    for found in _BATS_TEST.finditer(scan.source):
        close = _CLOSED.search(scan.source, found.end())
        if not close:
            break
        group = found.lastindex or 0
        name = found[group].decode("utf-8", "replace")
        added.append(definition_at("test", name, found.start(), close.end(), found.end() - 1, found.start(group)))
    if scan.has_error:
        known = {definition.start for definition in scan.definitions}
        for found in _FUNCTION.finditer(scan.source):
            if found.start() in known:
                continue
            close = _CLOSED.search(scan.source, found.end())
            if not close:
                break
            group = found.lastindex or 0
            name = found[group].decode("utf-8", "replace")
            start = found.start(group)
            added.append(definition_at("function", name, found.start(), close.end(), found.end() - 1, start))
    return scan.definitions + added


def in_namespaces(definitions: list[Definition]) -> list[Definition]:
    """Let the qualifiers of functions stand for namespaces: the engine takes one for a type, and its function for a
    method, which `app.add` in SQL, `Base.show` in Julia or `sub My::Module::run` in Perl is not.
    """
    out: list[Definition] = []
    for definition in definitions:
        if definition.scope and definition.kind == "function":
            around = definition_at(
                "namespace", definition.scope, definition.start, definition.end, -1, definition.start
            )
            around.name_start = -1  # before the function, whose range it shares
            definition.scope = ""
            out.append(around)
        out.append(definition)
    return out


# Dart


def dart(scan: Scan) -> list[Definition]:
    """Join each signature with the body beside it; constructors are named as they are called (`Cache.of`)."""
    bodies = sorted(scan.marks.get("tail", ()))
    starts = [start for start, _ in bodies]
    source = scan.source
    for definition in scan.definitions:
        if definition.kind not in ("function", "method"):
            continue
        at = bisect_left(starts, definition.end)
        if at < len(starts) and not source[definition.end : starts[at]].strip():
            definition.body, definition.end = bodies[at]
        elif source[definition.end : definition.end + 1] == b";":
            definition.end += 1
    return scan.definitions


# HCL

_LABEL = re.compile(rb"\s*(?:\"((?:[^\"\\\n]|\\.)*)\"|([\w-]+))")
_HCL_SCOPES = {"data": "data", "variable": "var", "module": "module", "output": "output", "provider": "provider"}


def hcl(scan: Scan) -> list[Definition]:
    """Name each block as expressions refer to it: `aws_s3_bucket.logs`, `data.aws_ami.ubuntu`, `var.region`."""
    for definition in scan.definitions:
        block_type = definition.name
        at = definition.name_start + len(block_type.encode())
        labels = []
        while found := _LABEL.match(scan.source, at, definition.end):
            labels.append((found[1] if found[1] is not None else found[2]).decode("utf-8", "replace"))
            at = found.end()
        brace = scan.source.find(b"{", at, definition.end)
        definition.body = brace if brace >= 0 else -1
        if block_type == "module":
            definition.kind = "module"
        if labels:
            definition.name = ".".join(labels)
            definition.scope = "" if block_type == "resource" else _HCL_SCOPES.get(block_type, block_type)
    return scan.definitions


# Kotlin

_KOTLIN_DEFINITION = re.compile(
    rb"^([ \t]*)(?:(?:public|private|internal|protected|override|open|abstract|final|suspend|inline|operator|infix"
    rb"|tailrec|external|expect|actual|data|sealed|enum|annotation|value|inner|companion|@\w+(?:\([^()\n]*\))?)[ \t]+)*"
    rb"(?:(fun)[ \t]+(?:<[^\n()]{1,200}>[ \t]+)?(?:([\w.]+)(?:<[^\n()]{1,200}>)?\??\.)?(`[^`\n]+`|\w+)[ \t]*\("
    rb"|(class|interface|object)[ \t]+(\w+))",
    re.MULTILINE,
)
_INDENTED = re.compile(rb"^([ \t]*)([^\s])", re.MULTILINE)


def kotlin(scan: Scan) -> list[Definition]:
    """Where the grammar gives up, take definitions by the look of their lines, and their ends by indentation."""
    if not scan.has_error:
        return scan.definitions
    source = scan.source
    known = {definition.name_start for definition in scan.definitions}
    for begin, end in scan.errors:
        begin = source.rfind(b"\n", 0, begin) + 1
        for found in _KOTLIN_DEFINITION.finditer(source, begin, end):
            group = 4 if found[2] else 6
            if found.start(group) in known:
                continue
            known.add(found.start(group))
            kind = "function" if found[2] else "interface" if found[5] == b"interface" else "class"
            name = found[group].decode("utf-8", "replace").strip("`")
            start = found.end(1)
            definition = definition_at(kind, name, start, _indented_end(source, found), -1, found.start(group))
            if found[3]:
                definition.scope = found[3].decode("utf-8", "replace").rpartition(".")[2]
            scan.definitions.append(definition)
    return scan.definitions


def _indented_end(source: bytes, found: re.Match[bytes]) -> int:
    """Return the end of the lines indented deeper, with the closing bracket below them."""
    depth = len(found[1])
    at = source.find(b"\n", found.end())
    if at < 0:
        return len(source)
    end = at
    for line in _INDENTED.finditer(source, at + 1, at + 200_000):
        line_end = source.find(b"\n", line.end())
        line_end = len(source) if line_end < 0 else line_end
        if len(line[1]) < depth or (len(line[1]) == depth and line[2] not in (b"}", b")")):
            break
        end = line_end
        if len(line[1]) == depth and not source[line.start() : line_end].rstrip().endswith((b"{", b"(", b"=")):
            break
    return end


# Julia

_TYPE_PARAMETERS = re.compile(r"\{.*$", re.DOTALL)


def julia_name(text: str) -> tuple[str, str]:
    """Split `Base.show`; `Point{T}` is `Point`, `(f::Functor)` is `Functor`, `Base.:+` is `+` of `Base`."""
    if text.startswith("(") and "::" in text:
        text = text.strip("()").rpartition("::")[2]
    text = _TYPE_PARAMETERS.sub("", text)
    scope, dot, name = text.rpartition(".")
    if not dot or not name or not scope or scope.endswith("."):
        return "", text
    return scope, name.removeprefix(":").strip("()")


def julia(scan: Scan) -> list[Definition]:
    """Cut signatures where the grammar marks no body: after the head of a function or a type."""
    heads = sorted(scan.marks.get("head", ()))
    starts = [start for start, _ in heads]
    for definition in scan.definitions:
        if definition.kind == "module":
            definition.body = definition.name_start + len(definition.name.encode())
        elif definition.body < 0:
            at = bisect_right(starts, definition.name_start) - 1
            if at >= 0 and definition.start <= starts[at]:
                definition.body = heads[at][1]
    return in_namespaces(scan.definitions)


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


# Scala


def scala(scan: Scan) -> list[Definition]:
    """Name the test `"A stack" should "pop" in { ... }` as `A stack should pop`."""
    for definition in scan.definitions:
        if definition.kind == "test":
            definition.name = definition.name.replace('"', "")
    return scan.definitions


# Zig


def zig_name(text: str) -> tuple[str, str]:
    """Unquote `@"a name"`."""
    return "", text[2:-1] if text.startswith('@"') else text
