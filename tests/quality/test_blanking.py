"""Documentation is removed, everything else stays in its place."""

from __future__ import annotations

import pytest

from codesearch.extract.symbols import extract
from codesearch.quality.blanking import without_documentation
from tests.quality.conftest import CACHE, UPLOAD

JAVA = """class A {
    /**
     * Größe: returns <b>how many</b> {@link List#get(int) items} of {@code List<A>} and {@link Map#size()}.
     *
     * @return a number
     */
    @Override
    public int size() {
        return count; // how many there are
    }
}
"""
ELIXIR = '''defmodule A do
  @doc """
  Sends a letter to somebody.
  """
  def send(letter) do
    post(letter)
  end
end
'''
RUST = """/// Adds two numbers.
///
/// # Panics
/// On overflow.
#[inline]
pub fn add(a: u8, b: u8) -> u8 {
    a + b
}
"""
SCALA = """/** A box for one thing. */
class Box {
  /** What is inside, if anything. */
  def get: Int = {
    1
  }
}
"""


@pytest.mark.parametrize(
    ("language", "source", "documented"),
    [
        ("python", CACHE, 3),
        ("go", UPLOAD, 2),
        ("java", JAVA, 1),
        ("elixir", ELIXIR, 1),
        ("rust", RUST, 1),
        ("scala", SCALA, 2),
    ],
)
def test_documentation_goes_and_nothing_moves(language: str, source: str, documented: int):
    data = source.encode()
    blanked, symbols, bare = without_documentation(data, language, "a")
    assert len(bare) == documented
    assert len(blanked) == len(data)
    assert [line == b"" for line in blanked.split(b"\n")] == [line == b"" for line in data.split(b"\n")]
    after = extract(blanked, language, "a")
    for at, (one, other) in enumerate(zip(symbols, after, strict=True)):
        assert (one.qualname, one.signature, one.start_line, one.end_byte) == (
            other.qualname,
            other.signature,
            other.start_line,
            other.end_byte,
        )
        if at in bare:
            assert one.documentation
            assert not any(letter.isalpha() for letter in other.documentation)
            assert one.documentation.split("\n")[0] not in blanked.decode()


def test_the_documentation_of_the_file_and_comments_in_the_code_stay():
    blanked = without_documentation(CACHE.encode(), "python", "a.py")[0]
    assert b'"""A cache."""' in blanked
    assert b"// how many there are" in without_documentation(JAVA.encode(), "java", "A.java")[0]


def test_the_same_words_for_two_functions_are_blanked_in_both():
    source = 'def one():\n    """Return the answer of it all."""\n    return 1\n\n\n'
    both = (source + source.replace("one", "two")).encode()
    blanked, _, bare = without_documentation(both, "python", "a.py")
    assert len(bare) == 2
    assert b"answer" not in blanked


def test_code_that_reads_like_its_documentation_stays():
    source = b"// value\nint f(int value) {\n  return\n    value;\n}\n"
    blanked, _, bare = without_documentation(source, "c", "a.c")
    assert len(bare) == 1
    assert blanked == source.replace(b"// value", b"// .....")


def test_a_file_without_documentation_is_what_it_was():
    source = b"def f():\n    pass\n"
    assert without_documentation(source, "python", "a.py")[0] is source
