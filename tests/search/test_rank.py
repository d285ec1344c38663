import math
from dataclasses import replace

from codesearch.core.types import Symbol
from codesearch.search.candidates import Candidate
from codesearch.search.features import compute
from codesearch.search.query import parse
from codesearch.search.rank import CROSS_CANDIDATES, RERANKED_CANDIDATES, SAME_FILE, by_file, compare, rank, refine
from codesearch.search.ranking import COMPARED, RERANKED
from codesearch.search.tuned import adapted


def candidate(id, name, *, path="src/a.py", text=1.0, similarity=0.5, kind="function", roles=(), lines=10, scope=""):
    symbol = Symbol(kind, name, scope + name, f"def {name}()", "", 1, lines, 0, 99, "python", path)
    return Candidate(id, symbol, frozenset(roles), text, text / 2, similarity)


def order(typed, *candidates):
    query = parse(typed)
    return [item.candidate.id for item in rank(query, candidates, compute(query, candidates))]


def test_better_evidence_ranks_higher():
    low, high = candidate(1, "send"), candidate(2, "push", text=3.0, similarity=0.8)
    assert order("upload a file", low, high) == [2, 1]


def test_tests_vendored_generated_and_example_code_stand_below_the_real_thing():
    real = candidate(1, "send", text=2.0)
    for number, role in enumerate(("test", "vendored", "generated", "example"), 2):
        other = candidate(number, "send", text=2.1, roles=[role], path=f"{role}/a.py")
        assert order("upload a file", real, other) == [1, number], role


def test_tests_are_not_set_back_when_they_are_asked_for():
    real, test = candidate(1, "send", text=2.0), candidate(2, "send", text=2.4, roles=["test"], path="b.py")
    assert order("test of uploading", real, test) == [2, 1]
    assert order("uploading is:test", real, test) == [2, 1]


def test_an_exact_name_wins_whatever_else_matches():
    named = candidate(1, "ServeHTTP", text=1.0, similarity=0.0, path="z.py")
    related = candidate(2, "handle", text=9.0, similarity=0.9)
    partial = candidate(3, "TestServeHTTPFast", text=9.0, similarity=0.9)
    for typed in ("ServeHTTP", "serve_http", "servehttp", "serveHttp()"):
        assert order(typed, named, related, partial) == [1, 3, 2]


def test_capitals_in_a_name_say_which_of_two_is_meant():
    function = candidate(1, "schema", text=3.0, similarity=0.9)
    method = candidate(2, "__schema__", text=3.0, similarity=0.9, kind="method", path="b.py")
    type_ = candidate(3, "Schema", text=0.5, kind="class", path="c.py")
    assert order("Schema", function, method, type_)[0] == 3
    assert order("Schema()", function, method, type_)[0] == 3
    assert order("schema", function, type_)[0] == 1
    assert order("SCHEMA", function, candidate(4, "elsewhere", path="d.py"))[0] == 1  # it is still the best there is


def test_the_last_part_of_a_namespace_is_a_name():
    function = candidate(1, "query", text=3.0, similarity=0.9)
    module = candidate(2, "Ecto.Query", text=0.5, kind="module", path="lib/ecto/query.ex")
    nested = candidate(3, "app::Query", text=0.5, kind="module", path="app.rs")
    assert order("Query", function, module)[0] == 2
    assert order("Query", function, nested)[0] == 3
    file = candidate(4, "Old.Query", text=0.5, kind="module", path="Old.Query.ts")
    assert order("Query", module, file) == [2, 4]


def test_by_file_the_best_of_each_file_comes_first():
    same = [candidate(i, f"f{i}", text=3.0 - i / 100) for i in range(1, 5)]
    others = [candidate(9, "other", text=0.5, path="src/b.py"), candidate(8, "more", text=0.4, path="src/c.py")]
    query = parse("upload a file")
    ranked = rank(query, [*same, *others], compute(query, [*same, *others]))
    ids = [item.candidate.id for item in ranked]
    assert set(ids[:2]) != {1, 9}
    spread = [item.candidate.id for item in by_file(ranked)]
    assert sorted(spread[:3]) == sorted({ids[0], 9, 8} if ids[0] in (1, 2, 3, 4) else {9, 8, 1})
    assert sorted(spread) == sorted(ids)


def test_a_name_among_words_is_found_before_what_is_like_it():
    named = candidate(1, "ICircuitController", text=2.0, kind="class", path="a.py")
    alike = candidate(2, "CircuitStateController", text=2.0, kind="class", path="A.py")
    for typed in (
        "ICircuitController class",
        "where is ICircuitController defined",
        "how does i_circuit_controller work",
    ):
        assert order(typed, alike, named) == [1, 2]


def test_how_sure_a_mention_is():
    symbols = (
        candidate(1, "Router", scope="web."),
        candidate(2, "router"),
        candidate(3, "Router", kind="module"),
        candidate(4, "serve_http"),
        candidate(5, "other"),
    )

    def mentioned(typed):
        return [round(one.mentioned, 2) for one in compute(parse(typed), symbols)]

    assert mentioned("where is Router used") == [0.75, 0, 0.45, 0, 0]
    assert mentioned("web.Router in use") == [1, 0.42, 0.36, 0, 0]
    assert mentioned("call serveHTTP here") == [0, 0, 0, 0.7, 0]
    assert mentioned("Router") == [0, 0, 0, 0, 0]


def test_the_container_written_before_a_name_decides_between_namesakes():
    engine = candidate(1, "Run", scope="Engine.", path="b.py")
    other = candidate(2, "Run", scope="Cache.", path="a.py")
    assert order("Engine.Run", other, engine) == [1, 2]
    assert order("cache::run", other, engine) == [2, 1]


def test_one_file_does_not_push_the_others_out():
    same = [candidate(i, f"f{i}", text=2.0 - i / 100) for i in range(1, 10)]
    other = candidate(99, "other", text=1.8, path="src/b.py")
    assert order("upload a file", *same, other).index(99) < 6


def test_ties_are_broken_by_place_not_by_row():
    a, b = candidate(2, "same", path="a.py"), candidate(1, "same", path="b.py")
    assert order("upload", a, b) == order("upload", b, a) == [2, 1]


def test_those_of_the_name_asked_for_may_stand_together_and_no_others():
    named = [candidate(i, "upload", text=2.0 - i / 100, scope=f"C{i}.") for i in range(1, 6)]
    same = [candidate(i, f"f{i}", text=2.0 - i / 100) for i in range(11, 20)]
    other = candidate(99, "other", text=1.5, path="src/b.py")
    found = order("upload", *named, *same, other)
    assert found[:5] == [1, 2, 3, 4, 5]
    assert found.index(99) < 8, "one of the others is enough of their file"


def test_a_class_comes_before_the_file_named_after_it():
    file, klass = candidate(1, "cache", kind="module", text=3.0, path="cache.py"), candidate(2, "Cache", kind="class")
    assert order("cache", file, klass) == [2, 1]


def test_scores_lie_between_0_and_1_and_fall():
    query = parse("upload")
    found = [candidate(i, f"f{i}", text=float(i), path=f"{i}.py") for i in range(30)]
    scores = [item.score for item in rank(query, found, compute(query, found))]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_features_of_nothing_and_of_one_are_defined():
    query = parse("upload")
    assert compute(query, []) == []
    (where,) = compute(query, [replace(candidate(1, "x"), text=0.0, names=0.0, similarity=0.0)])
    assert where.text == where.similarity == 0.0


def test_copies_are_one_hit_at_the_place_that_is_meant():
    query = parse("upload")
    copies = [
        replace(candidate(1, "send", path="dist/bundle/a.js", roles=["generated"]), content=7),
        replace(candidate(2, "send", path="lib/a.js"), content=7),
        replace(candidate(3, "send", path="a.js"), content=7),
    ]
    other = replace(candidate(4, "other", text=0.5, path="b.js"), content=8)
    first, second = rank(query, [*copies, other], compute(query, [*copies, other]))
    assert first.candidate.symbol.path == "a.js"
    assert [copy.symbol.path for copy in first.copies] == ["lib/a.js", "dist/bundle/a.js"]
    assert (second.candidate.id, second.copies) == (4, ())


def test_overloads_are_one_hit_and_a_class_stands_under_its_better_method():
    query = parse("send it again")
    many = [
        replace(candidate(1, "send", text=3.0), content=1),
        replace(candidate(2, "send", text=2.5), content=2),
        replace(candidate(3, "Sender", text=1.5, similarity=0.3, kind="class", lines=90), content=3),
        replace(candidate(4, "send", text=1.0, path="other.py"), content=4),
    ]
    found = rank(query, many, compute(query, many))
    assert [item.candidate.id for item in found] == [1, 4]
    assert {one.id for one in found[0].folded} == {2, 3}


def test_what_a_better_class_holds_stays_beside_it():
    query = parse("send it again")
    whole = replace(candidate(1, "Sender", text=4.0, similarity=0.9, kind="class", lines=90), content=1)
    method = replace(candidate(2, "send", text=1.0), content=2)
    found = rank(query, [whole, method], compute(query, [whole, method]))
    assert [(item.candidate.id, item.folded) for item in found] == [(1, ()), (2, ())]


def test_a_transformer_changes_the_order_of_the_best_only():
    query = parse("send it again")
    many = [replace(candidate(i, f"f{i}", text=100.0 - i, path=f"{i}.py"), content=i) for i in range(1, 71)]
    fast = rank(query, many, compute(query, many))
    ids = [item.candidate.id for item in fast]
    best, rest = ids[:RERANKED_CANDIDATES], ids[RERANKED_CANDIDATES:]
    refined = refine(query, fast, {id: 0.9 if id == best[20] else 0.1 for id in best})
    assert refined[0].candidate.id == best[20]
    assert [item.candidate.id for item in refined[RERANKED_CANDIDATES:]] == rest
    assert [item.refined for item in refined] == [True] * RERANKED_CANDIDATES + [False] * len(rest)
    scores = [item.score for item in refined]
    assert scores == sorted(scores, reverse=True)
    assert refine(query, fast, {}) == fast


def test_what_the_transformer_could_not_read_counts_as_the_middle():
    query = parse("send it again")
    many = [replace(candidate(i, f"f{i}", path=f"{i}.py"), content=i) for i in range(1, 6)]
    refined = refine(query, rank(query, many, compute(query, many)), {1: 0.1, 2: 0.5, 3: 0.9})
    values = {item.candidate.id: item.features.rerank_cosine for item in refined}
    assert values == {1: 0.1, 2: 0.5, 3: 0.9, 4: 0.5, 5: 0.5}


def test_contributions_add_up_to_what_decides_the_order():
    query = parse("send it again")
    many = [replace(candidate(i, f"f{i}", text=float(i)), content=i) for i in range(1, 6)]
    fast = rank(query, many, compute(query, many))
    for item in [*fast, *refine(query, fast, {1: 0.1, 2: 0.5, 3: 0.9})]:
        slope, intercept = item.weighting.calibration
        summed = sum(row[3] for row in item.contributions())
        assert math.isclose(item.score, 1 / (1 + math.exp(-(slope * summed + intercept))))
        weights = {**item.weighting.weights, "same_file": -SAME_FILE}
        assert all(weight == weights.get(name, 0.0) for name, _, weight, _ in item.contributions())


def test_stop_words_count_whatever_stands_behind_them():
    def share(typed):
        (found,) = compute(parse(typed), [candidate(1, "send")])
        return found.query_stop_words

    assert share("why, and where? do we retry.") == share("why and where do we retry") == 5 / 6
    assert share("retry uploads") == 0


def refined(query, count, **more):
    """Return the second stage's ranking of candidates in files of their own."""
    candidates = [candidate(id, f"f{id}", path=f"{id:02}.py", text=9.0 - id / 9, **more) for id in range(count)]
    ranked = rank(query, candidates, compute(query, candidates))
    return refine(query, ranked, {id: 0.9 - id / 99 for id in range(count)})


CROSS = RERANKED._replace(weights={**RERANKED.weights, "cross_odds": 2.0}, compared=True)


def ids_of(ranked):
    return [item.candidate.id for item in ranked]


def test_the_cross_encoder_reorders_the_first_hits_and_no_others():
    query = parse("open a file")
    before = refined(query, 30)
    logits = {item.candidate.id: float(place) for place, item in enumerate(before[:CROSS_CANDIDATES])}
    after = compare(query, before, logits, CROSS)
    assert ids_of(after[:CROSS_CANDIDATES]) == ids_of(before[:CROSS_CANDIDATES])[::-1]
    assert ids_of(after[CROSS_CANDIDATES:]) == ids_of(before[CROSS_CANDIDATES:])
    scores = [item.score for item in after]
    assert scores == sorted(scores, reverse=True)
    assert sum(item.features.cross_odds for item in after) == 0, "only differences count"


def test_only_differences_of_the_cross_encoders_scores_count():
    query = parse("open a file")
    before = refined(query, 20)
    logits = {item.candidate.id: float(item.candidate.id % 5) for item in before[:CROSS_CANDIDATES]}
    moved = {id: logit + 7.0 for id, logit in logits.items()}
    one, other = compare(query, before, logits, CROSS), compare(query, before, moved, CROSS)
    assert [(item.candidate.id, item.score) for item in one] == [(item.candidate.id, item.score) for item in other]
    same = compare(query, before, dict.fromkeys(logits, 3.0), RERANKED)
    assert [(item.candidate.id, item.score) for item in same] == [(item.candidate.id, item.score) for item in before]


def test_hits_that_the_cross_encoder_could_not_read_count_as_the_mean():
    query = parse("open a file")
    before = refined(query, 4)
    last, first = before[-1].candidate.id, before[0].candidate.id
    after = compare(query, before, {last: 8.0, first: -8.0}, CROSS)
    assert ids_of(after)[0] == last
    assert ids_of(after)[-1] == first
    assert [item.features.cross_odds for item in after[1:3]] == [0.0, 0.0]


def test_what_the_transformer_did_not_compare_is_not_read():
    query = parse("open a file")
    fast = rank(query, [candidate(1, "send")], compute(query, [candidate(1, "send")]))
    assert compare(query, fast, {1: 3.0}, CROSS) == fast


def test_further_hits_of_a_file_stand_back_in_the_new_order_too():
    query = parse("open a file")
    before = refined(query, 6)
    moved = [
        item._replace(candidate=replace(item.candidate, symbol=replace(item.candidate.symbol, path="one.py")))
        for item in before
    ]
    after = compare(query, moved, {item.candidate.id: float(item.candidate.id) for item in moved}, CROSS)
    assert [item.same_file for item in after] == [0, 1, 2, 3, 4, 5]


def test_what_tune_learned_counts_as_much_with_the_cross_encoder():
    weighting = adapted(COMPARED, {"text": 0.5}, 0.25)
    scale = weighting.scale
    assert math.isclose(weighting.weights["text"], COMPARED.weights["text"] + scale * 0.5)
    slope, intercept = COMPARED.calibration
    assert weighting.calibration == (slope, intercept + slope * scale * 0.25)
    assert math.isclose(COMPARED.weights["length"], scale * RERANKED.weights["length"], abs_tol=0.01)
