"""Every JSON output keeps its schema, which `codesearch schema` prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped, unused-ignore]
import pytest

from codesearch.cli.schemas import OUTPUTS, schema
from tests.support.command import process
from tests.support.home import HOUSE
from tests.support.schemas import closed, keeps_schema

JSON = ("--format", "json")
PRINTED = {
    "query": ("query", "cancel an order", "--explain", "--snippet", *JSON),
    "query-ndjson": ("query", "cancel an order", "--explain", "--format", "ndjson"),
    "query-lines": ("query", "-e", "def [a-z]+", *JSON),
    "query-lines-ndjson": ("query", "-e", "def [a-z]+", "--format", "ndjson"),
    "ast": ("ast", "(call) @call", "--lang", "python", *JSON),
    "ast-query": ("ast", "(call)", "--lang", "python", "--query", "cancel an order", *JSON),
    "ast-ndjson": ("ast", "(call) @call", "--lang", "python", "--format", "ndjson"),
    "similar": ("similar", "shop/cart.py:40", *JSON),
    "similar-ndjson": ("similar", "ShoppingCart", "--format", "ndjson"),
    "callers": ("callers", "ShoppingCart.Total", *JSON),
    "callees": ("callees", "shop/cart.py:40", *JSON),
    "tests": ("tests", "ShoppingCart.Total", *JSON),
    "mentions": ("mentions", "ShoppingCart.Total", *JSON),
    "edges-ndjson": ("callers", "ShoppingCart", "--format", "ndjson"),
    "related": ("related", "shop/cart.py", *JSON),
    "related-ndjson": ("related", "ShoppingCart", "--format", "ndjson"),
    "clusters": ("clusters", "--members", *JSON),
    "map": ("map", "--out", "-", *JSON),
    "symbols": ("symbols", "-n", "30", *JSON),
    "symbols-ndjson": ("symbols", "-n", "30", "--format", "ndjson"),
    "symbols-nl": ("symbols", "-n", "30", "--format", "nl"),
    "outline": ("outline", "shop", "mail/queue.go", *JSON),
    "context": ("context", "cancel an order", *JSON),
    "show": ("show", "ShoppingCart", *JSON),
    "why": ("why", "cancel an order", "ShoppingCart", *JSON),
    "index": ("index", *JSON),
    "status": ("status", "--skipped", *JSON),
    "status-all": ("status", "--all", *JSON),
    "config": ("config", *JSON),
    "model-list": ("model", "list", *JSON),
    "feedback-list": ("feedback", "list", *JSON),
    "cache-list": ("cache", "list", *JSON),
}
ELSEWHERE = {
    "clones": "tests/cli/test_clones.py",
    "diff": "tests/cli/test_diff.py",
    "artifact-key": "tests/cli/test_artifact.py",
    "artifact-pack": "tests/cli/test_artifact.py",
    "artifact-show": "tests/cli/test_artifact.py",
    "merge": "tests/artifacts/test_merging.py",
    "doctor": "tests/cli/test_doctor.py",
    "eval": "tests/cli/test_evaluate.py",
    "bench": "tests/cli/test_bench.py",
    "model-bench": "tests/cli/test_model.py",
    "model-texts": "tests/cli/test_model_api.py",
    "concept": "tests/cli/test_concept.py",
    "concept-list": "tests/cli/test_concept.py",
    "symbols-sorted": "tests/cli/test_concept.py",
    "query-batch": "tests/cli/test_schemas.py",
    "impact": "tests/cli/test_callers.py",
    "query-remote": "tests/server/test_commands.py",
    "refs": "tests/server/test_pull.py",
    "access-list": "tests/server/test_commands.py",
    "query-repo": "tests/cli/test_query_repositories.py",
    "repo-list": "tests/cli/test_repo.py",
    "tune": "tests/cli/test_tune.py",
}
"""Outputs that are checked where they are made: they take long."""


@pytest.mark.parametrize("name", PRINTED)
def test_an_output_keeps_its_schema(shop: Path, name: str):
    assert process("query", "order", "-q", cwd=shop).status == 0  # the private home knows this index now
    run = process(*PRINTED[name], cwd=shop)
    values = run.lines if OUTPUTS[name].each_line else [run.json]
    assert values, run.err
    for value in values:
        keeps_schema(value, name)


def test_batch_lines_and_opened_results_keep_their_schemas(shop: Path, small: Path):
    run = process("query", "--batch", "-", cwd=shop, stdin=b"order\n\nlang:go\n")
    assert ["error" in line for line in run.lines] == [False, False, True]
    for line in run.lines:
        keeps_schema(line, "query-batch")
    opened = {"EDITOR": "true", "CODESEARCH_FEEDBACK": "true"}
    assert process("query", "retry", "--open", "1", "-q", cwd=small, environment=opened).status == 0
    listed = process("feedback", "list", *JSON, cwd=small).json
    assert listed["opened"]
    keeps_schema(listed, "feedback-list")


def test_code_from_stdin_and_the_ways_of_why_keep_their_schemas(shop: Path):
    pasted = process("similar", "-", *JSON, cwd=shop, stdin=b"def total(prices):\n    return sum(prices)\n").json
    keeps_schema(pasted, "similar")
    for query in ("cancel an order lang:go", "quaternion", "shopping cart"):
        keeps_schema(process("why", query, "ShoppingCart", *JSON, cwd=shop).json, "why")


def test_every_output_is_checked():
    assert {*PRINTED, *ELSEWHERE} == {*OUTPUTS}
    for name, file in ELSEWHERE.items():
        assert re.search(rf'keeps_schema\([^)\n]*"{name}"\)', (HOUSE / file).read_text("utf-8")), name


def test_the_command_lists_and_prints_them(small: Path):
    listed = process("schema", cwd=small)
    assert listed.status == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == [*OUTPUTS]
    assert process("schema", "model", "list", cwd=small).json == schema("model-list")
    assert process("schema", "query", cwd=small).json == schema("query")
    wrong = process("schema", "querry", cwd=small)
    assert (wrong.status, wrong.err) == (
        2,
        "codesearch: error: there is no schema `querry`; did you mean `query`? `codesearch schema` lists them\n",
    )


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_schema_is_complete_and_needs_all_of_its_definitions(name: str):
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    jsonschema.Draft202012Validator.check_schema(closed(name))
    text = json.dumps(found)
    referenced = set(re.findall(r'"#/\$defs/(\w+)"', text))
    assert referenced == set(found["$defs"])


def test_what_is_not_promised_is_noticed():
    sound = {"query": "x", "root": "/x", "complete": True, "results": []}
    keeps_schema(sound, "query")
    for wrong in ({**sound, "more": 1}, {"query": "x"}, {**sound, "results": [{"rank": 1}]}):
        with pytest.raises(jsonschema.ValidationError):
            keeps_schema(wrong, "query")
