"""Measure how many of the functions and methods that Universal Ctags finds codesearch finds, too.

    python benchmarks/recall_ctags.py TREE... [--lang NAME] [--misses N]

For each language: the files, the callables that ctags lists in them, how many of these codesearch also has, the share,
and the number of callables that codesearch lists. A callable is found if codesearch has a function, method, macro or
test with that name, in the same file, whose range includes the line from ctags; or one that begins on that line and has
the name in its signature (`get: function getRouter()` is `get` in one and `getRouter` in the other).

Files over 1 MB, and minified files (a line over 5,000 bytes, or `.min.` in the name), are left out. Not counted among
the callables of ctags (`EXCLUSIONS` gives the reason for each; their number is printed):
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from codesearch import languages
from codesearch.extract.symbols import ParseTimeoutError, extract

MAX_SIZE = 1_000_000
MAX_LINE = 5_000

MAPS = ("--map-TypeScript=+.tsx", "--map-TypeScript=+.mts", "--map-JavaScript=+.mjs", "--map-JavaScript=+.cjs")
"""Extensions that ctags reads only with an option."""

CALLABLE_KINDS = {
    "Python": {"function", "member"},
    "JavaScript": {"function", "generator", "method", "getter", "setter"},
    "TypeScript": {"function", "generator", "method"},
    "Go": {"func", "methodSpec"},
    "Rust": {"function", "method"},
    "Java": {"method"},
    "C": {"function"},
    "C++": {"function"},
    "C#": {"method"},
    "Ruby": {"method", "singletonMethod"},
    "PHP": {"function"},
    "Kotlin": {"method"},
    "Sh": {"function"},
    "Lua": {"function"},
    "Elixir": {"function", "macro", "delegate"},
    "Perl": {"subroutine"},
    "ObjectiveC": {"function", "method"},
    "OCaml": {"function", "method"},
    "Julia": {"function", "macro"},
    "Haskell": {"function"},
    "SQL": {"function", "procedure"},
    "PowerShell": {"function", "filter"},
    "R": {"function"},
    "Erlang": {"function"},
    "Clojure": {"function"},
    "Lisp": {"function"},
    "EmacsLisp": {"function", "inline", "macro"},
    "Vim": {"function"},
    "MatLab": {"function"},
    "Fortran": {"function", "subroutine"},
    "Ada": {"subprogram"},
    "Pascal": {"function", "procedure"},
    "VHDL": {"function", "procedure"},
    "SystemVerilog": {"function", "task"},
}
"""The kinds of ctags that are functions or methods, by its languages."""

EXCLUSIONS = {
    "anonymous": "a name ctags made up for a function without one (`anonymousFunction0c12`, `__anon5`)",
    "no name there": "the line ctags gives does not contain the name: its parser lost its place",
    "in a comment": "the line is a comment",
    "alias": "JavaScript: the line only gives a name to an existing value (`Hash.prototype.clear = hashClear;`)",
}


@dataclass
class Row:
    """The counts for one language."""

    files: int = 0
    expected: int = 0
    found: int = 0
    ours: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)


def source_files(trees: list[Path], where: str | None) -> Iterator[tuple[Path, str, bytes]]:
    """Yield path, language and source of every file of a known language."""
    for tree in trees:
        for folder, folders, names in os.walk(tree):
            folders[:] = sorted(name for name in folders if name not in (".git", "node_modules"))
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_SIZE or ".min." in name:
                    continue
                source = path.read_bytes()
                language = languages.detect(name, source[:8192])
                if language is None or (where and language.name != where) or b"\0" in source[:8192]:
                    continue
                if max(map(len, source.split(b"\n"))) <= MAX_LINE:
                    yield path, language.name, source


def ctags(paths: list[Path]) -> dict[str, list[dict[str, object]]]:
    """Return the callables that ctags finds, by path."""
    command = ["ctags", "--options=NONE", "--output-format=json", "--fields=+nKl", *MAPS, "-f", "-", "-L", "-"]
    listing = "\n".join(map(str, paths)) + "\n"
    result = subprocess.run(command, input=listing.encode(), capture_output=True, check=True)
    found: dict[str, list[dict[str, object]]] = defaultdict(list)
    for line in result.stdout.decode("utf-8", "replace").split("\n"):
        tag = json.loads(line) if line else {}
        if tag.get("kind") in CALLABLE_KINDS.get(tag.get("language", ""), ()):
            found[tag["path"]].append(tag)
    return found


def exclusion(name: str, line: str, language: str) -> str | None:
    """Return why a callable of ctags is not counted, or None."""
    if re.match(r"anonymousFunction|__anon|AnonymousFunction", name):
        return "anonymous"
    if line.lstrip().startswith(("//", "/*", "* ")):
        return "in a comment"
    if language == "javascript" and re.search(r"=\s*[\w.$]+;?\s*$", line) and "=>" not in line:
        return "alias"
    last = re.split(r"::|[.:]", "".join(name.split()))[-1].split("(")[0]
    if last and last not in "".join(line.split()):
        return "no name there"
    return None


def plain(name: str) -> str:
    """Return the last part of a name, without quotes and blanks, so that the spellings of both tools match."""
    name = re.sub(r"\s+", "", name).strip("\"'`")
    if "operator" in name:
        return name
    return re.split(r"::|[.:](?!$)|#", name)[-1].strip("\"'`[]") or name


def compare(row: Row, path: Path, source: bytes, language: str, tags: list[dict[str, object]]) -> None:
    """Add one file to a row."""
    ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
    row.files += 1
    try:
        symbols = extract(source, language, str(path), timeout=20)
    except ParseTimeoutError:
        print(f"{path}: parsing took over 20 s", file=sys.stderr)
        symbols = []
    for symbol in symbols:
        if symbol.kind in ("function", "method", "macro", "test"):
            row.ours += 1
            ranges[plain(symbol.name)].append((symbol.start_line, symbol.end_line))
            for word in re.findall(r"[\w$]+", symbol.signature):
                ranges[word].append((symbol.start_line, symbol.start_line))
    lines = source.decode("utf-8", "replace").split("\n")
    for tag in tags:
        name, number = str(tag["name"]), int(str(tag["line"]))
        line = lines[number - 1] if number <= len(lines) else ""
        if reason := exclusion(name, line, language):
            row.excluded[reason] += 1
            continue
        row.expected += 1
        if any(start <= number <= end for start, end in ranges[plain(name)]):
            row.found += 1
        else:
            row.misses.append(f"{path}:{number}: {tag['kind']} {name}: {line.strip()[:120]}")


def main() -> int:
    """Print the table; the exit status is 2 if ctags is missing."""
    description = (__doc__ or "") + "\n".join(f"  {name}: {why}" for name, why in EXCLUSIONS.items())
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--lang", help="only this language")
    parser.add_argument("--misses", type=int, default=0, metavar="N", help="print the first N misses of each language")
    options = parser.parse_args()
    if not shutil.which("ctags"):
        print("ctags is missing: install Universal Ctags", file=sys.stderr)
        return 2
    files = list(source_files(options.trees, options.lang))
    tags = ctags([path for path, _, _ in files])
    rows: dict[str, Row] = defaultdict(Row)
    for path, language, source in files:
        compare(rows[language], path, source, language, tags.get(str(path), []))
    print("language          files    ctags    found   recall     ours  left out")
    for name, row in sorted(rows.items()):
        recall = f"{100 * row.found / row.expected:.2f} %" if row.expected else "-"
        left_out = ", ".join(f"{reason} {count}" for reason, count in sorted(row.excluded.items()))
        print(f"{name:15} {row.files:7} {row.expected:8} {row.found:8} {recall:>8} {row.ours:8}  {left_out}")
    for name, row in sorted(rows.items()):
        for miss in row.misses[: options.misses]:
            print(f"{name}: {miss}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
