"""Long runs of one short unit are shortened before a grammar reads them; everything else stays where it is."""

from __future__ import annotations

import itertools
import time

import pytest

from codesearch import languages
from codesearch.extract import scan
from codesearch.extract.repeats import KEPT, shortened
from codesearch.extract.symbols import extract

AROUND = {
    "c": ("int before(void) { return 1; }\n", "\nint after(void) { return 2; }\n"),
    "python": ("def before():\n    return 1\n\n", "\n\ndef after():\n    return 2\n"),
}


@pytest.mark.parametrize("unit", ["<!--", "{-", "-> ", "a<", "/*", "0x00, ", "{0, 0},\n", "é", "AB_C(x) "])
def test_offsets_and_lines_stay_and_most_of_the_run_is_blank(unit: str):
    source = f"begin\n{unit * 5000}\nend\n".encode()
    found = shortened(source)
    assert len(found) == len(source)
    assert [at for at, byte in enumerate(found) if byte == 10] == [at for at, byte in enumerate(source) if byte == 10]
    assert found.startswith(b"begin\n" + unit.encode() * 20)
    assert found.endswith(b"\nend\n")
    rest = found.replace(b" ", b"").replace(b"\n", b"")
    assert len(rest) < KEPT + 2 * len(unit.encode()) + len("beginend")
    whole = rest.removeprefix(b"begin").removesuffix(b"end")
    assert whole == unit.replace(" ", "").replace("\n", "").encode() * (
        len(whole) // len(unit.replace(" ", "").replace("\n", "").encode())
    ), "a unit was cut"


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"(" * 4000,
        b" " * 100_000,
        b"\n" * 100_000,
        b"".join(b"value_%d = %d\n" % (one, one) for one in range(5000)),
        b"a line that is longer than a unit may be, again\n" * 1000,
    ],
)
def test_what_is_no_long_run_stays(source: bytes):
    assert shortened(source) == source


@pytest.mark.parametrize(("language", "unit"), [("c", "<!--"), ("c", "0x00, "), ("python", "<!--"), ("python", "0, ")])
def test_what_is_around_a_run_is_found(language: str, unit: str):
    before, after = AROUND[language]
    table = unit * 20_000
    middle = table if unit == "<!--" else (f"int t[] = {{ {table} }};" if language == "c" else f"t = [ {table} ]")
    start = time.process_time()
    symbols = extract(f"{before}{middle}{after}".encode(), language, "a")
    assert time.process_time() - start < 5
    names = [one.name for one in symbols if one.kind == "function"]
    assert names[0] == "before"
    assert unit == "<!--" or names == ["before", "after"]


def test_a_grammar_is_given_processor_time_not_time_by_the_clock(monkeypatch: pytest.MonkeyPatch):
    """On a busy machine, a second by the clock is a fraction of one of the processor."""
    clock = itertools.count(step=100)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    code = b"".join(b"def f%d(a)\n  a + 1\nend\n" % n for n in range(500))
    source = code + b"<!--" * 5000 + b"\n"
    found = scan.scan(source, languages.get("ruby"))
    assert found.source == shortened(source) != source
