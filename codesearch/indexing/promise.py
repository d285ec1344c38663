"""Which files are likely to answer a question, found before they are indexed.

The first question about a large tree must not wait for the whole index. So the raw bytes of the files are searched for
the words of the question, and files that hold the rarest of them, close together, are indexed first. Measured by
benchmarks/promise.py.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from codesearch.core.log import Log
from codesearch.files.reading import read_plain
from codesearch.files.roles import role
from codesearch.indexing.task import Task

SCAN_SECONDS = 0.6
"""Time for searching files; those that are not reached are ordered by their paths."""
MOST_WORDS = 16
SHORTEST_WORD, SHORTEST_STEM = 3, 3
WINDOW_BYTES = 1500
"""About the size of a function: words that are so close together count twice."""
MOST_WINDOWED = 800
"""Files, the best by their words, in which it is looked how close the words are."""
MOST_PLACES = 60
"""Places of one word that are looked at in a file."""
MOST_BYTES = 1 << 20
"""Bytes of a file that are searched."""
ASIDE = 0.5
"""The share of their score that tests, prose, examples, generated and vendored files keep: such hits rank below."""
SMALL_BYTES, USUAL_BYTES = 300, 5000
"""A longer file holds more words by chance, and costs more to index: it loses by the logarithm of its size."""

_ENDING = re.compile(rb"(?:ations?|ings?|ies|es|ed|er|s|ly|e)\Z")

log = Log("codesearch.indexing")


@dataclass(slots=True)
class _File:
    """A file, and which words (by number) its path and its text hold."""

    task: Task
    in_path: list[int]
    in_text: list[int]
    score: float = 0.0

    def worth(self, gain: float) -> float:
        """Return what words add to the score."""
        return ASIDE * gain if gain and role(self.task.path) else gain

    def rank(self) -> tuple[bool, float]:
        """Return the sort key: a file that holds a word comes before every file that holds none, however small."""
        return not (self.in_text or self.in_path), -self.score


def by_promise(root: Path, tasks: Iterable[Task], words: Sequence[str], *, seconds: float = SCAN_SECONDS) -> list[Task]:
    """Return the tasks, those first whose files are most likely to answer a question with these words.

    Takes about `seconds` at most. A file that cannot be read is ordered by its path; the update reports it.
    """
    started = time.monotonic()
    stems = _stems(words)
    files = [_File(task, [], []) for task in tasks]
    _search_paths(files, stems)
    files.sort(key=lambda file: -len(file.in_path))  # the most promising paths, if the time is not enough for all
    folder = os.fsencode(root)
    searched = _search(folder, files, stems, started + 0.75 * seconds)
    rarity = _rarity(files[:searched], len(stems))
    for file in files:
        size = math.log(max(file.task.state.size, SMALL_BYTES) / USUAL_BYTES)
        file.score = file.worth(sum(rarity[at] for at in (*file.in_text, *file.in_path))) - size
    files.sort(key=_File.rank)
    for file in files[:MOST_WINDOWED]:
        if time.monotonic() > started + seconds:
            break
        file.score += file.worth(_closest(_read(folder, file.task), stems, rarity))
    files.sort(key=_File.rank)
    log.debug(
        "ordered %d files by %d words in %.0f ms; searched %d",
        len(files), len(stems), 1000 * (time.monotonic() - started), searched,
    )  # fmt: skip
    return [file.task for file in files]


def _stems(words: Iterable[str]) -> list[bytes]:
    """Return the words without their endings, so that `retries` finds `retry_count`."""
    found: dict[bytes, None] = {}
    for word in words:
        text = word.lower().encode("utf-8", "replace")
        stem = _ENDING.sub(b"", text)
        if len(text) >= SHORTEST_WORD:
            found[stem if len(stem) >= SHORTEST_STEM else text] = None
    return list(found)[:MOST_WORDS]


def _search_paths(files: Sequence[_File], stems: Sequence[bytes]) -> None:
    """Find the words in the paths: in all of them as one text, since a look at each would cost more than its search."""
    text = os.fsencode("\0".join(file.task.path for file in files)).lower() + b"\0"
    for at, stem in enumerate(stems):
        number = end = 0
        while (place := text.find(stem, end)) >= 0:
            number += text.count(b"\0", end, place)
            files[number].in_path.append(at)
            end = text.index(b"\0", place)


def _search(folder: bytes, files: Sequence[_File], stems: Sequence[bytes], until: float) -> int:
    """Find the words in the files' texts, and return how many files there was time for."""
    for number, file in enumerate(files):
        if time.monotonic() > until:
            return number
        text = _read(folder, file.task)
        file.in_text = [at for at, stem in enumerate(stems) if stem in text]
    return len(files)


def _read(folder: bytes, task: Task) -> bytes:
    try:
        return read_plain(folder + b"/" + os.fsencode(task.path), MOST_BYTES).lower()
    except OSError:
        return b""


def _rarity(files: Sequence[_File], stems: int) -> list[float]:
    """Return the inverse document frequency of each word."""
    counts = Counter(at for file in files for at in file.in_text)
    return [math.log((len(files) + 1) / (counts[at] + 1)) for at in range(stems)]


def _closest(text: bytes, stems: Sequence[bytes], rarity: Sequence[float]) -> float:
    """Return the most that the words within a window add up to; neighbouring windows count half."""
    windows = [0.0] * (len(text) // WINDOW_BYTES + 2)
    for stem, weight in zip(stems, rarity, strict=True):
        place = text.find(stem)
        for _ in range(MOST_PLACES):
            if place < 0:
                break
            window = place // WINDOW_BYTES
            windows[window] += weight
            place = text.find(stem, (window + 1) * WINDOW_BYTES)
    return max(here + following / 2 for here, following in pairwise(windows))
