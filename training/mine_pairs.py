#!/usr/bin/env python3
"""Mine (documentation -> function without it) pairs from the repositories of repositories.tsv.

  mine_pairs.py --mirror MIRROR --split train OUT_FOLDER

Writes one OWNER+NAME.jsonl a repository: every function and method outside tests as
{"name", "container", "signature", "body", "path", "language", "query"}: lower-case words, `query` empty where nothing
documents it, or where its documentation tells nothing but its name. The body holds no documentation.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from corpus import repositories, sources

from codesearch import languages
from codesearch.errors import CodesearchError
from codesearch.extract import extract
from codesearch.text import words
from codesearch.types import Symbol

TEST = re.compile(
    r"(^|/)(tests?|testing|spec|specs|__tests__|testdata|fixtures?|examples?|samples?|benchmarks?|docs?)(/|$)"
    r"|_test\.|\.test\.|\.spec\.|Tests?\.\w+$|(^|/)test_[^/]*$",
    re.IGNORECASE,
)
SECTION = re.compile(
    r"@|:param|>>>|```|---|===|# |\.\. |\\\w|(args|arguments|parameters|params|returns|raises|example)s?:", re.I
)
EMPTY = re.compile(r"(see|todo|fixme|deprecated|inheritdoc|copyright|nolint|eslint|note|internal|@|\{@inherit)\b", re.I)
SENTENCE = re.compile(r"(?<=[a-z)`'\"])\.\s+(?=[A-Z])")
MARKUP = re.compile(r"<[^>]+>|\{@\w+\s+([^}]*)\}")
DOCSTRING = re.compile(r'[rRuUbB]{0,2}("""|\'\'\')(.*?)\1', re.DOTALL)
SHORTEST, LONGEST = 4, 40
BODY_WORDS = 300


def question(symbol: Symbol) -> list[str]:
    """Return the words of the first sentence of a symbol's documentation, or [] if it is no description."""
    paragraph: list[str] = []
    for line in MARKUP.sub(r" \1 ", symbol.documentation).strip().splitlines():
        line = line.strip()
        if not line or SECTION.match(line):
            if paragraph:
                break
            continue
        paragraph.append(line)
    text = SENTENCE.split(" ".join(paragraph))[0].replace("`", "").strip().rstrip(".")
    if EMPTY.match(text) or sum(c.isascii() and (c.isalpha() or c == " ") for c in text) < 0.8 * len(text):
        return []
    found = text.split()
    if found and re.sub(r"\W", "", found[0]).lower() == re.sub(r"\W", "", symbol.name).lower():
        found = found[1:]  # Go's "Name does ..."
    if not SHORTEST <= len(found) <= LONGEST:
        return []
    asked = words(" ".join(found))
    return asked if set(asked) - set(words(symbol.name)) else []


def body_of(symbol: Symbol, source: bytes) -> str:
    """Return the source of a symbol; a docstring (or `@doc`) inside it is left out."""
    body = source[symbol.start_byte : symbol.end_byte].decode("utf-8", "replace")
    if symbol.language in ("python", "elixir") and symbol.documentation:
        body = DOCSTRING.sub(" ", body, count=1)
    return body


def main() -> None:
    """Mine every repository of a split that has not been mined yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--split", default="train", choices=["train", "held-out"])
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    suffixes = frozenset(suffix for language in languages.all() for suffix in language.extensions)
    for repository in repositories(options.split):
        target = options.out / (repository.name.replace("/", "+") + ".jsonl")
        if target.exists():
            continue
        rows: list[str] = []
        questions: set[str] = set()
        for path, source in sources(repository, options.mirror, suffixes):
            language = languages.detect(path, source[:4096])
            if language is None or TEST.search(path):
                continue
            try:
                symbols = extract(source, language.name, path, timeout=5)
            except CodesearchError as error:
                print(f"left out {path}: {error!r}", flush=True)
                continue
            for symbol in symbols:
                if symbol.kind not in ("function", "method"):
                    continue
                asked = " ".join(question(symbol))
                if asked in questions:
                    asked = ""  # copied documentation tells functions apart no more
                questions.add(asked)
                row = {
                    "name": " ".join(words(symbol.name)),
                    "container": " ".join(words(symbol.qualname.removesuffix(symbol.name))),
                    "signature": " ".join(words(symbol.signature)),
                    "body": " ".join(words(body_of(symbol, source))[:BODY_WORDS]),
                    "path": path,
                    "language": symbol.language,
                    "query": asked,
                }
                rows.append(json.dumps(row))
        target.write_text("".join(row + "\n" for row in rows))
        print(repository.name, len(rows), len(questions), flush=True)


if __name__ == "__main__":
    main()
