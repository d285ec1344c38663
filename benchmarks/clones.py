"""How many copies of functions are found, and how many reported pairs are none, beside jscpd.

    python benchmarks/clones.py [--jscpd "npx jscpd"] [--functions N] PATH...

Takes functions at random from each indexed tree and makes a tree of one file per function, with four copies of each, by
these rules:

- exact: the same tokens; other indentation, a blank line and a comment after every third line.
- renamed: every name that is not behind a dot gets another one, everywhere; numbers and strings change.
- edited: of each six lines, one that is a whole statement is deleted, or followed by a statement of another function.
- both: renamed and edited.

A copy is found if a chain of reported pairs leads from it to its function. A reported pair is right if both are of the
same function, so what the trees themselves contain twice counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shlex
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from codesearch import open_index
from codesearch.atlas import clones
from codesearch.atlas.lexing import KEYWORDS

RULES = ("exact", "renamed", "edited", "both")
ENDINGS = {"python": "py", "go": "go", "javascript": "js", "typescript": "ts", "c": "c", "rust": "rs", "java": "java"}
COMMENT = {"python": "#"}
RESERVED = KEYWORDS | set(
    """
    abstract as bool byte char default del double error extern final float float64 global go goto include int int32
    int64 internal long loop match mod mut nonlocal None of operator override package range rune self short signed
    sizeof str string super template then type typedef union unsafe unsigned use using val virtual volatile where with
    """.split()
)
"""Words that are never renamed."""
_WORD = re.compile(r"(?<![\w.$])[A-Za-z_]\w*|(?<![\w.])\d+\b|\"[^\"\\\n]*\"|'[^'\\\n]{2,}'")
_WHOLE = re.compile(r"^\s+[\w.\[\]]+(?: :?= |\()[^{}]*[);\w\]]$")


def sampled(paths: Sequence[str], count: int, chance: random.Random) -> list[tuple[str, list[str]]]:
    """Return (language, lines) of functions of 10 to 60 lines."""
    found = []
    for path in paths:
        with open_index(path) as index:
            listed = [
                one
                for one in index.symbols()
                if one.language in ENDINGS and one.kind == ("method" if one.language == "java" else "function")
                and 10 <= one.end_line - one.start_line <= 60
            ]  # fmt: skip
            some = chance.sample(listed, min(count, len(listed)))
            found += [(one.language, list(index.source(one)[1])) for one in some]
    return found


def renamed(lines: Sequence[str]) -> list[str]:
    """Return a function with other names and values."""
    names: dict[str, str] = {}

    def other(found: re.Match[str]) -> str:
        word = found[0]
        if word[0] in "\"'":
            return f"{word[0]}other {len(word)}{word[0]}"
        if word.isdigit():
            return str(int(word) + 1)
        return word if word in RESERVED else names.setdefault(word, f"renamed{len(names)}")

    return [_WORD.sub(other, line) for line in lines]


def edited(lines: Sequence[str], statements: Sequence[str], chance: random.Random) -> list[str]:
    """Return a function with one change per six lines."""
    found = list(lines)
    for start in range(len(lines) - len(lines) % 6, -1, -6):
        whole = [at for at in range(max(1, start), min(start + 6, len(lines) - 1)) if _WHOLE.match(lines[at])]
        if not whole:
            continue
        at = chance.choice(whole)
        if chance.random() < 0.5:
            del found[at]
        else:
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            found.insert(at + 1, indent + chance.choice(statements).strip())
    return found


def spaced(lines: Sequence[str], language: str) -> list[str]:
    """Return the same tokens with other blanks and with comments."""
    found = []
    for at, line in enumerate(lines):
        found.append(line.replace("    ", "  ").replace("\t", "  ") if language != "python" else line)
        if at % 3 == 2 and line.rstrip()[-1:] in ";}":
            found += ["", f"{COMMENT.get(language, '//')} step {at}"]
    return found


def made(folder: Path, functions: Sequence[tuple[str, list[str]]], chance: random.Random) -> None:
    """Write the tree: NUMBER-RULE.ENDING."""
    statements: dict[str, list[str]] = defaultdict(list)
    for language, lines in functions:
        statements[language] += [line for line in lines[1:] if _WHOLE.match(line)]
    for number, (language, lines) in enumerate(functions):
        some = statements[language] or ["x = 1"]
        copies = {
            "original": lines,
            "exact": spaced(lines, language),
            "renamed": renamed(lines),
            "edited": edited(lines, some, chance),
            "both": renamed(edited(lines, some, chance)),
        }
        for rule, text in copies.items():
            body = "\n".join(text) + "\n"
            if language == "java":
                body = f"class Holder{number}{rule.title()} {{\n{body}}}\n"
            (folder / f"{number}-{rule}.{ENDINGS[language]}").write_text(body, "utf-8")


Pairs = set[tuple[str, str]]


def ours(folder: Path) -> Pairs:
    """Return the pairs of files in which codesearch finds clones."""
    with open_index(folder) as index:
        index.update()
        found = clones.clones(index)
    pairs: Pairs = set()
    for group in found.groups:
        first, *others = (member.symbol.path for member in group.members)
        pairs.update((first, other) for other in others if other != first)
    return pairs


def theirs(folder: Path, command: Sequence[str], *options: str) -> Pairs:
    """Return the pairs of files in which jscpd finds clones."""
    with tempfile.TemporaryDirectory() as out:
        run = [*command, str(folder), "--reporters", "json", "--output", out, "--silent", "--absolute", *options]
        subprocess.run(run, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        report = json.loads((Path(out) / "jscpd-report.json").read_text("utf-8"))
    sides = ((one["firstFile"]["name"], one["secondFile"]["name"]) for one in report["duplicates"])
    return {(Path(a).name, Path(b).name) for a, b in sides if Path(a).name != Path(b).name}


def row(name: str, pairs: Pairs, functions: Sequence[tuple[str, list[str]]], seconds: float) -> str:
    """Return one row of the table: the share that is found by each rule, and the share of pairs that is right."""
    near: dict[str, set[str]] = defaultdict(set)
    for a, b in pairs:
        near[a].add(b)
        near[b].add(a)
    shares = []
    for rule in RULES:
        hits = 0
        for number, (language, _) in enumerate(functions):
            ending = ENDINGS[language]
            hits += f"{number}-{rule}.{ending}" in reached(f"{number}-original.{ending}", near)
        shares.append(f"{hits / len(functions):.2f}")
    right = sum(a.split("-")[0] == b.split("-")[0] for a, b in pairs)
    return f"| {name} | {' | '.join(shares)} | {right / max(1, len(pairs)):.2f} | {len(pairs):,} | {seconds:.1f} s |"


def reached(start: str, near: dict[str, set[str]]) -> Iterable[str]:
    """Return what chains of pairs lead to."""
    found, waiting = {start}, [start]
    while waiting:
        fresh = near[waiting.pop()] - found
        found |= fresh
        waiting += fresh
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--functions", type=int, default=30, metavar="N", help="functions per tree")
    parser.add_argument("--jscpd", default="", metavar="CMD", help="command that runs jscpd")
    options = parser.parse_args()
    chance = random.Random(18)
    functions = sampled(options.paths, options.functions, chance)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made(folder, functions, chance)
        print(f"{len(functions)} functions, {len(RULES)} copies of each\n")
        print(f"| | {' | '.join(RULES)} | precision | pairs | time |\n|---|--:|--:|--:|--:|--:|--:|--:|")
        start = time.perf_counter()
        print(row("codesearch", ours(folder), functions, time.perf_counter() - start), flush=True)
        for mode in ("mild", "weak") if options.jscpd else ():
            start = time.perf_counter()
            pairs = theirs(folder, shlex.split(options.jscpd), "--mode", mode)
            print(row(f"jscpd, {mode}", pairs, functions, time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
