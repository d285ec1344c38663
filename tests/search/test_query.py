import pytest

from codesearch.core.errors import UsageError
from codesearch.core.filter import Filter
from codesearch.search.query import CAPITAL, MAX_CHARACTERS, MAX_MENTIONS, MAX_TERMS, PLAIN, parse


@pytest.mark.parametrize(
    ("typed", "text", "where"),
    [
        ("retry upload", "retry upload", Filter()),
        ("retry lang:go", "retry", Filter(languages=("go",))),
        ("lang:ts retry", "retry", Filter(languages=("typescript", "tsx"))),
        ("retry LANG:Go kind:method", "retry", Filter(languages=("go",), kinds=("method",))),
        ("retry path:middleware/** -path:test", "retry", Filter(paths=("middleware/**",), not_paths=("test",))),
        ("retry file:queue.go -file:test", "retry", Filter(paths=("queue.go",), not_paths=("test",))),
        ('retry path:"my dir/a.py"', "retry", Filter(paths=("my dir/a.py",))),
        ("retry -is:test name:parse*", "retry", Filter(names=("parse*",), not_roles=("test",))),
        ("lang:go lang:rust x", "x", Filter(languages=("go", "rust"))),
        ("lang:go,rust x -is:test,example", "x", Filter(languages=("go", "rust"), not_roles=("test", "example"))),
        ("kind:method,, x", "kind:method,, x", Filter()),
        ("std::vector push", "std::vector push", Filter()),
        ("open http://host/x", "open http://host/x", Filter()),
        ("key:value pairs", "key:value pairs", Filter()),
        ('find "quoted words"', "find  quoted words", Filter()),
    ],
)
def test_filters_are_taken_out_of_the_text(typed, text, where):
    query = parse(typed)
    assert (query.text, query.where) == (text, where)


def test_filters_alone_are_no_query_and_only_then_the_message_speaks_of_them():
    for typed, speaks in (("lang:go", True), ("", False)):
        with pytest.raises(UsageError) as raised:
            parse(typed)
        assert ("filters" in str(raised.value)) == speaks


def test_filters_of_text_and_options_add_up():
    assert parse("x lang:go", Filter(kinds=("method",))).where == Filter(languages=("go",), kinds=("method",))


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("lang:go", "codesearch symbols"),
        ("lang:go kind:method", "codesearch symbols"),
    ],
)
def test_what_cannot_be_understood_is_told(typed, message):
    with pytest.raises(UsageError, match=message):
        parse(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "def load(name: str, path: str) -> None",
        "def load(a, name:str, kind:int) -> None",
        "cannot open file: permission denied",
        "file:///srv/app/load.mjs:2 throw new Error",
        "path::join",
        "name::Key",
        "file::open",
        "is: it",
        "Error in path:, and name:;",
        'x name:""',
        "x path:",
        "match kind:{Foo, Bar}",
    ],
)
def test_what_people_paste_is_text(typed):
    query = parse(typed)
    assert query.where == Filter()
    assert query.text == typed.replace('"', " ").strip()
    assert query.note == ""


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ("Error: Os { code: 2, kind:NotFound", "`kind:NotFound` is searched as text: there is no kind `NotFound`"),
        ("x lang:pyhton", "did you mean `python`"),
        ("x kind:methd", "did you mean `method`"),
        ("x is:tset", "did you mean `test`"),
        ("x lang:klingon", "no language `klingon`"),
        ("x lang:go,klingon", "no language `klingon`"),
    ],
)
def test_a_value_that_a_filter_cannot_have_is_text_with_a_note(typed, note):
    query = parse(typed)
    assert query.where == Filter()
    assert query.text == typed
    assert note in query.note


def test_no_length_makes_a_query_fail():
    query = parse("retry " + "y" * MAX_CHARACTERS)
    assert query.terms == ("retry",)
    assert query.note == f"only the first 10,000 of {MAX_CHARACTERS + 6:,} characters of the query are used"


@pytest.mark.parametrize(
    "typed", ["app path:app/[slug]/page.tsx", "x path:app/(auth)/page.tsx", "x path:src/{a,b}/*.py"]
)
def test_brackets_in_pairs_belong_to_a_path(typed):
    assert parse(typed).where.paths


@pytest.mark.parametrize(
    ("typed", "name", "scope"),
    [
        ("ServeHTTP", "servehttp", ()),
        ("parse_config", "parseconfig", ()),
        ("Engine.Run", "run", ("engine",)),
        ("routing::Router::nest", "nest", ("routing", "router")),
        ("Foo#bar?", "bar", ("foo",)),
        ("run()", "run", ()),
        ("$scope", "", ()),
        ("parse the config", "", ()),
        ("a.b c", "", ()),
        ("3.14", "", ()),
    ],
)
def test_a_query_that_is_a_name_is_known_as_one(typed, name, scope):
    query = parse(typed)
    assert (query.name, query.scope) == (name, scope)


def test_words_that_say_nothing_are_left_out_unless_there_are_no_others():
    assert parse("where do we retry the failed uploads").terms == ("retry", "failed", "uploads")
    assert parse("what is this").terms == ("what", "is", "this")


def test_a_pasted_stack_trace_is_cut():
    query = parse(" ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(500)))
    assert 20 < len(query.terms) <= MAX_TERMS


@pytest.mark.parametrize("typed", ['" OR 1', "NEAR(a b)", "a* ^b {c}", "'", "🙂 emoji", "\0", "path:[ x", "name:*[ x"])
def test_no_query_can_break_out_of_the_full_text_syntax(typed, tmp_path):
    import codesearch

    (tmp_path / "a.py").write_text("def near(): pass\n")
    with codesearch.open_index(tmp_path) as index:
        index.update()
        index.query(typed)


@pytest.mark.parametrize(
    ("typed", "mentions"),
    [
        ("where is Router used?", [("Router", (), CAPITAL), ("used", (), PLAIN)]),
        ("class ICircuitController", [("ICircuitController", (), 1.0)]),
        ("how does engine.run() work", [("run", ("engine",), 1.0), ("work", (), PLAIN)]),
        ("what `serve_http`, exactly, does", [("serve_http", (), 1.0), ("exactly", (), PLAIN)]),
        ("what does run() do", [("run", (), 1.0)]),
        ("max_ definition", [("max_", (), 1.0), ("definition", (), PLAIN)]),
        ("a + b <= 3", []),
        ("Router", []),
        ("Engine.run", []),
    ],
)
def test_words_that_may_be_names_are_known_with_how_sure_that_is(typed, mentions):
    assert [(one.name, one.scope, one.certainty) for one in parse(typed).mentions] == mentions


def test_a_pasted_text_mentions_no_more_names_than_help():
    assert len(parse(" ".join(f"word_{n}" for n in range(100))).mentions) == MAX_MENTIONS
