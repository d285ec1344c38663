"""The JSON schemas of what commands print: which there are, and each as a document of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any, NamedTuple

FILE = "output.schema.json"
"""Holds every definition once."""


class Output(NamedTuple):
    """One kind of output."""

    definition: str
    """The name of its definition in the file."""
    command: str
    """What prints it."""
    each_line: bool = False
    """Each line is such a value."""


OUTPUTS = {
    "query": Output("answer", "codesearch query --format json"),
    "query-ndjson": Output("hit", "codesearch query --format ndjson", each_line=True),
    "query-repo": Output("answer_of_repositories", "codesearch query --repo NAME --format json"),
    "query-remote": Output("answer_of_server", "codesearch query --remote URL --format json"),
    "query-lines": Output("lines", "codesearch query -e REGEX --format json"),
    "query-lines-ndjson": Output("lines_symbol", "codesearch query -e REGEX --format ndjson", each_line=True),
    "query-batch": Output("batch_line", "codesearch query --batch", each_line=True),
    "similar": Output("similar", "codesearch similar --format json"),
    "similar-ndjson": Output("hit", "codesearch similar --format ndjson", each_line=True),
    "symbols": Output("listing", "codesearch symbols --format json"),
    "symbols-sorted": Output("sorted", "codesearch symbols --sort concept:NAME --format json"),
    "symbols-ndjson": Output("symbol", "codesearch symbols --format ndjson", each_line=True),
    "symbols-nl": Output("row", "codesearch symbols --format nl", each_line=True),
    "ast": Output("nodes", "codesearch ast --format json"),
    "ast-query": Output("nodes_answer", "codesearch ast --query TEXT --format json"),
    "ast-ndjson": Output("lines_symbol", "codesearch ast --format ndjson", each_line=True),
    "outline": Output("outline", "codesearch outline --format json"),
    "context": Output("context", "codesearch context --format json"),
    "show": Output("listing", "codesearch show --format json"),
    "callers": Output("edges", "codesearch callers --format json"),
    "callees": Output("edges", "codesearch callees --format json"),
    "tests": Output("edges", "codesearch tests --format json"),
    "mentions": Output("edges", "codesearch mentions --format json"),
    "edges-ndjson": Output("edge", "codesearch callers --format ndjson", each_line=True),
    "impact": Output("impact", "codesearch impact --format json"),
    "related": Output("related", "codesearch related --format json"),
    "related-ndjson": Output("related_line", "codesearch related --format ndjson", each_line=True),
    "clusters": Output("clusters", "codesearch clusters --format json"),
    "clones": Output("clones", "codesearch clones --format json"),
    "concept": Output("concept", "codesearch concept show --format json"),
    "concept-list": Output("concepts", "codesearch concept list --format json"),
    "map": Output("map", "codesearch map --format json"),
    "why": Output("why", "codesearch why --format json"),
    "index": Output("index", "codesearch index --format json"),
    "status": Output("status", "codesearch status --format json"),
    "status-all": Output("indexes", "codesearch status --all --format json"),
    "doctor": Output("doctor", "codesearch doctor --format json"),
    "config": Output("config", "codesearch config --format json"),
    "diff": Output("diff", "codesearch diff --format json"),
    "artifact-key": Output("artifact_key", "codesearch artifact key --format json"),
    "artifact-pack": Output("artifact", "codesearch artifact pack --format json"),
    "artifact-show": Output("artifact", "codesearch artifact show --format json"),
    "merge": Output("merge", "codesearch merge --format json"),
    "cache-list": Output("cache", "codesearch cache list --format json"),
    "model-list": Output("models", "codesearch model list --format json"),
    "model-bench": Output("model_bench", "codesearch model bench --format json"),
    "model-texts": Output("model_texts", "codesearch model texts --format json"),
    "repo-list": Output("repositories", "codesearch repo list --format json"),
    "refs": Output("refs", "codesearch refs URL --format json"),
    "access-list": Output("access", "codesearch access list --format json"),
    "eval": Output("eval", "codesearch eval --format json"),
    "tune": Output("tune", "codesearch tune --format json"),
    "bench": Output("bench", "codesearch bench --format json"),
    "feedback-list": Output("feedback", "codesearch feedback list --format json"),
}


def schema(name: str) -> dict[str, Any]:
    """Return the schema of an output, with only the definitions that it needs."""
    whole = json.loads((resources.files("codesearch.cli") / FILE).read_text("utf-8"))
    definitions: dict[str, Any] = whole["$defs"]
    output = OUTPUTS[name]
    needed: dict[str, Any] = {}
    waiting = [output.definition]
    while waiting:
        one = waiting.pop()
        if one not in needed:
            needed[one] = definitions[one]
            waiting += _referenced(definitions[one])
    return {
        "$schema": whole["$schema"],
        "title": f"{'Each line of `' if output.each_line else '`'}{output.command}`",
        "description": whole["description"],
        "$ref": f"#/$defs/{output.definition}",
        "$defs": {key: value for key, value in definitions.items() if key in needed},
    }


def _referenced(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield str(inner).rpartition("/")[2]
            else:
                yield from _referenced(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _referenced(inner)
