"""Candidates that are not the one to look at first, and what is subtracted from their sum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from codesearch.core.types import Symbol
from codesearch.search import parse
from codesearch.search.features import compute
from codesearch.search.rank import rank
from codesearch.search.roles import DEPRECATED, NAMED_FILE, NONE, SUPERSEDED, VARIANT, Role, roles
from tests.search.test_rank import candidate


def symbol(path: str, documentation: str = "") -> Symbol:
    return Symbol("function", "lock", "lock", "func lock()", documentation, 1, 9, 0, 90, "go", path)


def found(query: str, *paths: str) -> dict[str, Role]:
    return dict(zip(paths, roles(parse(query), [symbol(path) for path in paths]), strict=True))


@pytest.mark.parametrize(
    ("variant", "usual"),
    [
        ("lock_windows.go", "lock_unix.go"),
        ("lock_windows.go", "lock.go"),
        ("src/win/core.c", "src/unix/core.c"),
        ("src/unix/aix.c", "src/unix/linux.c"),
        ("src/event/kqueue.c", "src/event/epoll.c"),
        ("lib/a.b/lock-win32.ts", "lib/a.b/lock-posix.ts"),
    ],
)
def test_a_variant_for_another_platform_counts_beside_its_sibling(variant: str, usual: str) -> None:
    assert found("take the lock", variant, usual) == {variant: Role(variant=1.0), usual: NONE}
    assert found("take the lock", variant, "other/thing.c")[variant] == NONE


def test_a_platform_that_the_question_names_is_no_variant() -> None:
    assert found("take the lock on windows", "lock_windows.go", "lock_unix.go")["lock_windows.go"] == NONE
    assert found("take the lock path:*windows*", "lock_windows.go", "lock_unix.go")["lock_windows.go"] == NONE


def test_words_within_words_are_no_platforms() -> None:
    assert set(found("take the lock", "window/lock.go", "lock.go", "twin_lock.go").values()) == {NONE}


def test_an_older_version_counts_beside_a_newer_one_of_the_same_folder() -> None:
    paths = ("src/v3/types.ts", "src/v4/schemas.ts", "other/v1/x.ts")
    assert found("parse a string", *paths) == dict(zip(paths, (Role(superseded=1.0), NONE, NONE), strict=True))
    assert found("parse a string as in v3", *paths)["src/v3/types.ts"] == NONE


@pytest.mark.parametrize(
    ("folder", "value"), [("legacy", 1.0), ("deprecated", 1.0), ("old", 1.0), ("obsolete", 1.0), ("compat", 0.5)]
)
def test_a_folder_of_replaced_code_counts_unless_asked_for(folder: str, value: float) -> None:
    path = f"src/{folder}/lock.go"
    assert found("take the lock", path)[path] == Role(superseded=value)
    assert found(f"take the lock of the {folder} code", path)[path] == NONE


@pytest.mark.parametrize(
    "documentation",
    [
        "Takes it.\n\nDeprecated: use Acquire.",
        "@deprecated use acquire",
        ".. deprecated:: 2.0",
        "DEPRECATED. Takes it.",
    ],
)
def test_a_symbol_that_is_documented_as_deprecated_counts_unless_asked_for(documentation: str) -> None:
    one = symbol("lock.go", documentation)
    assert roles(parse("take the lock"), [one]) == [Role(deprecated=1.0)]
    assert roles(parse("deprecated lock"), [one]) == [NONE]


def test_documentation_about_deprecation_is_not_deprecated() -> None:
    assert roles(parse("take the lock"), [symbol("lock.go", "Warns about deprecated locks.")]) == [NONE]


@pytest.mark.parametrize(
    ("change", "name", "weight"),
    [
        ({"path": "src/legacy/a.go"}, "superseded", SUPERSEDED),
        ({"path": "src/a_windows.go"}, "variant", VARIANT),
        ({"documentation": "Deprecated: use b."}, "deprecated", DEPRECATED),
    ],
)
def test_a_role_is_subtracted_and_explained(change: dict[str, Any], name: str, weight: float) -> None:
    query = parse("send it again")
    usual = replace(candidate(1, "send", path="src/a.go"), content=1)
    other = candidate(2, "send", path="src/b.go")
    other = replace(other, symbol=replace(other.symbol, **change), content=2)
    ranked = {item.candidate.id: item for item in rank(query, [usual, other], compute(query, [usual, other]))}
    rows = {row[0]: row[1:] for row in ranked[2].contributions()}
    assert rows[name] == (1.0, -weight, -weight)
    assert not {"superseded", "variant", "deprecated"} & {row[0] for row in ranked[1].contributions()}


def test_a_file_that_a_pasted_text_names_comes_before_another() -> None:
    text = "The lock is never released. " + "It happens at night. " * 20
    trace = 'File "/srv/app/store/lock.py", line 3, in take'
    assert found(text + trace, "app/store/lock.py", "app/net/lock.py") == {
        "app/store/lock.py": Role(named_file=1.0),
        "app/net/lock.py": NONE,
    }
    assert Role(named_file=1.0).deduction == NAMED_FILE < 0
    assert set(found(text, "app/store/lock.py", "app/net/lock.py").values()) == {NONE}


def test_the_innermost_call_of_a_trace_that_is_here_comes_first() -> None:
    trace = "\n".join(f'File "/srv/{path}", line 3, in lock' for path in ("app/a.py", "app/b.py", "other/c.py"))
    rows = found(trace, "app/a.py", "app/b.py", "src/net/b.py", "app/d.py")
    assert rows["app/b.py"] == Role(named_file=1.0, frame=1.0)  # other/c.py is not a candidate
    assert rows["app/a.py"] == Role(named_file=1.0, frame=0.5)
    assert rows["src/net/b.py"] == rows["app/d.py"] == NONE
