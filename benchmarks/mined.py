#!/usr/bin/env python3
"""Mine queries of many kinds, with answers, from repositories that no benchmark measures and no model was trained on.

    python benchmarks/mined.py --mirror MIRROR OUT_FOLDER [NAME ...]

MIRROR holds git directories named `OWNER+NAME/repo`; benchmarks/mined.tsv lists repository, commit and licence. Each
becomes OUT_FOLDER/OWNER+NAME with `src/` (the tree), `bare/` (the tree with all documentation of symbols blanked, lines
kept) and `queries.jsonl`, one query per line:

    {"kind": "docs", "tree": "bare", "query": "...", "answers": [{"path": "a.py", "start": 3, "end": 9}]}

An answer without `start` is a file. The kinds, each a different way to ask:

- docs: the first sentence of a function's documentation; keywords: three or four words of such a sentence; question:
  such a sentence as "where do we ...". In `bare`, because the documentation itself must not be found.
- name: the whole name of a symbol; symbol: such a name within a sentence; half: part of a name, or its words shortened;
  error: the text of an error message.
- commit: the subject of a commit, for the source files it changed; architecture: the documentation of a class or file;
  topic: three or four words of such documentation.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesearch import languages
from codesearch.core.errors import CodesearchError
from codesearch.core.tokens import words
from codesearch.core.types import CALLABLES, MINOR, Symbol
from codesearch.extract import sentences
from codesearch.extract.symbols import extract

LIST = Path(__file__).with_name("mined.tsv")
MOST = {
    "docs": 60, "keywords": 30, "question": 30, "name": 20, "half": 30, "error": 30, "commit": 50, "architecture": 30,
    "topic": 30, "symbol": 20,
}  # fmt: skip
LARGEST = 500_000
SHORTEST, LONGEST = 5, 40
FEWEST_LINES = 4
COMMITS = 4000
MOST_FILES_CHANGED = 4

TEST = re.compile(
    r"(^|/)(tests?|testing|specs?|__tests__|testdata|fixtures?|examples?|samples?|benchmarks?|docs?|vendor|node_modules"
    r"|third_party|dist)(/|$)|_test\.|\.test\.|\.spec\.|_spec\.|Tests?\.\w+$|(^|/)test_[^/]*$",
    re.IGNORECASE,
)
EMPTY = re.compile(r"(see|todo|fixme|deprecated|inheritdoc|copyright|nolint|eslint|note|internal|licen[cs]e)\b", re.I)
DOCSTRING = re.compile(r"""\A[^"']*?:\s*(?:\#[^\n]*\n\s*)*[rRuUbB]{0,2}(\"{3}|'{3})(.*?)\1""", re.DOTALL)
COMMENT = re.compile(r"\s*(///?|//!|#(?!\s*(if|define|include|endif|else|pragma)|\[)|--|;;|\*|/\*|<!--)")
MESSAGE = re.compile(r'"((?:[^"\\\n]|\\.){18,140})"|\'((?:[^\'\\\n]|\\.){18,140})\'')
TELLING = re.compile(
    r"fail|cannot|can't|could not|couldn't|invalid|error|unable|must|expect|not found|missing|unsupported|unknown"
    r"|already|too (long|many|large)|not allowed|illegal|should|denied|refused|timed? ?out|exceed|no such|requires?",
    re.IGNORECASE,
)
PLACE = re.compile(r"%[-+0-9.]*[a-zA-Z]|\$?\{[^}]*\}|#\{[^}]*\}|\\[a-z]|\$\w+|\\.")
DULL = re.compile(
    r"^(merge|bump|release|version|update dep|changelog|revert|lint|format|prepare|typo|chore|ci|docs?|test|style"
    r"|build)\b"
    r"|typo|release|changelog|readme|copyright|dependabot|whitespace|formatting|v?\d+\.\d+\.\d+",
    re.IGNORECASE,
)
DETERMINER = re.compile(r"(an?|the|all|each|every|any|this|its|one|some|no|new)\b", re.IGNORECASE)
COMMON = frozenset(
    """a an the of to in for and or is are be with that this it its as by on from if which when whether given used
    into not will can has have at any all each whose was then than so such returns return""".split()
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A symbol of the tree, with its source."""

    symbol: Symbol
    source: str
    sentence: str
    """The first sentence of its documentation; "" if it has none."""

    @property
    def place(self) -> Row:
        """Its location, as an answer."""
        return {"path": self.symbol.path, "start": self.symbol.start_line, "end": self.symbol.end_line}


def sentence(documentation: str, name: str) -> str:
    """Return the first sentence of documentation if it describes something without revealing the name."""
    found = sentences.words_after_name(sentences.first_sentence(documentation), name)
    text = " ".join(found)
    given_away = len(name) > 4 and re.search(rf"\b{re.escape(name)}\b", text)
    if not SHORTEST <= len(found) <= LONGEST or not sentences.is_prose(text) or given_away or EMPTY.match(text):
        return ""
    return text


def read(root: Path) -> dict[str, list[Found]]:
    """Return the symbols in the tree's source files outside tests, by path; no constants and the like."""
    found: dict[str, list[Found]] = {}
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root).as_posix()
        data = _source(file, path)
        language = None if data is None else languages.detect(path, data[:4096])
        if data is None or language is None or language.is_text:
            continue
        try:
            symbols = extract(data, language.name, path, timeout=5)
        except CodesearchError as error:
            print(f"left out {path}: {error}", flush=True)
            continue
        found[path] = [
            Found(s, data[s.start_byte : s.end_byte].decode(), sentence(s.documentation, s.name))
            for s in symbols
            if s.kind not in MINOR
        ]
    return found


def _source(file: Path, path: str) -> bytes | None:
    """Return a file of code; None if it is something else, a test, or too large."""
    suffixes = tuple(suffix for language in languages.all() for suffix in language.extensions if not language.is_text)
    if file.is_symlink() or not file.is_file() or not path.endswith(suffixes) or TEST.search(path):
        return None
    data = file.read_bytes()
    return data if len(data) <= LARGEST and b"\0" not in data and _is_utf8(data) else None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def blank(root: Path, found: dict[str, list[Found]]) -> None:
    """Blank the documentation of every symbol in the files of `root`."""
    for path, items in found.items():
        file = root / path
        lines = file.read_bytes().decode().split("\n")
        before = list(lines)
        for item in items:
            if not item.symbol.documentation:
                continue
            top = item.symbol.start_line - 1
            for at in list(_above(lines, top)):  # before anything is blanked, because it reads the text
                lines[at] = ""
            if item.symbol.language in ("python", "elixir") and (docstring := DOCSTRING.match(item.source)):
                first = top + item.source[: docstring.start(1)].count("\n")
                last = top + item.source[: docstring.end()].count("\n")
                if last + 1 < item.symbol.end_line or first > top:
                    lines[first : last + 1] = [""] * (last - first + 1)
        if lines != before:
            file.write_bytes("\n".join(lines).encode())


def _above(lines: list[str], top: int) -> Iterator[int]:
    """Yield the lines of the comment that ends right above line `top` (from 0)."""
    at = top - 1
    last = lines[at].rstrip() if at >= 0 else ""
    if last.endswith(("*/", "-}")):
        yield from _block(lines, at, "/*" if last.endswith("*/") else "{-")
    elif last.strip() == '"""':  # Elixir's @doc
        first = next((line for line in range(at - 1, -1, -1) if '"""' in lines[line]), -1)
        if first >= 0 and re.match(r"\s*@(module|type)?doc\b", lines[first]):
            yield from range(first, at + 1)
    else:
        while at >= 0 and COMMENT.match(lines[at]):
            yield at
            at -= 1


def _block(lines: list[str], last: int, opening: str) -> Iterator[int]:
    """Yield the lines of a block comment, from its last line up to the one that opens it."""
    for at in range(last, -1, -1):
        yield at
        if opening in lines[at]:
            return


def documented(found: dict[str, list[Found]]) -> list[Found]:
    """Return the functions of some length whose first sentence is unique."""
    said = Counter(item.sentence.lower() for items in found.values() for item in items)
    return [
        item
        for items in found.values()
        for item in items
        if item.sentence
        and item.symbol.kind in CALLABLES
        and said[item.sentence.lower()] == 1
        and item.symbol.end_line - item.symbol.start_line + 1 >= FEWEST_LINES
    ]


def keywords(text: str, chance: random.Random) -> str:
    """Return three or four words of a sentence, in order."""
    telling = [word for word in re.findall(r"[A-Za-z][\w-]+", text) if word.lower() not in COMMON]
    if len(telling) < 3:
        return ""
    chosen = sorted(chance.sample(range(len(telling)), min(len(telling), chance.choice((3, 4)))))
    return " ".join(telling[at].lower() for at in chosen)


def question(text: str, chance: random.Random) -> str:
    """Return a sentence such as "Returns the open files" as a question, if it begins with a verb."""
    first, _, rest = text.partition(" ")
    verb = first.lower()
    if not DETERMINER.match(rest) or not verb.isalpha() or verb in COMMON or verb.endswith(("ed", "ing", "ly")):
        return ""
    if verb.endswith("ies"):
        verb = verb[:-3] + "y"
    elif re.search(r"(sh|ch|x|ss|zz)es$", verb):
        verb = verb[:-2]
    elif verb.endswith("s") and not verb.endswith("ss"):
        verb = verb[:-1]
    rest = rest.split(",")[0].split(" if ")[0].rstrip(".")
    return chance.choice((f"where do we {verb} {rest}?", f"how does it {verb} {rest}", f"code that can {verb} {rest}"))


def in_words(item: Symbol, chance: random.Random) -> str:
    """Return a question with a name in it."""
    container = item.qualname.removesuffix(item.name).rstrip(".:#/->")
    ways = [
        f"{item.name} {item.kind}", f"{item.kind} {item.name}", f"{item.name} definition",
        f"{item.name} implementation", f"where is {item.name} defined", f"how does {item.name} work",
        f"what does {item.name} do",
        f"definition of the {item.name} {item.kind}", f"{container} {item.name}" if container else f"the {item.name}",
    ]  # fmt: skip
    return chance.choice(ways)


def half(name: str, container: str, chance: random.Random) -> str:
    """Return a name as a user would remember it in part."""
    parts = words(name)
    if len(parts) < 2:
        return ""
    way = chance.choice(("dropped", "short", "scope", "swapped", "glued"))
    if way == "dropped" and len(parts) > 2:
        parts.pop(chance.randrange(len(parts)))
    elif way == "short":
        parts = [part[: max(3, len(part) - 3)] for part in parts]
    elif way == "scope" and container:
        parts = [*words(container)[-2:], chance.choice(parts)]
    elif way == "swapped":
        parts.reverse()
    else:
        return "".join(
            part if at == 0 else part.capitalize() for at, part in enumerate(parts[: max(2, len(parts) - 1)])
        )
    return " ".join(parts)


def messages(found: dict[str, list[Found]]) -> Iterator[tuple[str, Found]]:
    """Yield (a message as a user would paste it, the function that contains it)."""
    held: dict[str, list[Found]] = {}
    for items in found.values():
        for item in items:
            if item.symbol.kind not in CALLABLES:
                continue
            for match in MESSAGE.finditer(item.source):
                text = match[1] or match[2] or ""
                if TELLING.search(text) and text.count(" ") >= 2 and not re.search(r"[<>;=]|\w\(\)", text):
                    held.setdefault(text, []).append(item)
    for text, holders in held.items():
        innermost = min(holders, key=lambda item: len(item.source))
        if all(item.source.count(innermost.source) for item in holders):
            plain = " ".join(PLACE.sub(" ", text).split())
            if plain.count(" ") >= 2:
                yield plain, innermost


def commits(git: Path, revision: str, paths: set[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield (subject, source files changed) of commits that changed few files."""
    log = subprocess.run(
        ["git", f"--git-dir={git}", "log", "--no-merges", f"-{COMMITS}", "--name-only", "--format=%x00%s", revision],
        capture_output=True, text=True, errors="replace", check=True,
    ).stdout  # fmt: skip
    for entry in log.split("\0")[1:]:
        subject, _, names = entry.partition("\n")
        changed = [name for name in names.split("\n") if name]
        sources = [name for name in changed if name in paths]
        subject = re.sub(r"\s*\(#\d+\)$|^\w+(\([^)]*\))?!?:\s+|#\d+|\[[^]]*\]", "", subject).strip()
        if not 1 <= len(sources) <= MOST_FILES_CHANGED or len(changed) > 8 or DULL.search(subject):
            continue
        if 4 <= len(subject.split()) <= 20 and not any(Path(name).name in subject for name in sources):
            yield subject, sources


def mine(git: Path, revision: str, out: Path) -> Counter[str]:
    """Write one repository's trees and queries; return how many of each kind."""
    for tree in ("src", "bare"):
        (out / tree).mkdir(parents=True)
        archive = subprocess.run(["git", f"--git-dir={git}", "archive", revision], capture_output=True, check=True)
        subprocess.run(["tar", "x", "-C", str(out / tree)], input=archive.stdout, check=True)
    found = read(out / "src")
    blank(out / "bare", found)
    rows = list(queries(found, git, revision))
    (out / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Counter(row["kind"] for row in rows)


def queries(found: dict[str, list[Found]], git: Path, revision: str) -> Iterator[Row]:
    """Yield the queries of a repository, the same ones every time."""
    taken: Counter[str] = Counter()
    topics = random.Random(11)

    def take(kind: str, tree: str, text: str, answers: list[Row]) -> Iterator[Row]:
        if text and taken[kind] < MOST[kind]:
            taken[kind] += 1
            yield {"kind": kind, "tree": tree, "query": text, "answers": answers}

    for candidate in _candidates(found, git, revision):
        for row in take(*candidate):
            yield row
            if row["kind"] == "architecture":
                yield from take("topic", "bare", keywords(row["query"], topics), row["answers"])


Candidate = tuple[str, str, str, list[Row]]
"""Kind, tree, query, answers."""


def _candidates(found: dict[str, list[Found]], git: Path, revision: str) -> Iterator[Candidate]:
    """Yield more queries than needed. They share one random generator, so their order matters."""
    chance = random.Random(7)
    yield from _by_sentence(found, chance)
    yield from _by_name(found, chance)
    pasted = sorted(messages(found), key=lambda pair: pair[0])
    chance.shuffle(pasted)
    for text, item in pasted:
        yield "error", "src", text, [item.place]
    changes = list(commits(git, revision, set(found)))
    chance.shuffle(changes)
    for subject, paths in changes:
        yield "commit", "src", subject, [{"path": path} for path in paths]
    for path in sorted(found, key=lambda path: chance.random()):
        types = [i for i in found[path] if i.sentence and i.symbol.kind not in CALLABLES]
        if types and len(types[0].source) > 800:
            yield "architecture", "bare", types[0].sentence, [{"path": path}]


def _by_sentence(found: dict[str, list[Found]], chance: random.Random) -> Iterator[Candidate]:
    known = documented(found)
    chance.shuffle(known)
    for at, item in enumerate(known):
        if at % 4 < 2:
            yield "docs", "bare", item.sentence, [item.place]
        elif at % 4 == 2:
            yield "keywords", "bare", keywords(item.sentence, chance), [item.place]
        else:
            yield "question", "bare", question(item.sentence, chance), [item.place]


def _by_name(found: dict[str, list[Found]], chance: random.Random) -> Iterator[Candidate]:
    symbols = [item for items in found.values() for item in items if item.symbol.kind != "module"]
    named = Counter(item.symbol.name for item in symbols)
    chance.shuffle(symbols)
    alone = [
        item
        for item in symbols
        if named[item.symbol.name] == 1
        and len(item.symbol.name) > 3
        and item.symbol.end_line - item.symbol.start_line >= 2
    ]
    for item in alone:
        symbol = item.symbol
        if len(words(symbol.name)) > 1 and chance.random() < 0.6:
            scope = symbol.qualname.removesuffix(symbol.name)
            yield "half", "src", half(symbol.name, scope, chance), [item.place]
        else:
            yield "name", "src", symbol.name, [item.place]
    ways = random.Random(13)
    for item in alone:
        yield "symbol", "src", in_words(item.symbol, ways), [item.place]


def main() -> None:
    """Mine the repositories that are listed, or those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    for line in LIST.read_text().splitlines()[1:]:
        name, revision, _ = line.split("\t")
        folder = options.out / name.replace("/", "+")
        if folder.exists() or (options.names and name not in options.names):
            continue
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        counts = mine(options.mirror / name.replace("/", "+") / "repo", revision, partial)
        partial.rename(folder)
        print(name, dict(counts), flush=True)


if __name__ == "__main__":
    main()
