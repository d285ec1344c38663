"""Wrong arguments: each message is a whole sentence that states what is expected."""

from __future__ import annotations

import pytest

from codesearch.cli.usage_errors import explained

HYPHEN = " Put a query that starts with `-` after `--`: codesearch query -- '-Wall warnings'."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("query x -n abc", "--limit must be a whole number of at least 1, not 'abc'."),
        ("query x -n 0", "--limit must be a whole number of at least 1, not 0."),
        ("query x --min-score q", "--min-score must be a number from 0 to 1, not 'q'."),
        ("query x --min-score 1.5", "--min-score must be a number from 0 to 1, not 1.5."),
        ("query x --format foo", "--format must be text, json, ndjson, vimgrep, paths or nl, not 'foo'."),
        ("status --format xml", "--format must be text or json, not 'xml'."),
        ("query x -n", "-n needs a value."),
        ("query x --json=1", "--json takes no value."),
        ("query x --lang:python", "There is no option --lang:python; did you mean --lang?" + HYPHEN),
        ("query x --zzz", "There is no option --zzz." + HYPHEN),
        ("query x --snipet", "There is no option --snipet; did you mean --snippet?" + HYPHEN),
        ("index --workrs 2", "There is no option --workrs; did you mean --workers?"),
        ("index --workers -3", "--workers must be a whole number of at least 0, not -3."),
        ("status a b c", "Unexpected argument: b c."),
        ("model use", "NAME is missing."),
        ("serve", "--store is missing (or set CODESEARCH_DATABASE)."),
        ("model nosuch", "No such command 'nosuch'."),
        ("statsu", "No such command 'statsu'. Did you mean 'status'?"),
    ],
)
def test_wrong_arguments(call, arguments: str, said: str):
    run = call(*arguments.split())
    words = arguments.split()
    command = "codesearch" if words[0] == "statsu" else " ".join(["codesearch", words[0]])
    command += " use" if words[:2] == ["model", "use"] else ""
    assert run.status == 2
    assert run.err == f"codesearch: error: {said} Try `{command} --help`.\n"


def test_an_unknown_error_keeps_its_text():
    assert explained(ValueError("what\nhappened."), []) == "what happened. Try `codesearch --help`."
