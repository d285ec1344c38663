"""How precise a concept is: which symbols with a high score really are what its examples are, by labelled rules.

    python benchmarks/concepts.py FOLDER

FOLDER has the trees `fastapi` (fastapi/fastapi, the package), `gin` (gin-gonic/gin) and `rack` (rack/rack, lib). Their
indexes are made in a temporary folder. A rule labels symbols without looking at any vector; the examples themselves and
the code that contains them are left out of the figures. The labels are rules because the code of others is not part of
this repository:

- *handles authentication*: credentials, passwords, tokens, OAuth, API keys or security schemes are in the name of the
  symbol, of its type or of its file. In both trees such code is named for it; a body that only passes `auth` on is
  not counted.
- *does I/O* (functions and methods): the body itself opens, reads, writes, copies, flushes or closes a file, a stream
  or a connection, by one of the calls listed below. Code that calls such code does not count, so that the rule needs no
  call graph; it makes the figures lower than a person would judge them.

Each row compares the concept with the text alone. AP is the average precision over all symbols; P@20 the precision of
the twenty with the highest scores, and then precision and recall of `concept:NAME>0.6`.
"""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from codesearch import Index, Symbol, open_index
from codesearch.atlas import concepts

KINDS = ("function", "method", "class", "struct", "interface", "type")
LEAST = 0.6
TOP = 20


@dataclass(frozen=True, slots=True)
class Case:
    """A concept in one repository, what it is made of there, and the rule for the truth."""

    name: str
    tree: str
    like: tuple[str, ...]
    unlike: tuple[str, ...]
    text: str
    names: str = ""
    """Regular expression for the qualified name or the path."""
    body: str = ""
    """Regular expression for the source."""


AUTH = r"(?i)auth(?!or\b)|secur|oauth|credential|password|api_?key|openid|bearer"
AUTH_TEXT = "authentication: check passwords, tokens and credentials"
IO_TEXT = "read or write files, streams and connections"
CASES = (
    Case(
        "auth", "fastapi",
        ("HTTPBasic.__call__", "OAuth2PasswordBearer", "APIKeyHeader", "get_authorization_scheme_param", "HTTPBearer"),
        ("Header", "Cookie", "jsonable_encoder"), AUTH_TEXT, names=AUTH,
    ),
    Case(
        "auth", "gin", ("BasicAuth", "BasicAuthForProxy", "processAccounts", "authorizationHeader"),
        ("Context.GetHeader", "Logger", "Recovery"), AUTH_TEXT, names=AUTH,
    ),
    Case(
        "io", "gin",
        ("Context.SaveUploadedFile", "Reader.Render", "readNthLine", "responseWriter.Write", "Context.Stream"),
        ("node.addRoute", "Context.Param", "nameOfFunction"), IO_TEXT,
        body=r"\b(?:os|ioutil)\.(?:Open|Create|ReadFile|WriteFile|Remove|Stat|MkdirAll)|\bio\.(?:Copy|ReadAll|WriteString)"
        r"|\.(?:Read|Write|WriteString|ReadLine|ReadFrom|Flush|Close|Hijack|Readdir|ReadString)\(|http\.(?:ListenAndServe"
        r"|Serve|ServeFile|ServeContent|Get)\w*\(|net\.(?:Listen|Dial|FileListener)|\.(?:Serve|ServeTLS)\(",
    ),
    Case(
        "io", "rack",
        ("Rack::Multipart::Parser#read_data", "Rack::Builder.load_file", "Rack::RewindableInput#make_rewindable",
         "Rack::Files#filesize", "Rack::Deflater::GzipStream#each"),
        ("Rack::Utils.parse_nested_query", "Rack::Headers", "Rack::Request"), IO_TEXT,
        body=r"\bFile\.(?:open|read|size|stat|new|binread|mtime)|\bTempfile\b|\bIO\.|\.(?:read|readpartial|write|gets|rewind"
        r"|flush|close|syswrite|close_write|close_read)\b",
    ),
)  # fmt: skip


def positive(case: Case, index: Index, symbol: Symbol) -> bool:
    """Return the label of a symbol."""
    if case.names:
        return re.search(case.names, f"{symbol.path} {symbol.qualname}") is not None
    _, lines = index.source(symbol, whole=True)
    return re.search(case.body, "\n".join(lines)) is not None


def figures(ranked: list[tuple[float, bool]]) -> str:
    """Return AP, P@20, precision and recall of (score, label), highest scores first."""
    hits, total = 0, 0.0
    for place, (_, good) in enumerate(ranked, 1):
        hits += good
        total += hits / place if good else 0
    above = [good for score, good in ranked if score > LEAST]
    top = sum(good for _, good in ranked[:TOP]) / TOP
    precision = f"{sum(above) / len(above):.2f}" if above else "-"
    return f"{total / hits:.2f} | {top:.2f} | {precision} | {sum(above) / hits:.2f} ({len(above)})"


def row(case: Case, index: Index) -> str:
    """Return one row of the table."""
    every = [one for one in index.symbols() if one.kind in (KINDS if case.names else KINDS[:2])]
    labels = {one: positive(case, index, one) for one in every}

    def found(names: tuple[str, ...]) -> list[Symbol]:
        out = []
        for name in names:
            known = index.symbols_named(name)
            assert known, f"{case.tree}: no {name}"
            out.append(known[0])
        return out

    like, unlike = found(case.like), found(case.unlike)
    shown = {
        one for one in every for example in (*like, *unlike)
        if one.path == example.path and one.start_line <= example.start_line and one.end_line >= example.end_line
    }  # fmt: skip
    cells = []
    for number, (wanted, unwanted, texts) in enumerate(
        (([], [], (case.text,)), (like, [], ()), (like, unlike, ()), (like, unlike, (case.text,)))
    ):
        name = f"{case.name}{number}"
        concepts.add(index, name, like=wanted, unlike=unwanted, texts=texts, replaces=True)
        answer = concepts.ranked(index, name, limit=-1)
        ranked = [(hit.score, labels[hit.symbol]) for hit in answer if hit.symbol in labels and hit.symbol not in shown]
        of = ("text", f"{len(like)} examples", "with counterexamples", "all three")[number]
        share = sum(good for _, good in ranked) / len(ranked)
        cells.append(f"| {case.name} | {case.tree} | {share:.3f} of {len(ranked):,} | {of} | {figures(ranked)} |")
    return "\n".join(cells)


def main() -> None:
    """Print the table."""
    folder = Path(sys.argv[1])
    print("| concept | repository | labelled so | made of | AP | P@20 | precision above 0.6 | recall (symbols) |")
    print("|---|---|--:|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as place:
        for case in CASES:
            with open_index(folder / case.tree, db=f"{place}/{case.tree}.db", background=False) as index:
                index.update()
                print(row(case, index), flush=True)


if __name__ == "__main__":
    main()
