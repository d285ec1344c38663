"""Regular expressions on source take linear time: twice the text takes about twice as long."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from codesearch.core.types import Symbol
from codesearch.extract import comments, symbols
from codesearch.extract.symbols import extract
from codesearch.languages.definition import Definition
from codesearch.languages.hooks import (
    bash,
    c,
    config,
    csharp,
    elixir,
    java,
    kotlin,
    lua,
    made_by_macros,
    markup,
    objc,
    php,
    sql,
)
from codesearch.languages.hooks._common import closing, heads

SIZE = 200_000
RATIO = 3.2
"""Maximum ratio of times, between linear (2) and quadratic (4); the smallest of several tries counts."""


@dataclass
class FakeScan:
    source: bytes
    definitions: list[Definition] = field(default_factory=list)
    has_error: bool = True


def c_functions(source: bytes) -> object:
    return heads(c._C_FUNCTION, source, [(0, len(source))], [], "function")


def csharp_methods(source: bytes) -> object:
    return heads(csharp._CSHARP_METHOD, source, [(0, len(source))], [], "method")


def gap(source: bytes) -> object:
    return symbols._GAP.fullmatch(source)


def comment_line(source: bytes) -> object:
    text = source.decode()
    return (comments._BLOCK_CLOSE.search(text), comments._STAR.search(text), comments._LINE_MARK.search(text))


def every(pattern: re.Pattern[bytes]) -> Callable[[bytes], object]:
    return lambda source: sum(1 for _ in pattern.finditer(source))


def closed(source: bytes) -> object:
    return [closing(source, at) for at in range(0, len(source), 10)]


def repeated(text: bytes, end: bytes = b"", start: bytes = b"") -> Callable[[int], bytes]:
    return lambda size: start + text * (size // len(text)) + end


CASES: list[tuple[Callable[[bytes], object], Callable[[int], bytes]]] = [
    (gap, repeated(b"/* a */ ", b"x")),
    (gap, repeated(b"// a//b\n", b"x")),
    (c_functions, repeated(b"word& ")),
    (c_functions, repeated(b"word*")),
    (c_functions, repeated(b"word \n")),
    (c_functions, repeated(b"A::")),
    (c_functions, repeated(b"int a;  ", b"(", b"f() ")),
    (c_functions, repeated(b"const ", b"(", b"f() ")),
    (c_functions, repeated(b"f(x)\n")),
    (c_functions, repeated(b"f(\n")),
    (c_functions, repeated(b"f() {\n")),
    (csharp_methods, repeated(b"public\n")),
    (csharp_methods, repeated(b"\n", b"", b"Type")),
    (csharp_methods, repeated(b"int f() =>\n")),
    (csharp_methods, repeated(b"int f() {\n")),
    (lambda source: bash.bash(FakeScan(source)), repeated(b'@test "a" {\n', b"}\n")),  # type: ignore[arg-type]
    (lambda source: bash.bash(FakeScan(source)), repeated(b"f() {\n", b"}\n")),  # type: ignore[arg-type]
    (lambda source: php.php_name(source.decode()), repeated(b"a", b" b;", b"$")),
    (elixir._KEYWORD_BODY.search, repeated(b" ", b"x")),
    (every(config._RULE), repeated(b"\n")),
    (every(config._RULE), repeated(b" \n", b"", b".a")),
    (every(config._RULE), repeated(b";\n\n")),
    (every(elixir._WORD), repeated(b"a", b")")),
    (every(elixir._WORD), repeated(b'"""')),
    (every(lua._FUNCTION), repeated(b" ", b")", b"function")),
    (every(lua._TYPE), repeated(b" ", b")", b"type a")),
    (every(lua._ANNOTATED), repeated(b"local a: ")),
    (every(bash._ONE_LINE), repeated(b"} ", b"x", b"f() {")),
    (every(bash._ONE_LINE), repeated(b" ", b"x", b"function f")),
    (every(objc._CPP), repeated(b"a ", b"x")),
    (every(re.compile(kotlin._DOLLARS)), repeated(b"$")),
    (every(re.compile(kotlin._GUARD, re.MULTILINE)), repeated(b"is A if x\n")),
    (kotlin._contexts, repeated(b"context(\n")),
    (kotlin._unended, repeated(b"class A { b ")),
    (kotlin._unended, repeated(b"class A { b }\n")),
    (csharp._extension_blocks, repeated(b"extension(\n")),
    (csharp._extension_blocks, repeated(b"extension(int a) {\n")),
    (lambda source: csharp._conditions(source, True), repeated(b"#if A\n")),
    (lambda source: csharp._conditions(source, True), repeated(b"#if A\n#else\n#endif\n")),
    (made_by_macros._made, repeated(b"TEST(A, B) {\n")),
    (made_by_macros._made, repeated(b"TEST(\n")),
    (made_by_macros._made, repeated(b'TEST("a"\n')),
    (sql._package_ends, repeated(b"END a\n")),
    (sql._comments, repeated(b"COMMENT ON TABLE a IS ''\n")),
    (every(sql._COMMENT_ON), repeated(b"comment on table a.")),
    (every(sql._CREATE), repeated(b"CREATE UNIQUE ")),
    (every(bash._FUNCTION), repeated(b"function a b c\n")),
    (every(bash._FUNCTION), repeated(b"    ", b"x")),
    (every(markup._ELEMENT), repeated(b"<div <div ")),
    (every(markup._HEADING), repeated(b"<h1>")),
    (markup._elements, repeated(b"<div id=a>\n")),
    (markup.named_blocks, repeated(b"{# {% block a %}\n")),
    (markup.named_blocks, repeated(b"@section('a')\n")),
    (lambda source: java.javadoc(source.decode()), repeated(b"{@link {a} ")),
    (lambda source: java.javadoc(source.decode()), repeated(b"<a <p ")),
    (closed, repeated(b"f(x[0]) <")),
    (comment_line, repeated(b"*", b" */")),
    (comment_line, repeated(b"-", b" */")),
    (comment_line, repeated(b" ", b"x */", b"x")),
]


def seconds(function: Callable[[bytes], object], source: bytes) -> float:
    gc.disable()  # a collection of all that pytest holds would count for the longer text only
    try:
        start = time.process_time()
        function(source)
        return time.process_time() - start
    finally:
        gc.enable()


@pytest.mark.parametrize(("function", "text"), CASES, ids=lambda value: "" if not callable(value) else None)
@pytest.mark.timeout(60)
def test_twice_the_text_takes_about_twice_the_time(
    function: Callable[[bytes], object], text: Callable[[int], bytes]
) -> None:
    ratios = []
    for _ in range(4):
        short, long = seconds(function, text(SIZE // 2)), seconds(function, text(SIZE))
        if long < 0.02:
            return  # too fast to measure; quadratic time would take seconds at this size
        ratios.append(long / max(short, 1e-4))
        if ratios[-1] < RATIO:
            return
    assert min(ratios) < RATIO


def names(found: list[Symbol]) -> list[str]:
    return [symbol.qualname for symbol in found]


def test_forty_comments_between_two_overloads_are_read_at_once() -> None:
    between = "\n".join(f"/* note {number} */" for number in range(40))
    source = f"function f(a: string): void;\n{between}\nvar x = 1;\nfunction f(a: number): void;\n"
    assert "f" in names(extract(source.encode(), "typescript", "a.ts"))


def test_a_lost_function_of_c_is_still_found() -> None:
    source = b"static const char *ns::Box::name(int a, int (*f)(int)) const\n{\n  return 0;\n}\n"
    found = re.compile(c._C_FUNCTION, re.VERBOSE | re.MULTILINE).search(source)
    assert found is not None
    assert found["name"] == b"name"
    assert found["start"] == b"static const char *ns::Box::"
