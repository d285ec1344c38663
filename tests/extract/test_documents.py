"""The texts that are indexed and embedded for a symbol."""

from codesearch.core.types import Symbol
from codesearch.extract import documents
from tests.support.texts import terms_of


def symbol(kind, name, start, end, qualname=None, documentation=""):
    return Symbol(kind, name, qualname or name, name, documentation, 1, 1, start, end, "python", "pkg/mod.py")


SOURCE = b"import os\nclass A:\n    x = 1\n    def run(self):\n        launch()\n"
CLASS_AT = SOURCE.index(b"class")
RUN_AT = SOURCE.index(b"def")
SYMBOLS = [
    symbol("module", "mod", 0, len(SOURCE)),
    symbol("class", "A", CLASS_AT, len(SOURCE)),
    symbol("method", "run", RUN_AT, len(SOURCE), "A.run", "Start the engine."),
]


def test_a_container_holds_its_own_code_and_the_names_in_it_but_not_their_bodies():
    module, klass, method = documents.documents(SYMBOLS, SOURCE, "pkg/mod.py")
    assert terms_of(module)[5].split() == ["import", "os", "a"]
    assert terms_of(klass)[5].split() == ["class", "a", "x", "1", "run"]
    assert "launch" in terms_of(method)[5].split()


def test_the_embedded_text_is_a_line_a_field_and_does_not_depend_on_the_path():
    here = documents.documents(SYMBOLS, SOURCE, "pkg/mod.py")[2]
    there = documents.documents(SYMBOLS, SOURCE, "other/place.py")[2]
    assert here.embedding_text.split("\n")[:4] == ["run", "a", "run", "Start the engine."]
    assert here.content_hash == there.content_hash
    assert terms_of(here)[4] != terms_of(there)[4]


def test_equal_texts_share_a_hash_and_different_ones_do_not():
    one, two = documents.documents(SYMBOLS, SOURCE, "x.py"), documents.documents(SYMBOLS, SOURCE, "x.py")
    changed = documents.documents(SYMBOLS, SOURCE.replace(b"launch", b"cancel"), "x.py")
    assert [d.content_hash for d in one] == [d.content_hash for d in two]
    assert one[2].content_hash != changed[2].content_hash


def test_an_embedder_sees_sixty_words_of_documentation_and_two_hundred_of_a_body():
    """The full-text index contains all of both."""
    documentation = " ".join(f"documented{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(100))
    body = " ".join(f"done{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(300)).encode()
    (found,) = documents.documents([symbol("function", "f", 0, len(body), None, documentation)], body, "a.py")
    _, _, _, seen, inside = found.embedding_text.split("\n")
    assert seen.split() == documentation.split()[:60]
    assert inside.split() == body.decode().split()[:200]
    assert terms_of(found)[3].split() == documentation.split()
    assert terms_of(found)[5].split() == body.decode().split()


def test_a_name_that_is_no_text_does_not_stop_the_others():
    """A name from a file in another encoding may contain half a character."""
    odd = symbol("method", "r\udce9n", RUN_AT, len(SOURCE), "A.r\udce9n")
    _, klass, _ = documents.documents([*SYMBOLS[:2], odd], SOURCE, "pkg/mod.py")
    assert terms_of(klass)[5].split() == ["class", "a", "x", "1", "r", "n"]


def test_a_function_within_a_method_hides_no_later_method():
    source = b"class A:\n    def run(self):\n        def step(): inner()\n    def stop(self): halt()\n"
    run, step, stop = (source.index(b"def " + name) for name in (b"run", b"step", b"stop"))
    klass, *_, last = documents.documents(
        [
            symbol("class", "A", 0, len(source)),
            symbol("method", "run", run, stop - 5, "A.run"),
            symbol("function", "step", step, stop - 5, "A.run.step"),
            symbol("method", "stop", stop, len(source) - 1, "A.stop"),
        ],
        source,
        "a.py",
    )
    assert terms_of(klass)[5].split() == ["class", "a", "run", "stop"]
    assert "halt" in terms_of(last)[5].split()
