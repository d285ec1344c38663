#!/usr/bin/env python3
"""Mine questions of many kinds with their answers and hard negatives: the groups that the cross-encoder learns from.

  PYTHONPATH=.:benchmarks python training/mine_groups.py --mirror MIRROR --work SCRATCH OUT_FOLDER [NAME ...]

For each training repository, a part of its tree is written to SCRATCH with all documentation blanked and indexed, and
every question is asked there: the best candidates of the fast ranking that do not answer it are its hard negatives.
Writes OUT_FOLDER/OWNER+NAME.functions.jsonl, one symbol per line, its documentation apart from its source, so that a
training can show it with and without; and .groups.jsonl, one question per line:

  {"kind": "how-to", "query": "...", "right": [ids], "wrong": [ids, best first], "rank": of the first right one, or 0}

Kinds from the symbol's own documentation (docs, keywords, how-to, web) must be shown without it. The others come from
elsewhere: half (a name in part), symbol (a name in a sentence), error (a message), commit, issue (a commit with its
body), test (the name of a test), guide (a sentence of the written documentation, its name removed), call (the comment
above a call), title (the file's name), exercise (the instructions of an exercise).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import mine_pairs
from corpus import Repository, repositories
from mined import blank
from question_sources import Question, Row, Tree, key_of, questions, read

import codesearch
from codesearch import embed
from codesearch.core.tokens import beginning
from codesearch.extract.documents import EMBEDDED_DOCUMENTATION, documents
from codesearch.search import parse, query_vector
from codesearch.search.candidates import gather
from codesearch.search.features import compute
from codesearch.search.open_store import with_phrases
from codesearch.search.rank import Ranked, rank
from codesearch.store import Store

WRONG = 20
"""Hard negatives per question."""


def groups(tree: Tree, root: Path, db: Path, asked: Sequence[Question]) -> Iterator[Row]:
    """Yield each question with its right symbols and the best wrong ones of the fast ranking."""
    with codesearch.open_index(root, db=str(db), embed="none", workers=1) as index:
        index.update()
    model = embed.load(embed.STATIC)
    with with_phrases(Store(db), root) as store:
        for kind, text, right in asked:
            try:
                query = parse(text)
            except codesearch.CodesearchError:
                continue
            with store.snapshot():
                found = gather(store, query, query_vector(model, query))
            ranked = rank(query, found, compute(query, found))
            yield group(tree, kind, text, right, ranked)


def group(tree: Tree, kind: str, text: str, right: list[int], ranked: Sequence[Ranked]) -> Row:
    """Return a question as it is written out."""
    wrong: list[int] = []
    place = 0
    for at, item in enumerate(ranked, 1):
        found = (tree.numbers.get(key_of(one.symbol)) for one in (item.candidate, *item.copies))
        numbers = [number for number in found if number is not None]
        if not set(numbers).isdisjoint(right):
            place = place or at
        elif numbers and len(wrong) < WRONG and not answers_too(tree, numbers[0], right, kind, text):
            wrong.append(numbers[0])
    return {"kind": kind, "query": text, "right": right, "wrong": wrong, "rank": place}


def answers_too(tree: Tree, number: int, right: list[int], kind: str, text: str) -> bool:
    """Whether a candidate is no wrong answer: an overload, what contains an answer, or the very place of a comment."""
    item = tree.items[number]
    symbol = item.symbol
    if kind == "call" and " ".join(text.split()) in " ".join(item.source.split()):
        return True
    for other in (tree.items[n].symbol for n in right):
        contains = symbol.start_line <= other.start_line and other.end_line <= symbol.end_line
        if symbol.qualname == other.qualname or (symbol.path == other.path and contains):
            return True
    return False


def function(tree: Tree, number: int, root: Path, texts: dict[str, dict[tuple[str, int, str], str]]) -> Row | None:
    """Return a row of the functions file: the text that is embedded without documentation, and the documentation.

    None if it is not in the tree without documentation, which is rare.
    """
    symbol = tree.items[number].symbol
    if symbol.path not in texts:
        source = (root / symbol.path).read_bytes()
        symbols = mine_pairs.symbols_of(source, symbol.path)
        texts[symbol.path] = {
            key_of(one): document.embedding_text
            for one, document in zip(symbols, documents(symbols, source, symbol.path), strict=True)
        }
    text = texts[symbol.path].get(key_of(symbol))
    if not text:  # read otherwise without its documentation, or a detail
        return None
    name, scope, signature, _, body = text.split("\n", 4)
    return {
        "id": number, "kind": symbol.kind, "name": symbol.name, "words": name, "scope": scope, "signature": signature,
        "documentation": beginning(symbol.documentation, EMBEDDED_DOCUMENTATION), "body": body,
        "path": symbol.path, "language": symbol.language,
    }  # fmt: skip


def mine(repository: Repository, mirror: Path, work: Path, out: Path) -> Counter[str]:
    """Write one repository's functions and groups; return how many questions of each kind."""
    folder = work / repository.name.replace("/", "+")
    shutil.rmtree(folder, ignore_errors=True)
    root = folder / "bare"
    root.mkdir(parents=True)
    tree = read(repository, mirror, root)
    asked = list(questions(tree, repository, mirror))
    blank(root, tree.by_path)
    rows = list(groups(tree, root, folder / "index.db", asked))
    texts: dict[str, dict[tuple[str, int, str], str]] = {}
    used = sorted({number for row in rows for number in (*row["right"], *row["wrong"])})
    name = repository.name.replace("/", "+")
    functions = [found for number in used if (found := function(tree, number, root, texts))]
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in functions)
    (out / f"{name}.functions.jsonl").write_text(text)
    partial = out / f"{name}.groups.partial"
    partial.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    partial.rename(out / f"{name}.groups.jsonl")
    shutil.rmtree(folder)
    return Counter(row["kind"] for row in rows)


def main() -> None:
    """Mine the training repositories that are in the mirror, or those named; what is written already is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--split", default="train", choices=("train", "held-out"))
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for repository in repositories(options.split):
        if options.names and repository.name not in options.names:
            continue
        done = options.out / f"{repository.name.replace('/', '+')}.groups.jsonl"
        if done.exists() or not repository.git(options.mirror).exists():
            continue
        start = time.monotonic()
        try:
            counts = mine(repository, options.mirror, options.work, options.out)
        except subprocess.CalledProcessError as error:
            print("left out", repository.name, error, flush=True)
            continue
        print(f"{repository.name} {time.monotonic() - start:.0f}s", sum(counts.values()), dict(counts), flush=True)


if __name__ == "__main__":
    main()
