"""Compare the callers that codesearch finds with those of a language server, function by function.

    python benchmarks/call_graph.py ROOT LANGUAGE -- COMMAND...
    python benchmarks/call_graph.py click python -- pyright-langserver --stdio
    python benchmarks/call_graph.py bbolt go -- gopls serve

A sample of the functions and methods of ROOT is drawn that no test contains. For each, the server is asked for the
references. Those that are calls (the name is followed by a parenthesis, constructed with `new`, or a decorator or an
element of JSX) are mapped to the symbol that contains them; calls of a symbol in itself do not count. Printed are
precision and recall of our callers against these, by confidence, over all functions, with 95 % intervals (resampled
functions). The server is no truth: where it knows no type it finds nothing, so `--disagreements` lists what to look at.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import codesearch
from codesearch import Index, Symbol
from codesearch.references.edges import CONFIDENCES, Confidence
from codesearch.references.graph import callers

PATIENCE = 60.0
_CALL = re.compile(r"\s*(?:<[^()]*>|\[[^()]*\]|!|\?\.)?\s*\(")
_APPLIED = re.compile(r"(?:@(?:\w+\.)*|\bnew\s+(?:\w+\.)*|<(?:\w+\.)*)$")

Caller = tuple[str, int, str]
"""Path, first line and qualified name of a symbol that calls."""


class Server:
    """A language server as a client sees it."""

    def __init__(self, command: list[str], root: Path) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root
        )
        self.number = 0
        self.opened: set[str] = set()
        self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": root.as_uri(),
                "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
                "capabilities": {"workspace": {"configuration": True, "workspaceFolders": True}},
            },
        )
        self.tell("initialized", {})

    def tell(self, method: str, parameters: object) -> None:
        """Send a notification."""
        self._send({"method": method, "params": parameters})

    def ask(self, method: str, parameters: object) -> Any:
        """Send a request and return the result; None for an error or no answer in time."""
        self.number += 1
        self._send({"id": self.number, "method": method, "params": parameters})
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            message = self._receive()
            if message.get("id") == self.number and "method" not in message:
                return message.get("result")
            if "id" in message and "method" in message:  # the server asks for configuration
                items = message["params"].get("items", []) if isinstance(message["params"], dict) else []
                self._send({"id": message["id"], "result": [None] * len(items)})
        return None

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if not length:
            raise SystemExit("the server ended")
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def references(self, path: Path, language: str, line: int, column: int) -> list[tuple[Path, int, int]]:
        """Return (path, line, column after the name) of each reference, from 0."""
        uri = path.as_uri()
        if uri not in self.opened:
            self.opened.add(uri)
            document = {"uri": uri, "languageId": language, "version": 1, "text": path.read_text("utf-8")}
            self.tell("textDocument/didOpen", {"textDocument": document})
        found = self.ask(
            "textDocument/references",
            {
                "textDocument": {"uri": uri},
                "position": {"line": line, "character": column},
                "context": {"includeDeclaration": False},
            },
        )
        return [
            (Path(unquote(urlparse(one["uri"]).path)), one["range"]["end"]["line"], one["range"]["end"]["character"])
            for one in found or []
        ]


@dataclass(slots=True)
class Compared:
    """The callers of one function."""

    symbol: Symbol
    theirs: set[Caller]
    ours: dict[Confidence, set[Caller]]


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("language")
    parser.add_argument("--functions", type=int, default=150, help="How many are drawn.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disagreements", type=int, default=0, metavar="N", help="Show N of each sort.")
    own = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
    options = parser.parse_args(own)
    command = sys.argv[sys.argv.index("--") + 1 :]
    root = options.root.resolve()
    with codesearch.open_index(root) as index:
        index.update()
        compared = compare(index, Server(command, root), options.language, options.functions, options.seed)
    report(compared, f"{root.name} ({options.language}, {Path(command[0]).name})")
    disagreements(compared, options.disagreements)


def compare(index: Index, server: Server, language: str, functions: int, seed: int) -> list[Compared]:
    """Return the callers of a sample of functions."""
    where = codesearch.Filter(languages=(language,), kinds=("function", "method"), not_roles=("test", "vendored"))
    symbols = [one for one in index.symbols(where) if one.name.isidentifier() and not one.name.startswith("__")]
    random.Random(seed).shuffle(symbols)
    lines: dict[Path, list[str]] = {}
    compared: list[Compared] = []
    for symbol in symbols:
        if len(compared) >= functions:
            break
        place = _name(index.root / symbol.path, symbol, lines)
        if place is None:
            continue
        found = server.references(index.root / symbol.path, language, *place)
        if not found and not compared:
            time.sleep(5)  # the server may still be reading the project
            found = server.references(index.root / symbol.path, language, *place)
        theirs = {caller for one in found if (caller := _caller(index, symbol, *one, lines)) is not None}
        ours = {
            level: {
                (edge.symbol.path, edge.symbol.start_line, edge.symbol.qualname)
                for edge in callers(index, symbol, confidence=level)
                if edge.symbol.language == language and edge.symbol.qualname != symbol.qualname
            }
            for level in CONFIDENCES
        }
        compared.append(Compared(symbol, theirs, ours))
    return compared


def _text(path: Path, lines: dict[Path, list[str]]) -> list[str]:
    if path not in lines:
        lines[path] = path.read_text("utf-8", "replace").split("\n")
    return lines[path]


def _name(path: Path, symbol: Symbol, lines: dict[Path, list[str]]) -> tuple[int, int] | None:
    """Return (line, column), from 0, of the name of a symbol in its definition."""
    pattern = re.compile(rf"(?<![\w.@])(?:{re.escape(symbol.name)})(?=\s*(?:[(<=:?]|\[))")
    for number in range(symbol.start_line - 1, symbol.end_line):
        line = _text(path, lines)[number]
        if not line.lstrip().startswith("@") and (found := pattern.search(line)):
            return number, found.start()
    return None


def _caller(
    index: Index, of: Symbol, path: Path, line: int, column: int, lines: dict[Path, list[str]]
) -> Caller | None:
    """Return the symbol that contains a reference, if that is a call and in another symbol."""
    if not path.is_relative_to(index.root):
        return None
    text = _text(path, lines)[line]
    begin = column - len(of.name)
    if not _CALL.match(text, column) and not _APPLIED.search(text[:begin]):
        return None
    try:
        around = index.symbol_at(path.relative_to(index.root).as_posix(), line + 1)
    except codesearch.NotFoundError:
        return None
    same = (around.path, around.qualname) == (of.path, of.qualname)
    is_definition = around.name == of.name and _name(path, around, lines) == (line, begin)  # of the same interface
    return None if same or is_definition else (around.path, around.start_line, around.qualname)


def _scores(compared: list[Compared], level: Confidence) -> tuple[float, float]:
    """Return (precision, recall) over all functions."""
    right = sum(len(one.theirs & one.ours[level]) for one in compared)
    ours = sum(len(one.ours[level]) for one in compared)
    theirs = sum(len(one.theirs) for one in compared)
    return right / ours if ours else 1.0, right / theirs if theirs else 1.0


def report(compared: list[Compared], title: str) -> None:
    """Print a row of the table for each confidence."""
    chance = random.Random(1)
    samples = [chance.choices(compared, k=len(compared)) for _ in range(500)]
    edges = sum(len(one.theirs) for one in compared)
    print(f"{title}: {len(compared)} functions, {edges} callers")
    for level in CONFIDENCES:
        scores = _scores(compared, level)
        drawn = list(zip(*(_scores(sample, level) for sample in samples), strict=True))
        spread = [(sorted(values)[12], sorted(values)[487]) for values in drawn]
        shown = [f"{score:.3f} ({low:.3f} to {high:.3f})" for score, (low, high) in zip(scores, spread, strict=True)]
        print(f"  {level:<7} precision {shown[0]}  recall {shown[1]}")


def disagreements(compared: list[Compared], most: int) -> None:
    """Print callers that only one side has."""
    for title, pairs in (
        ("only codesearch", [(one.symbol, caller) for one in compared for caller in one.ours["likely"] - one.theirs]),
        ("only the server", [(one.symbol, caller) for one in compared for caller in one.theirs - one.ours["likely"]]),
    ):
        for symbol, (path, line, name) in pairs[:most]:
            print(f"{title}: {symbol.path}:{symbol.start_line} {symbol.qualname} <- {path}:{line} {name}")


if __name__ == "__main__":
    main()
