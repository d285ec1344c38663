"""Makes questions without labels: first sentences of documentation, and subjects of commits that changed one file.

For the first, the tree is copied with the documentation of its functions and types blanked: otherwise the answer
would contain the question. Both are chosen by a hash, so that the same code gives the same questions, and a change of
the code changes few of them.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from codesearch.core.errors import CodesearchError, UsageError
from codesearch.core.types import Symbol
from codesearch.extract import sentences
from codesearch.files import FileOptions, Source, discover, read_source, role
from codesearch.quality.blanking import without_documentation
from codesearch.quality.questions import DOCUMENTATION, HISTORY, Question, Target

SHORTEST, LONGEST = 4, 40
"""Maximum number of words of a question made from a sentence."""
LEAST_LINES = 4
"""Minimum length of a function that is asked for: many short ones are alike."""
MOST_COMMITS = 5000
"""Number of commits considered, newest first."""
MOST_PER_FILE = 3
"""Maximum number of questions from history with the same file as answer."""
GIT_SECONDS = 60.0

_EMPTY = re.compile(
    r"(see|todo|fixme|deprecated|inheritdoc|copyright|nolint|eslint|note|internal|@|\{@inherit)\b", re.I
)

_PREFIX = re.compile(r"^(?:\[[^\]]*\]\s*|[\w./*-]{1,40}(?:\([^)]*\))?!?:\s+)+")
"""`fix(parser): `, `[core] `, `net/http: `: such a scope gives the path away."""
_REFERENCE = re.compile(r"\s*\((?:#|gh-|!)\d+\)|\s*(?:closes|fixes|refs?)\s+#\d+|\s*#\d+", re.I)
_CHORE = re.compile(
    r"\b(?:merge[ds]?|revert(?:s|ed)?|bump(?:s|ed)?|release[ds]?|typos?|lint(?:er|ing)?|format(?:ting)?|whitespace|wip"
    r"|changelog|copyright|licen[sc]e|version|upgrade[ds]?|dependenc(?:y|ies)|deps|cleanup|clean up|fixup|squash"
    r"|isort|black|ruff|gofmt|rustfmt|prettier|clippy|pylint|flake8|mypy)\b",
    re.I,
)


def first_sentence(symbol: Symbol) -> str:
    """Return the first sentence of the documentation of a symbol, or "" if that is not a description.

    Left out are sentences that are too short or long, directives, and sentences that contain or only repeat the name.
    """
    text = sentences.first_sentence(symbol.documentation)
    if _EMPTY.match(text) or not sentences.is_prose(text):
        return ""
    found = sentences.words_after_name(text, symbol.name)
    text = " ".join(found)
    if not SHORTEST <= len(found) <= LONGEST:
        return ""
    if len(symbol.name) > 4 and re.search(rf"(?<!\w){re.escape(symbol.name)}(?!\w)", text):
        return ""  # the name gives it away
    return text if _can_be_asked(text) else ""


def _can_be_asked(text: str) -> bool:
    """Return whether a text is a valid query without filters."""
    from codesearch.search import parse

    try:
        return not parse(text).where
    except UsageError:
        return False


def copy_without_documentation(
    root: Path, target: Path, options: FileOptions, progress: Callable[[int, int], None] | None = None
) -> list[Question]:
    """Copy the files of a tree that are indexed, without the documentation of functions and types; return questions.

    There is one question per function, method and type whose documentation is unique, outside tests, vendored,
    generated and example files. `progress` is called with (files done, files).
    """
    found = discover(root, options)
    by_text: dict[str, list[Question]] = defaultdict(list)
    # A file that a walk would leave out may be tracked by git here.
    target.mkdir(parents=True, exist_ok=True)
    (target / ".gitignore").write_text("!node_modules/\n!__pycache__/\n!.venv/\n!.tox/\n!.nox/\n", encoding="utf-8")
    for number, file in enumerate(found.files, 1):
        if progress is not None:
            progress(number, len(found.files))
        source = read_source(root, file.path, options)
        if not isinstance(source, Source):
            continue
        data, symbols, bare = _blanked(source, file.path)
        _write(root, target, file.path, data)
        if role(file.path):
            continue
        for at in bare:
            symbol = symbols[at]
            if symbol.kind in ("module", "test") or symbol.end_line - symbol.start_line + 1 < LEAST_LINES:
                continue
            if text := first_sentence(symbol):
                answer = Target(file.path, symbol.start_line, symbol.end_line, exact=True)
                by_text[text.lower()].append(Question(text, (answer,), DOCUMENTATION, symbol.language, symbol.qualname))
    return [questions[0] for questions in by_text.values() if len(questions) == 1]


def _blanked(source: Source, path: str) -> tuple[bytes, Sequence[Symbol], frozenset[int]]:
    try:
        return without_documentation(source.data, source.language, path.encode("utf-8", "replace").decode())
    except CodesearchError:
        return source.data, (), frozenset()  # not parsed in time, so the index leaves it out too


def _write(root: Path, target: Path, path: str, data: bytes) -> None:
    copy = target / path
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(data)
    if os.access(root / path, os.X_OK):
        copy.chmod(0o755)  # only executables without extension are checked for `#!`


def history(root: Path, options: FileOptions) -> tuple[list[Question], str]:
    """Return (questions, why there are none): subjects of commits that changed a single source file, and that file.

    Tests, documentation and files of unknown languages that changed with it do not count. The file must still exist.
    """
    files = {file.path: file.language for file in discover(root, options).files if not role(file.path)}
    listed, problem = _log(root)
    if problem:
        return [], problem
    found: dict[str, Question] = {}
    ambiguous: set[str] = set()
    per_file: Counter[str] = Counter()
    for subject, paths in listed:
        path = _only_source(paths, files)
        text = question_of(subject, path) if path else ""
        if not text or per_file[path] >= MOST_PER_FILE:
            continue
        key = text.lower()
        if key in found:
            ambiguous.add(key)
            continue
        per_file[path] += 1
        found[key] = Question(text, (Target(path),), HISTORY, files[path])
    return [question for key, question in found.items() if key not in ambiguous], ""


def _only_source(paths: Sequence[str], files: Mapping[str, str]) -> str:
    """Return the only source file among the paths of a commit, or "" if there is none or more than one."""
    sources = [path for path in paths if path in files]
    others = any(path not in files and not role(path) and _is_source(path) for path in paths)
    return sources[0] if len(sources) == 1 and not others else ""


def _is_source(path: str) -> bool:
    """Return whether a file that is gone was source."""
    from codesearch import languages

    return languages.detect(path, b"") is not None


def question_of(subject: str, path: str) -> str:
    """Return the subject of a commit without scope and references, or "" if nothing useful is left."""
    if _CHORE.search(subject):
        return ""
    text = _REFERENCE.sub("", _PREFIX.sub("", subject)).strip().rstrip(".").replace("`", "")
    count = len(text.split())
    stem = Path(path).stem.lower()
    if not SHORTEST <= count <= LONGEST or Path(path).name.lower() in text.lower():
        return ""
    if len(stem) > 4 and re.search(rf"(?<!\w){re.escape(stem)}(?!\w)", text.lower()):
        return ""  # the file's name gives it away
    return text if sentences.is_prose(text) and _can_be_asked(text) else ""


def _log(root: Path) -> tuple[list[tuple[str, list[str]]], str]:
    """Return (subject, paths changed below the root) of the newest commits, or why git does not report them."""
    import subprocess

    from codesearch.files import git

    if git.top_of(os.fsencode(root)) is None:
        return [], "not a git work tree"
    command = ["-c", "log.showSignature=false", "log", "--no-merges", "--no-renames", "--name-only", "--relative", "-z"]
    command += [f"--max-count={MOST_COMMITS}", "--format=%x01%s", "HEAD", "--"]
    try:
        out = git.output(os.fsencode(root), command, timeout=GIT_SECONDS)
    except git.GitUnavailableError as error:
        return [], str(error)
    except subprocess.TimeoutExpired:
        return [], f"git needed more than {GIT_SECONDS:g} s for its log"
    return [_commit(entry) for entry in out.split(b"\x01")[1:]], ""


def _commit(entry: bytes) -> tuple[str, list[str]]:
    subject, _, rest = entry.partition(b"\0")
    paths = [os.fsdecode(path.lstrip(b"\n")) for path in rest.split(b"\0") if path.strip(b"\n")]
    return subject.decode("utf-8", "replace"), paths


def sample(questions: Iterable[Question], count: int, seed: int) -> list[Question]:
    """Return `count` questions, chosen by a hash of each, so that adding or removing one does not change the others."""
    return sorted(questions, key=lambda question: _luck(question, seed))[:count]


def _luck(question: Question, seed: int) -> bytes:
    text = f"{seed}\0{question.text}\0{question.targets[0].path}"
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()


def shares(documented: Sequence[Question], committed: Sequence[Question], count: int, seed: int) -> list[Question]:
    """Return `count` questions, half of each kind if there are enough."""
    half = count // 2
    of_history = min(len(committed), max(half, count - len(documented)))
    return [*sample(documented, count - of_history, seed), *sample(committed, of_history, seed)]
