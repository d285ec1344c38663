"""`--explain` and `why`: the rank of a result, why a function is not higher, and weak results."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.cli.ui import explain
from codesearch.search.features import NAMES
from codesearch.search.rank import WEAK
from tests.support.command import Run, process
from tests.support.git import git
from tests.support.schemas import keeps_schema
from tests.support.trees import write

Call = Callable[..., Run]


def test_every_feature_is_said_in_words():
    assert set(NAMES) <= set(explain.MEANINGS)


def test_an_explanation_adds_up(small: Path, call: Call):
    run = call("query", "send a file again", small, "--explain", "--format", "json")
    assert run.status == 0
    keeps_schema(run.json, "query")
    results = run.json["results"]
    assert results[0]["name"] == "retry_upload"
    for hit in results:
        features = hit["explain"]["features"]
        assert hit["explain"]["sum"] == pytest.approx(sum(one["contribution"] for one in features), abs=0.01)
        assert [abs(one["contribution"]) for one in features] == sorted(
            (abs(one["contribution"]) for one in features), reverse=True
        )
        assert not any(one["contribution"] == 0 for one in features)
    sums = [hit["explain"]["sum"] for hit in results]
    assert sums == sorted(sums, reverse=True), "what adds up to more stands higher"
    plain = call("query", "send a file again", small, "--format", "json").json["results"]
    assert [{**hit, "explain": None} for hit in results] == [{**hit, "explain": None} for hit in plain]


def test_an_explanation_as_text(small: Path, call: Call):
    run = call("query", "send a file again", small, "--explain", "-n", "1", "--context", "0")
    head, _, titles, *rows = run.out.splitlines()
    assert head.startswith("retry.py:1  function retry_upload")
    assert titles.split() == ["adds", "next", "value", "feature"]
    assert rows[-1].split()[2:5] == ["in", "all", "(without"] or "with the transformer" in rows[-1]
    assert len(rows) <= explain.SHOWN + 2
    lines = call("query", "send a file again", small, "--explain", "--format", "ndjson").lines
    assert all("explain" in line for line in lines)
    for format in ("vimgrep", "paths"):
        wrong = call("query", "x", small, "--explain", "--format", format)
        assert wrong.status == 2
        assert "--explain is not available" in wrong.err
    assert "cannot be combined with --batch" in call("query", "--batch", "-", small, "--explain").err


def test_what_is_hardly_an_answer_is_marked(small: Path, call: Call):
    nothing = "chromodynamics of quarks"
    run = call("query", nothing, small)
    assert run.status == 0
    assert run.err.splitlines()[-1] == "codesearch: no good match; closest results:"
    assert "  weak 0.0" in run.out
    assert "no good match" not in call("query", nothing, small, "--quiet").err
    hits = call("query", nothing, small, "--format", "json").json["results"]
    assert hits
    assert all(hit["weak"] is True and hit["score"] < WEAK for hit in hits)
    keeps_schema(call("query", nothing, small, "--format", "json").json, "query")
    good = call("query", "retry_upload", small, "-n", "1")
    assert "weak" not in good.out
    assert "no good match" not in good.err
    # Similar code has no such score.
    assert not any("weak" in hit for hit in call("similar", "retry.py:2", small, "--format", "json").json["results"])


def test_a_weak_answer_is_faint_on_a_terminal(small: Path, call: Call):
    run = call("query", "chromodynamics of quarks", small, "--color", "always", "-n", "1")
    assert run.out.startswith("\x1b[2m")
    assert not call("query", "retry_upload", small, "--color", "always", "-n", "1").out.startswith("\x1b[2m")


def test_least_score(small: Path, call: Call):
    everything = call("query", "retry_upload", small, "--format", "json").json["results"]
    between = (everything[0]["score"] + everything[1]["score"]) / 2
    kept = call("query", "retry_upload", small, "--format", "json", "--min-score", between)
    assert (kept.status, kept.json["results"]) == (0, everything[:1])
    none = call("query", "chromodynamics of quarks", small, "--min-score", "0.9")
    assert (none.status, none.out) == (1, "")
    assert "no results with a score of 0.9 or more; the best score is 0." in none.err
    assert call("query", "chromodynamics", small, "--min-score", "0.9", "--format", "json").json["results"] == []
    assert call("query", "x", small, "--min-score", "2").status == 2


def test_least_score_of_a_batch(small: Path, call: Call, tmp_path: Path):
    queries = tmp_path / "queries.txt"
    queries.write_text("retry_upload\nchromodynamics of quarks\n", "utf-8")
    run = call("query", "--batch", queries, small, "--min-score", "0.9")
    assert run.status == 0
    assert [bool(line["results"]) for line in run.lines] == [True, False]


def why(call: Call, *arguments: object) -> dict[str, object]:
    run = call("why", *arguments, "--format", "json")
    assert run.status == 0, run.err
    found: dict[str, object] = run.json
    return found


def test_the_first_answer(small: Path, call: Call):
    found = why(call, "retry_upload", "retry.py:2", small)
    assert (found["verdict"], found["place"]) == ("first", 1)
    assert found["against"]["rank"] == 2  # type: ignore[index]


def test_outranked_by_what(small: Path, call: Call):
    found = why(call, "send a file again", "cache.py:8", small)
    answers = call("query", "send a file again", small, "--format", "json").json["results"]
    place = next(hit["rank"] for hit in answers if hit["name"] == "get")
    assert (found["verdict"], found["place"], found["symbol"]["qualname"]) == ("outranked", place, "Cache.get")  # type: ignore[index]
    assert [hit["qualname"] for hit in found["before"]] == [hit["qualname"] for hit in answers[: min(place - 1, 3)]]  # type: ignore[attr-defined]
    explained = call("query", "send a file again", small, "--explain", "--format", "json").json["results"]
    gap = explained[0]["explain"]["sum"] - explained[place - 1]["explain"]["sum"]
    assert sum(one["difference"] for one in found["differences"]) == pytest.approx(gap, abs=0.01)  # type: ignore[attr-defined]
    text = call("why", "send a file again", "cache.py:8", small).out
    assert f"outranked: it is answer {place} of " in text
    assert "why retry_upload (rank 1) scores higher" in text


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("send -path:retry*", ["-path:retry*"]),
        ("send lang:go", ["lang:go"]),
        ("send kind:class kind:method", ["kind:class or kind:method"]),
        ("send lang:go -name:retry", ["lang:go", "-name:retry"]),
        ("send is:test", ["is:test"]),
    ],
)
def test_filtered(small: Path, call: Call, query: str, filters: list[str]):
    found = why(call, query, "retry.py:2", small)
    assert (found["verdict"], found["filters"]) == ("filtered", filters)
    assert why(call, "send", "retry.py:2", small, "--lang", "go")["filters"] == ["lang:go"]


def test_not_indexed_and_why(small: Path, call: Call):
    write(
        small,
        {
            "notes.xyz": "words\n",
            "gen.py": "# Code generated by x. DO NOT EDIT.\ndef made():\n    pass\n",
            "left/out.py": "def out():\n    pass\n",
            "ignored/one.py": "def one():\n    pass\n",
            ".codesearchignore": "left/\n",
            ".gitignore": "ignored/\n",
        },
    )
    git(small, "init", "-q")
    for place, said in (
        ("notes.xyz:1", "unknown language"),
        ("gen.py:2", "generated"),
        ("left/out.py:1", ".codesearchignore"),
        ("ignored/one.py:1", "ignored by git: .gitignore:1 says ignored/"),
    ):
        found = why(call, "anything", place, small)
        assert found["verdict"] == "not indexed"
        assert said in str(found["reason"])
        assert f"{place}: not indexed\n" in call("why", "anything", place, small).out


def test_changed_since(small: Path, call: Call):
    assert call("index", small).status == 0
    with (small / "retry.py").open("a", encoding="utf-8") as stream:
        stream.write("\n\ndef more():\n    pass\n")
    assert why(call, "send", "retry.py:2", small, "--no-update")["verdict"] == "changed"
    assert why(call, "send", "retry.py:2", small)["verdict"] in ("first", "outranked")


def test_copies_stand_under_one_answer(small: Path, call: Call):
    text = (small / "retry.py").read_text("utf-8")
    write(small, {"deep/down/retry.py": text})
    found = why(call, "send a file again", "deep/down/retry.py:2", small)
    assert (found["verdict"], found["under"]["path"]) == ("folded", "retry.py")  # type: ignore[index]


def test_no_candidate_and_how_far_it_was(tmp_path: Path, call: Call):
    words = [
        f"{a}{b}" for a in "bcdfghjklm" for b in ("a", "e", "i", "o", "u", "an", "en", "in", "on", "un", "ar", "er")
    ]
    files = {
        f"m{number}.py": "".join(
            f"def parse_{word}_{number}(text):\n    # parse the {word} of the text\n    return parse(text, {word})\n\n"
            for word in words
        )
        for number in range(4)
    }
    root = write(tmp_path / "many", {**files, "z.py": "def unrelated():\n    return 1 + 2\n"})
    found = why(call, "parse the text", "z.py:1", root)
    assert found["verdict"] == "no candidate"
    ways = {way["name"]: way for way in found["ways"]}  # type: ignore[attr-defined]
    assert ways["text"]["place"] is None
    assert ways["text"]["among"] >= 480
    assert ways["vectors"]["place"] > ways["vectors"]["taken"]
    assert [(term["word"], term["held"]) for term in found["terms"]] == [("parse", False), ("text", False)]  # type: ignore[attr-defined]
    text = call("why", "parse the text", "z.py:1", root).out
    assert "does not match" in text
    assert "query words missing" in text


def test_what_cannot_be_explained(small: Path, call: Call):
    for arguments, said in (
        (("x", "retry.py"), "FILE:LINE"),
        (("x", "none.py:1"), "no such file"),
        (("x", "retry.py:999"), "no such line"),
        (("lang:python", "retry.py:1"), "the query is empty"),
    ):
        run = call("why", *arguments, small)
        assert run.status == 2
        assert said in run.err


def test_a_query_imports_nothing_of_this(small: Path):
    script = (
        "import sys; from codesearch.cli.main import main; "
        "status = main(['query', 'send a file', sys.argv[1], '-q', '--embed', 'none']); "
        "heavy = {'codesearch.quality.metrics', 'codesearch.quality.evaluation', 'codesearch.search.explain',"
        " 'codesearch.cli.ui.explain', 'codesearch.quality.feedback'}; "
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    import sys

    assert process("index", small, cwd=small).status == 0
    done = subprocess.run([sys.executable, "-c", script, str(small)], capture_output=True, text=True, cwd=small)
    assert done.stderr == "[]\n"


def test_why_a_test_in_a_file_of_code_is_filtered(tmp_path: Path, call: Call):
    write(tmp_path, {"src/lib.rs": "fn add() {}\n\n#[test]\nfn adds_numbers() { add() }\n"})
    run = call("why", "add numbers -is:test", "src/lib.rs:4", tmp_path)
    assert "-is:test" in run.out
