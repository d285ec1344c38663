"""Where the questions of mine_groups.py come from: a repository's symbols, messages, tests, guides and commits."""

from __future__ import annotations

import random
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mine_pairs
from corpus import LARGEST_FILE, Repository, is_vendored, sources
from mined import MESSAGE, TELLING, Found, half, in_words, sentence
from pair_rules import comment_question, commit_question, is_test, marked_test, test_question
from question_rules import guide_sentences, how_to, issue, keywords, pasted, title_of, web_search

from codesearch import languages
from codesearch.core.tokens import words
from codesearch.core.types import CALLABLES, MINOR, Symbol

FILES, TEST_FILES = 700, 200
MOST = {
    "docs": 330, "keywords": 100, "how-to": 280, "web": 220, "half": 40, "symbol": 40, "error": 110, "commit": 110,
    "issue": 160, "test": 150, "guide": 160, "call": 70, "title": 40, "exercise": 120,
}  # fmt: skip
"""Questions per kind and repository."""
COMMITS_READ = 300
GUIDES = re.compile(r"\.(md|rst|mdx|adoc)$|(^|/)(CHANGELOG|CHANGES|NEWS|HISTORY)[^/]*$", re.IGNORECASE)
GUIDE_FILES = 150
CALLED = re.compile(
    r"^\s*(?:(?:[\w.]+|const \w+|let \w+|var \w+|\w+ \w+) *:?= *)?(?:await |return |self\.|this\.)*([A-Za-z_]\w{3,})\("
)
COMMENT = re.compile(r"^\s*(?://|#|--)\s+(\S.*)$")


Row = dict[str, Any]
Question = tuple[str, str, list[int]]
"""Kind, text, the numbers of the right symbols."""


@dataclass(slots=True)
class Tree:
    """What was read of a repository: symbols by number, and where they are."""

    items: list[Found]
    by_path: dict[str, list[Found]]
    numbers: dict[tuple[str, int, str], int]
    """By path, first line and name."""
    by_name: dict[str, list[int]]
    tests: list[tuple[list[str], str]]

    def number(self, item: Found) -> int:
        """Return the number of a symbol."""
        return self.numbers[key_of(item.symbol)]


def key_of(symbol: Symbol) -> tuple[str, int, str]:
    """Return what tells a symbol from the others of its tree."""
    return symbol.path, symbol.start_line, symbol.name


def chosen_files(paths: list[str]) -> set[str]:
    """Return the paths that are read: some sources, in whole folders so that neighbours stay together, and tests."""
    chance = random.Random(7)
    chosen: set[str] = set()
    for tested, most in ((False, FILES), (True, TEST_FILES)):
        folders: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            if is_test(path) is tested:
                folders[path.rpartition("/")[0]].append(path)
        names = sorted(folders)
        chance.shuffle(names)
        count = 0
        for name in names:
            if count < most:
                chosen.update(folders[name][: most - count])
                count += len(folders[name])
    return chosen


def is_main(symbol: Symbol) -> bool:
    """Whether questions are asked for a symbol of this kind: sections, fields and the like are found otherwise."""
    return symbol.kind not in MINOR


def read(repository: Repository, mirror: Path, root: Path) -> Tree:
    """Write the chosen sources to `root`, and return their symbols."""
    suffixes = frozenset(suffix for language in languages.all() for suffix in language.extensions)
    tree = Tree([], {}, {}, defaultdict(list), [])
    for path, source in sources(repository, mirror, suffixes, chosen_files):
        tested = is_test(path)
        try:
            source.decode()
        except UnicodeDecodeError:
            continue
        items = []
        for symbol in filter(is_main, mine_pairs.symbols_of(source, path)):
            text = source[symbol.start_byte : symbol.end_byte].decode("utf-8", "replace")
            if tested or marked_test(symbol, text):
                told = test_question(symbol, text)
                if told and text.count("\n") <= mine_pairs.LONGEST_TEST:
                    tree.tests.append((told, text))
                continue
            items.append(Found(symbol, text, sentence(symbol.documentation, symbol.name)))
        if tested or not items:
            continue
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source)
        tree.by_path[path] = items
        for item in items:
            key = key_of(item.symbol)
            if key not in tree.numbers:
                tree.numbers[key] = len(tree.items)
                tree.items.append(item)
                if item.symbol.kind in CALLABLES:
                    tree.by_name[item.symbol.name].append(tree.numbers[key])
    return tree


def from_documentation(tree: Tree) -> Iterator[Question]:
    """Yield questions made of first sentences, each sentence used for one or two kinds."""
    chance = random.Random(3)
    said = Counter(item.sentence.lower() for item in tree.items if item.sentence)
    known = [
        item for item in tree.items
        if item.sentence and said[item.sentence.lower()] == 1 and item.symbol.kind != "module"
        and item.symbol.end_line - item.symbol.start_line >= 2
    ]  # fmt: skip
    chance.shuffle(known)
    for at, item in enumerate(known):
        right, language = [tree.number(item)], item.symbol.language
        if at % 3 == 0:
            yield "docs", item.sentence, right
        elif at % 3 == 1:
            yield "how-to", how_to(item.sentence, chance), right
        else:
            yield "web", web_search(item.sentence, language, chance), right
        if at % 4 == 0:
            yield "keywords", keywords(item.sentence, chance), right


def from_names(tree: Tree) -> Iterator[Question]:
    """Yield names in part, and names within a question."""
    chance = random.Random(5)
    named = Counter(item.symbol.name for item in tree.items)
    alone = [
        i for i in tree.items if named[i.symbol.name] == 1 and len(i.symbol.name) > 4 and i.symbol.kind != "module"
    ]
    chance.shuffle(alone)
    for at, item in enumerate(alone[:200]):
        if at % 2 and len(words(item.symbol.name)) > 1:
            scope = item.symbol.qualname.removesuffix(item.symbol.name)
            yield "half", half(item.symbol.name, scope, chance), [tree.number(item)]
        else:
            yield "symbol", in_words(item.symbol, chance), [tree.number(item)]


def from_messages(tree: Tree) -> Iterator[Question]:
    """Yield messages as they are pasted, with the innermost function that contains them."""
    chance = random.Random(6)
    held: dict[str, list[Found]] = {}
    for item in tree.items:
        if item.symbol.kind in CALLABLES:
            for match in MESSAGE.finditer(item.source):
                text = match[1] or match[2] or ""
                if TELLING.search(text) and text.count(" ") >= 2 and not re.search(r"[<>;=]|\w\(\)", text):
                    held.setdefault(text, []).append(item)
    texts = sorted(held)
    chance.shuffle(texts)
    for text in texts:
        innermost = min(held[text], key=lambda item: len(item.source))
        if all(item.source.count(innermost.source) for item in held[text]):
            yield "error", pasted(text, innermost.symbol.language, chance), [tree.number(innermost)]


def from_commits(tree: Tree, repository: Repository, mirror: Path) -> Iterator[Question]:
    """Yield the subjects of small commits, and some with their body, with the functions they changed."""
    git = ["git", f"--git-dir={repository.git(mirror)}"]
    kept = list(_small_commits(tree, git, repository.commit))
    random.Random(8).shuffle(kept)
    kept.sort(key=lambda one: not one[1])  # those with a body first: they are few
    taken: Counter[str] = Counter()
    for subject, told, changed in kept[: 3 * COMMITS_READ]:
        kind = "issue" if told and taken["issue"] < MOST["issue"] else "commit"
        asked = told if kind == "issue" else " ".join(commit_question(subject)) and subject
        if not asked or taken[kind] >= MOST[kind] or taken.total() > COMMITS_READ:
            continue
        right = [number for one in changed for number in _changed(tree, git, *one)]
        if 1 <= len(right) <= mine_pairs.MOST_FUNCTIONS_CHANGED:
            taken[kind] += 1
            yield kind, asked, right


Changed = list[tuple[str, str, str]]
"""Content before and after, and path, of each file."""


def _small_commits(tree: Tree, git: list[str], revision: str) -> Iterator[tuple[str, str, Changed]]:
    """Yield (subject, text as an issue or "", files changed) of commits that changed one or two of the tree's files."""
    log = mine_pairs.git_text([*git, "log", "--no-merges", "-6000", "--raw", "--no-renames", "--no-abbrev",
                               "--format=%x00%s%x01%b%x02", revision])  # fmt: skip
    for entry in log.split("\0")[1:]:
        message, _, listing = entry.partition("\2")
        subject, _, body = message.partition("\1")
        changed: Changed = []
        for line in filter(None, listing.split("\n")):
            meta, _, path = line.partition("\t")
            _, _, before, after, status = meta.split()
            if path in tree.by_path and status == "M":
                changed.append((before, after, path))
        told = issue(subject, body)
        if 1 <= len(changed) <= 2 and (told or commit_question(subject)):
            yield subject, told, changed


def _changed(tree: Tree, git: list[str], before: str, after: str, path: str) -> list[int]:
    """Return the functions of today that a commit changed, as they were named then."""
    lines = mine_pairs.changed_lines(mine_pairs.git_text([*git, "diff", "-U0", "--no-ext-diff", before, after]))
    if not lines or len(lines) > 12:
        return []
    source = subprocess.run([*git, "cat-file", "blob", after], capture_output=True, check=True).stdout
    if len(source) > LARGEST_FILE:
        return []
    then = [symbol for symbol in mine_pairs.symbols_of(source, path) if symbol.kind in CALLABLES]
    names = {symbol.qualname for symbol in mine_pairs.innermost(then, lines)}
    return [tree.number(i) for i in tree.by_path[path] if i.symbol.qualname in names and i.symbol.kind in CALLABLES]


def from_tests(tree: Tree) -> Iterator[Question]:
    """Yield the names of tests, with the only function that the test both names and calls."""
    rows: dict[str, list[Row]] = {
        name: [{"name": " ".join(words(name)), "container": "", "number": n} for n in numbers]
        for name, numbers in tree.by_name.items()
    }
    for found in mine_pairs.asked_by_tests(tree.tests, rows):
        yield "test", found["query"], [found["number"]]


def from_guides(tree: Tree, repository: Repository, mirror: Path) -> Iterator[Question]:
    """Yield sentences of guides and change logs that name exactly one symbol, without the name."""
    named: dict[str, list[int]] = defaultdict(list)
    for at, item in enumerate(tree.items):
        if item.symbol.kind != "module":
            named[item.symbol.name].append(at)
    asked: Counter[int] = Counter()
    for guide in _guides(repository, mirror):
        for text, code in guide_sentences(guide):
            found = _meant(tree, named, code)
            if len(found) == 1 and asked[found[0]] < 2:
                asked[found[0]] += 1
                yield "guide", text, found


def _guides(repository: Repository, mirror: Path) -> Iterator[str]:
    """Yield the texts of some guides."""
    git = ["git", f"--git-dir={repository.git(mirror)}"]
    paths = mine_pairs.git_text([*git, "ls-tree", "-r", "--name-only", repository.commit]).splitlines()
    guides = [path for path in paths if GUIDES.search(path) and not is_vendored(path)]
    random.Random(9).shuffle(guides)
    for path in guides[:GUIDE_FILES]:
        done = subprocess.run([*git, "cat-file", "blob", f"{repository.commit}:{path}"], capture_output=True)
        if not done.returncode and len(done.stdout) <= 400_000:
            yield done.stdout.decode("utf-8", "replace")


def _meant(tree: Tree, named: dict[str, list[int]], code: str) -> list[int]:
    """Return the symbols that a name in a guide may mean: if there are several, those in the container before it."""
    scope, _, last = re.sub(r"\(.*\)$", "", code.lstrip("~.")).replace("::", ".").replace("#", ".").rpartition(".")
    found = named.get(last, [])
    if len(found) > 1 and scope:
        inside = scope.rpartition(".")[2]
        found = [number for number in found if inside in re.split(r"\W+", tree.items[number].symbol.qualname)]
    return found


def from_calls(tree: Tree) -> Iterator[Question]:
    """Yield comments right above the call of a function whose name is unique."""
    found = []
    for item in tree.items:
        if item.symbol.kind not in CALLABLES:
            continue
        lines = item.source.split("\n")
        for at in range(1, len(lines) - 1):
            said, called = COMMENT.match(lines[at]), CALLED.match(lines[at + 1])
            if not said or not called or COMMENT.match(lines[at - 1]):
                continue
            numbers = tree.by_name.get(called[1], [])
            if len(numbers) == 1 and called[1] != item.symbol.name:
                right = tree.items[numbers[0]].symbol
                if comment_question(said[1], right):
                    found.append(("call", said[1].strip(" ."), numbers))
    random.Random(10).shuffle(found)
    seen: set[int] = set()
    for kind, text, numbers in found:
        if numbers[0] not in seen:
            seen.add(numbers[0])
            yield kind, text, numbers


def from_titles(tree: Tree) -> Iterator[Question]:
    """Yield the titles of files whose main function shares them: for collections of algorithms."""
    chance = random.Random(12)
    for path, items in tree.by_path.items():
        title = title_of(path)
        if not 1 < len(title.split()) <= 6 or "problem" in title or "sol" in title:
            continue
        callables = [item for item in items if item.symbol.kind in CALLABLES and item.symbol.name != "main"]
        own = [i for i in callables if set(words(i.symbol.name)) & set(title.split())] or callables[:1] * (
            len(callables) == 1
        )
        if 1 <= len(own) <= 3:
            language = own[0].symbol.language
            text = chance.choice(
                (
                    title,
                    f"how to implement {title}",
                    f"{title} algorithm",
                    f"{title} in {language}",
                    f"{language} {title}",
                    f"compute the {title}",
                )
            )
            yield "title", text, [tree.number(item) for item in own]


def from_exercises(tree: Tree, repository: Repository, mirror: Path) -> Iterator[Question]:
    """Yield the first paragraph of an exercise's instructions, for the functions of its example solution."""
    git = ["git", f"--git-dir={repository.git(mirror)}"]
    solutions: dict[str, list[Found]] = defaultdict(list)
    for path, items in tree.by_path.items():
        parts = path.split("/")
        if parts[:2] == ["exercises", "practice"]:
            solutions[parts[2]] += [item for item in items if item.symbol.kind in CALLABLES and len(item.source) > 60]
    for name, items in solutions.items():
        text = ""
        for file in ("instructions.md", "introduction.md", "description.md"):
            path = f"exercises/practice/{name}/.docs/{file}"
            done = subprocess.run([*git, "cat-file", "blob", f"{repository.commit}:{path}"], capture_output=True)
            if not done.returncode:
                text = done.stdout.decode("utf-8", "replace")
                break
        paragraphs = [
            " ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip() and part[0] not in "#-`|*["
        ]
        if paragraphs and items:
            right = sorted(items, key=lambda item: -len(item.source))[:3]
            yield "exercise", " ".join(paragraphs)[:400], [tree.number(item) for item in right]


def questions(tree: Tree, repository: Repository, mirror: Path) -> Iterator[Question]:
    """Yield a repository's questions, no text twice, at most MOST of a kind."""
    kinds = [
        from_documentation(tree), from_names(tree), from_messages(tree), from_tests(tree), from_calls(tree),
        from_guides(tree, repository, mirror),
    ]  # fmt: skip
    owner = repository.name.partition("/")[0]
    if owner == "TheAlgorithms":
        kinds.append(from_titles(tree))
    elif owner == "exercism":
        kinds.append(from_exercises(tree, repository, mirror))
    else:
        kinds.append(from_commits(tree, repository, mirror))  # those of collections say "add", "format"
    taken: Counter[str] = Counter()
    seen: set[str] = set()
    most = {kind: 4 * count if owner == "TheAlgorithms" else count for kind, count in MOST.items()}
    for some in kinds:
        for kind, text, right in some:
            if text and taken[kind] < most[kind] and text.lower() not in seen:
                seen.add(text.lower())
                taken[kind] += 1
                yield kind, text, right
