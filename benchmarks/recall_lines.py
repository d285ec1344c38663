"""Measure the recall of function definitions against definition lines, for languages that Universal Ctags lacks or
reads badly (it reports Kotlin's lambda parameters and Haskell's record fields as functions).

    python benchmarks/recall_lines.py kotlin path/to/checkout... [--misses 20] [--ctags]

A line counts if, with comments and strings blanked, it begins like a definition of that language; it is found if a
symbol with that name covers it. The patterns read single lines, so the count is not an upper bound: a definition whose
name is on another line than its keyword is in neither number. `--ctags` counts only the lines on which Universal Ctags
has a tag with that name, of any kind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codesearch import languages
from codesearch.core.types import Symbol
from codesearch.extract.symbols import extract

_MAX_BYTES = 1_000_000
_C_LIKE = r'"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*[\s\S]*?\*/'


@dataclass(frozen=True, slots=True)
class Lines:
    """The pattern of definition lines of one language; the last group that matched is the name."""

    definition: str
    blank: str = _C_LIKE
    anywhere: bool = False
    """Whether a symbol with that name anywhere in the file counts: Haskell's signatures may be elsewhere."""


_KOTLIN_MODIFIERS = (
    r"(?:(?:public|private|internal|protected|override|open|abstract|final|suspend|inline|operator|infix|tailrec"
    r"|external|expect|actual|@\w+(?:\([^()\n]*\))?)\s+)*"
)
_SWIFT_MODIFIERS = (
    r"(?:(?:public|private|internal|fileprivate|open|package|override|static|class|final|mutating|nonmutating|convenience"
    r"|required|prefix|postfix|infix|nonisolated|isolated|dynamic|optional|@\w+(?:\([^()\n]*\))?)\s+)*"
)
_SCALA_MODIFIERS = (
    r"(?:(?:private|protected|override|final|implicit|inline|transparent|lazy|abstract|sealed|infix|erased|open"
    r"|@\w+(?:\([^()\n]*\))?)(?:\[\w+\])?\s+)*"
)
_DART_KEYWORDS = "if|for|while|switch|catch|return|assert|super|this|await|else|do|throw|new|yield|in|case|on|Function"

PATTERNS = {
    "kotlin": Lines(
        rf"^[ \t]*{_KOTLIN_MODIFIERS}fun\s+(?:<[^\n()]*?>\s+)?"
        r"(?:[\w<>?*, ]+(?:\.[\w<>?*, ]+)*\.)?(`[^`\n]+`|\w+)[ \t]*\("
    ),
    "swift": Lines(
        rf"^[ \t]*{_SWIFT_MODIFIERS}(?:func\s+(\w+|`\w+`|[-+*/=<>!&|^~%?.]+)[ \t]*[<(]|(init)[?!]?[ \t]*[<(])",
        r'#*"""[\s\S]*?"""#*|"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*[\s\S]*?\*/',
    ),
    "scala": Lines(
        rf"^[ \t]*{_SCALA_MODIFIERS}def\s+(`[^`\n]+`|\w*_[-+*/=<>!&|^~%?:@#\\]+|\w+|[-+*/=<>!&|^~%?:@#\\]+)"
    ),
    "zig": Lines(
        r"^[ \t]*(?:pub\s+|export\s+|inline\s+|noinline\s+|extern\s+(?:\"\w*\"\s+)?)*fn\s+(\w+)[ \t]*\(",
        r"//[^\n]*|\\\\[^\n]*",
    ),
    "dart": Lines(
        rf"^[ \t]*(?:static\s+|external\s+|factory\s+)*(?!(?:{_DART_KEYWORDS})\b)[A-Za-z_][\w<>?, .]*?[\w>?]\s+"
        rf"(?:get\s+(\w+)\s*(?:async\s*)?(?:=>|\{{)|(?!(?:{_DART_KEYWORDS})\b)(\w+)(?:<[^()\n]*>)?\([^;\n]*\)\s*"
        r"(?:async\*?\s*|sync\*\s*)?(?:\{|=>))",
        r"'''[\s\S]*?'''|'(?:[^'\\\n]|\\.)*'|" + _C_LIKE,
    ),
    "hcl": Lines(
        r"^(?:resource|data)\s+\"([\w-]+)\"|^(?:module|variable|output|provider)\s+\"([\w-]+)\"|^(locals|terraform)\s*\{",
        r"#[^\n]*|//[^\n]*",
    ),
    "lua": Lines(
        r"^[ \t]*(?:local\s+)?function\s+(?:[\w.]+[.:])?(\w+)\s*\("
        r"|^[ \t]*(?:local\s+)?(?:[\w.]+\.)?(\w+)\s*=\s*function\s*\(",
        r"(?:--)?\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'",
    ),
    "bash": Lines(
        r"^[ \t]*(?:function\s+)?([\w:.-]+)[ \t]*\(\)[ \t]*\{?[ \t]*$",
        r"<<-?\s*[\"']?(\w+)[\"']?[^\n]*\n[\s\S]*?\n\s*\1\b|(?<!\S)#[^\n]*",
    ),
    "elixir": Lines(
        r"^[ \t]*(?:def|defp|defmacro|defmacrop|defguard|defguardp|defdelegate)\s+(?!unquote\b)([a-z_]\w*[?!]?)",
        r'(?:~[a-zA-Z])?"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*',
    ),
    "haskell": Lines(
        r"^([a-z_][\w']*)\s*(?:,\s*[\w']+\s*)*::"
        r"|^(?!(?:type|data|newtype|module|instance|import|class|deriving|infix[lr]?|foreign|default|pattern|where|if|then"
        r"|else|case|of|let|in|do)\b)([a-z_][\w']*)(?:[ \t]+[^\n=]*?)?[ \t]*=(?=[ \t\n])",
        r"\{-[\s\S]*?-\}|--[^\n]*|\"(?:[^\"\\\n]|\\.)*\"",
        anywhere=True,
    ),
    "ocaml": Lines(
        r"^(?:let\s+(?:rec\s+)?|and\s+)(?!rec\b)([a-z_][\w']*)\s+(?:~|\?|\(|[a-z_])[^=\n]*=",
        r"\(\*[\s\S]*?\*\)|\{(\w*)\|[\s\S]*?\|\1\}|\"(?:[^\"\\]|\\.)*\"",
    ),
    "ocaml_interface": Lines(r"^[ \t]*(?:val|external)\s+([a-z_][\w']*)", r"\(\*[\s\S]*?\*\)"),
    "fsharp": Lines(
        r"^(?:let|and)\s+(?:(?:rec|inline|private|internal)\s+)*(?!(?:rec|inline|private|internal|mutable)\b)(\w+)\s+(?:\(|[a-z_])[^=\n]*="
        r"|^[ \t]+(?:(?:static|override|abstract|default|inline)\s+)*member\s+"
        r"(?:(?:inline|private|internal)\s+)*(?:\w+\.)?(\w+)",
        r"\(\*[\s\S]*?\*\)|" + _C_LIKE,
    ),
    "gdscript": Lines(r"^[ \t]*(?:static\s+)?func\s+(\w+)\s*\(", r'"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*'),
    "glsl": Lines(r"^(?!(?:else|return|struct)\b)(?:\w+\s+)+(\w+)\s*\([^;\n]*\)\s*\{"),
    "groovy": Lines(
        r"^[ \t]*(?:(?:public|private|protected|static|final|abstract|synchronized)\s+)*"
        r"(?!(?:new|return|else|throw|assert|case|if|in)\b)(?:def|void|[A-Z][\w.]*(?:<[^()\n]*>)?(?:\[\])?|int|boolean|long)"
        r"\s+(\w+)\([^;\n=]*\)\s*\{",
        r"'''[\s\S]*?'''|'(?:[^'\\\n]|\\.)*'|" + _C_LIKE,
    ),
    "nix": Lines(r"^[ \t]*([a-zA-Z_][\w'-]*)\s*=\s*(?:\{[^{}\n]*\}|\w+)\s*:(?=\s)", r"''[\s\S]*?''|#[^\n]*|" + _C_LIKE),
    "protobuf": Lines(r"^[ \t]*(?:message|enum|service|rpc)\s+(\w+)"),
    "scheme": Lines(r"^\(define\s+\(+([^\s()]+)", r'#\|[\s\S]*?\|#|"(?:[^"\\]|\\.)*"|;[^\n]*'),
    "solidity": Lines(r"^[ \t]*(?:function|modifier|event|struct|enum)\s+(\w+)"),
    "wgsl": Lines(r"^[ \t]*(?:@\w+(?:\([^()\n]*\))?\s*)*fn\s+(\w+)\s*\("),
}


CTAGS_NAMES = {
    "kotlin": "Kotlin",
    "lua": "Lua",
    "haskell": "Haskell",
    "ocaml": "OCaml",
    "bash": "Sh",
    "elixir": "Elixir",
}


def definition_lines(text: str, lines: Lines) -> list[tuple[int, str]]:
    """Return (line number from 1, name) of each definition line."""

    def blanked(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found[0])

    text = re.sub(lines.blank, blanked, text)
    out = []
    for found in re.finditer(lines.definition, text, re.MULTILINE):
        group = found.lastindex or 0
        out.append((text.count("\n", 0, found.start(group)) + 1, found[group].strip("` ")))
    return out


def main() -> int:
    """Print the recall for one language on one tree, and the misses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=sorted(PATTERNS))
    parser.add_argument("trees", type=Path, nargs="+")
    parser.add_argument("--misses", type=int, default=20, help="how many misses to print (20)")
    parser.add_argument("--ctags", action="store_true", help="count only what Universal Ctags has too")
    arguments = parser.parse_args()
    for tree in arguments.trees:
        measure(arguments.language, tree, arguments.misses, arguments.ctags)
    return 0


def ctags_names(path: Path, language: str) -> set[tuple[int, str]]:
    """Return (line, name) of every tag that Universal Ctags finds in a file."""
    option = f"--language-force={CTAGS_NAMES[language]}"
    command = ["ctags", "--options=NONE", option, "--output-format=json", "--fields=+n", "-f", "-", str(path)]
    out = subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")
    tags = set()
    for tag in out.splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            entry = json.loads(tag)
            name = re.split(r"[.:]", entry.get("name", "").strip("()` "))[-1]
            tags.add((entry.get("line", 0), name))
    return tags


def measure(language: str, tree: Path, show: int, with_ctags: bool) -> None:
    """Print one tree's row, and its misses."""
    lines = PATTERNS[language]
    total = files = 0
    misses = []
    for path in sorted(tree.rglob("*")):
        if not path.is_file() or path.suffix not in languages.get(language).extensions:
            continue
        source = path.read_bytes()
        if len(source) > _MAX_BYTES:
            continue
        files += 1
        tags = ctags_names(path, language) if with_ctags else None
        names = _names(extract(source, language, str(path))[1:])
        for line, name in definition_lines(source.decode("utf-8", "replace"), lines):
            if tags is not None and (line, name) not in tags:
                continue
            total += 1
            if not any(lines.anywhere or start <= line <= end for start, end in names.get(name, ())):
                misses.append(f"{path}:{line} {name}")
    found = total - len(misses)
    share = found / total if total else 0.0
    print(f"{language:16} {tree.name:28} {files:6} files {total:7} lines {found:7} found {share:8.2%}")
    for miss in misses[:show]:
        print("   missed", miss)


def _names(symbols: Iterable[Symbol]) -> dict[str, list[tuple[int, int]]]:
    """Return (first line, last line) of the symbols by name, and by the first and last part of a dotted name."""
    names: dict[str, list[tuple[int, int]]] = {}
    for symbol in symbols:
        for name in dict.fromkeys((symbol.name, symbol.name.rpartition(".")[2], symbol.name.partition(".")[0])):
            names.setdefault(name, []).append((symbol.start_line, symbol.end_line))
    return names


if __name__ == "__main__":
    sys.exit(main())
