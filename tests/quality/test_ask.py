"""What counts as a correct answer, including code that is folded into a hit."""

from __future__ import annotations

from dataclasses import replace

from codesearch.core.types import Hit, Symbol
from codesearch.quality.ask import answers
from codesearch.quality.questions import Target
from codesearch.service import protocol

METHOD = Symbol("method", "put", "Cache.put", "", "", 10, 19, 0, 9, "python", "src/cache.py")
CLASS = replace(METHOD, kind="class", name="Cache", qualname="Cache", start_line=3, end_line=40)
HIT = Hit(1, 0.5, METHOD, ("copy/cache.py:30",), (CLASS,))


def test_the_hit_and_its_copies():
    assert answers(Target("src/cache.py"), HIT)
    assert answers(Target("src/cache.py", 12), HIT)
    assert answers(Target("copy/cache.py", 39), HIT)
    assert answers(Target("copy/cache.py", 30, 39, exact=True), HIT)
    assert not answers(Target("copy/cache.py", 40), HIT)
    assert not answers(Target("other.py"), HIT)


def test_what_is_folded_counts_exactly_or_not_at_all():
    assert answers(Target("src/cache.py", 3, 40, exact=True), HIT)
    assert not answers(Target("src/cache.py", 5, 6, exact=True), HIT)
    assert not answers(Target("src/cache.py", 30), HIT), "the class holds these lines, but was not what was given"


def test_a_hit_crosses_the_socket_with_what_is_folded():
    assert protocol.hit_from_json(protocol.hit_to_json(HIT)) == HIT
