"""Settings in layers: defaults < user file < project file < environment < command options.

Every setting is a field of `Settings` with its rule in `_RULES`; docs/configuration.md describes each.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from codesearch.core import dirs, machine, toml
from codesearch.core.errors import UsageError
from codesearch.core.suggestions import QUOTED, hint

if TYPE_CHECKING:
    from codesearch.files.values import FileOptions

PROJECT_FILE = ".codesearch.toml"
PREFIX = "CODESEARCH_"
"""Prefix of environment variables: `CODESEARCH_LIMIT` sets `limit`."""
OPTION = "option"
"""The origin of a setting that a command line or a program gives."""
_LONGEST_SHOWN = 60
"""Characters of a value that a message shows."""
_NO_SETTINGS = frozenset({"log", "models", "store_token", "database", "token"})
"""Variables with the prefix that are not settings: `codesearch.core.log`, the folder of imported models, a password, a
server's database and a token for it."""

Color = Literal["auto", "always", "never"]
Embed = Literal["lazy", "full", "none"]
Rerank = Literal["none", "fast", "full"]


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults; immutable, checked when loaded."""

    include: tuple[str, ...] = ()
    """Globs in gitignore syntax. If there are any, only files that match one of them are indexed."""
    exclude: tuple[str, ...] = ()
    """Globs in gitignore syntax. Files that match one are not indexed. The globs of all layers add up."""
    languages: tuple[str, ...] = ()
    """Index only these languages; empty means all."""
    max_file_size: int = 1 << 20
    """Bytes; larger files are skipped."""
    index_generated: bool = False
    """Index files that are marked as generated."""
    index_minified: bool = False
    """Index minified files."""
    workers: int = 0
    """Worker processes; 0 means one per core that this process may use."""
    parse_timeout: float = 10.0
    """Seconds of processor time that parsing one file may take."""
    update_budget: float = 5.0
    """Seconds that a query may wait for changed files to be read; it is then answered without the rest."""
    background: bool = True
    """Answer the first query about a large tree from a part of it, and index the rest in the background."""
    low_priority: bool = True
    """Index in the background with low priority; on battery, with one process and without embedding in advance."""
    model: str = "transformer"
    """The reranker model, which reorders the best candidates of the fast ranking; `static` for none."""
    embed: Embed = "lazy"
    """When the reranker embeds the index: as queries need it, all of it in the background, or never (no reranking)."""
    rerank: Rerank = "full"
    """What reorders a question's best answers: the reranker, then the cross-encoder (full), the reranker (fast), or
    nothing (none)."""
    cache: bool = True
    """Share reranker vectors among all indexes of this user."""
    cache_size: int = 512_000_000
    """Size limit of the shared vectors in bytes; the least recently used are deleted first."""
    db: str = ""
    """The index file; empty means `.codesearch/` under the root."""
    limit: int = 10
    """Answers per query."""
    context: int = 5
    """Lines of source shown with each answer."""
    color: Color = "auto"
    """Colours in the terminal."""
    feedback: bool = False
    """Record which answers are opened, beside the index."""
    remote: str = ""
    """The server that `codesearch query` asks; empty for the local index. Only the user may set it, no project."""

    def file_options(self) -> FileOptions:
        """Return the part that decides which files are indexed."""
        from codesearch.files.values import FileOptions

        return FileOptions(
            include=self.include,
            exclude=self.exclude,
            max_file_size=self.max_file_size,
            languages=self.languages,
            index_generated=self.index_generated,
            index_minified=self.index_minified,
        )

    def reading_rules(self) -> str:
        """Return the settings that decide how a listed file is read; if they change, the index is rebuilt."""
        wanted = ",".join(sorted(self.languages)) or "all"
        return f"languages={wanted} generated={self.index_generated} minified={self.index_minified}"

    @property
    def second_stage(self) -> str:
        """The reranker model; "" for none."""
        off = self.rerank == "none" or self.embed == "none" or self.model == "static"
        return "" if off else self.model


NAMES: tuple[str, ...] = tuple(field.name for field in fields(Settings))


@dataclass(frozen=True, slots=True)
class Layer:
    """The checked settings of one source; `origins` says for each where exactly it is set."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    problem: str = ""
    """Why a file that belongs to other programs cannot be used; an error in a file of codesearch is raised."""


@dataclass(frozen=True, slots=True)
class Described:
    """The value of one setting in force, and its origin."""

    name: str
    value: Any
    origin: str


class _Wrong(Exception):
    """A value breaks its rule; the message describes the allowed values, and `near` the one that was probably meant."""

    def __init__(self, allowed: str, *, near: str = "", known: str = "") -> None:
        super().__init__(allowed)
        self.near = near
        self.known = known
        """All that is allowed."""


_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmg]i?)?b?", re.IGNORECASE)


def _size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())):
        size = float(found[1]) * _UNITS[(found[2] or "").lower()]
        if 1 <= size < float("inf"):
            return int(size)
    raise _Wrong('a number of bytes, or a size such as "500kB" or "1MiB"')


def _whole(low: int, high: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value.strip()):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise _Wrong(f"an integer from {low} to {high}")

    return check


def _seconds(value: object) -> float:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]+)?", value.strip()):
        value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 86400:
        return float(value)
    raise _Wrong("a number of seconds above 0")


def _flag(value: object) -> bool:
    if isinstance(value, str):
        value = {"1": True, "true": True, "yes": True, "on": True}.get(
            value.lower(), False if value.lower() in {"0", "false", "no", "off"} else value
        )
    if isinstance(value, bool):
        return value
    raise _Wrong("true or false")


def _is_path(text: str) -> bool:
    """Return whether the file system could know a name: it refuses NUL, and surrogates that stand for no byte."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) and _is_path(item) for item in value):
        return tuple(item for item in value if item)
    raise _Wrong("a list of strings")


def _languages(value: object) -> tuple[str, ...]:
    names = tuple(name.lower() for name in _words(value))
    if names:
        from codesearch import languages

        known = [language.name for language in languages.all()]
        for name in names:
            if name not in known:
                near, listed = hint(name, known, QUOTED), ", ".join(sorted(known))
                raise _Wrong("a list of known languages", near=near, known=f"Known languages: {listed}")
    return names


def _one_of(*allowed: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        raise _Wrong(f"one of {', '.join(allowed)}")

    return check


def _text(value: object) -> str:
    if isinstance(value, (str, os.PathLike)) and (text := os.fspath(value)) and isinstance(text, str):
        if not _is_path(text):
            raise _Wrong("a string without NUL and lone surrogates")
        return text
    raise _Wrong("a non-empty string")


_RULES: dict[str, Callable[[object], Any]] = {
    "include": _words,
    "exclude": _words,
    "languages": _languages,
    "max_file_size": _size,
    "index_generated": _flag,
    "index_minified": _flag,
    "workers": _whole(0, 1024),
    "parse_timeout": _seconds,
    "update_budget": _seconds,
    "background": _flag,
    "low_priority": _flag,
    "model": _text,
    "embed": _one_of("lazy", "full", "none"),
    "rerank": _one_of("none", "fast", "full"),
    "cache": _flag,
    "cache_size": _size,
    "db": _text,
    "limit": _whole(1, 10_000),
    "context": _whole(0, 1000),
    "color": _one_of("auto", "always", "never"),
    "feedback": _flag,
    "remote": _text,
}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def _unusable(where: str, problem: str, known: str) -> UsageError:
    """Return the error for a setting; a caller who gave it as an argument needs no list and no place."""
    end = "" if problem.endswith("?") or not known else "."
    message = f"{where}: {problem}{end} {known}".rstrip()
    return UsageError(message, brief=problem if where == OPTION else f"{where}: {problem}")


def _layer(where: str, raw: Mapping[str, object]) -> Layer:
    """Check the settings of one source; `where` names it in messages."""
    values: dict[str, Any] = {}
    for key, value in raw.items():
        name = key.replace("-", "_")
        rule = _RULES.get(name)
        if rule is None:
            meant = hint(name, NAMES, QUOTED)
            raise _unusable(
                where, f"unknown setting {key!r}{meant}", "" if meant else f"Known settings: {', '.join(NAMES)}"
            )
        try:
            values[name] = rule(value)
        except _Wrong as wrong:
            raise _unusable(where, f"{key} must be {wrong}, not {_shown(value)}{wrong.near}", wrong.known) from None
    return Layer(values, dict.fromkeys(values, where))


def checked(name: str, value: object) -> Any:
    """Return a value for a setting as its rule converts it. Raises UsageError if the name or the value is wrong."""
    return _layer("config", {name: value}).values[name.replace("-", "_")]


def read_file(path: Path) -> dict[str, Any]:
    """Return the content of a settings file, {} if there is none. Raises UsageError if it is not TOML."""
    return toml.read(path) or {}


def user_file() -> Path | None:
    """Return the file of the user's own settings, whether or not it exists; None for a user without a home folder."""
    folder = dirs.config()
    return None if folder is None else folder / "config.toml"


def _user_layer() -> Layer | None:
    if (path := user_file()) is None:
        return None
    table = toml.read(path)
    if table and "db" in table:
        raise UsageError(
            f"{path}: db cannot be set in the user's file, because all projects would share one index; "
            f"set it in {PROJECT_FILE} or {PREFIX}DB"
        )
    return _layer(str(path), table) if table else None


def _project_layers(root: Path) -> list[Layer]:
    pyproject = root / "pyproject.toml"
    own, problem = toml.read_table(pyproject, "tool.codesearch")
    if own is not None and not isinstance(own, dict):
        raise UsageError(f"{pyproject}: tool.codesearch must be a table")
    layers = []
    if problem:
        used = "only its table [tool.codesearch] is used" if own else "its settings are not used"
        layers.append(Layer({}, {}, f"{problem}; {used}"))
    for where, found in (
        (f"{pyproject} [tool.codesearch]", own),
        (str(root / PROJECT_FILE), toml.read(root / PROJECT_FILE)),
    ):
        if found:
            layers.append(_within(_layer(where, found), root))
    return layers


def _within(layer: Layer, root: Path) -> Layer:
    """Return a project's settings within the limits for projects: a repository must not take over its reader's machine.

    `db` is resolved against the root and must lie below it, and `workers` is at most the number of cores. A project
    cannot have opened answers recorded, nor decide what the user's cache keeps of other projects, nor send questions
    and the user's token to a server, nor switch off `low_priority`.
    Raises UsageError if it tries.
    """
    for name, cannot in (
        ("feedback", "cannot be set"),
        ("cache", "can be switched off, not on,"),
        ("cache_size", "cannot be set"),
        ("remote", "cannot be set"),
    ):
        if layer.values.get(name):
            raise UsageError(
                f"{layer.origins[name]}: {name} {cannot} by a project. Set it in your own file: {user_file()}"
            )
    if layer.values.get("low_priority") is False:
        raise UsageError(
            f"{layer.origins['low_priority']}: low_priority can be switched on, not off, by a project. "
            f"Set it in your own file: {user_file()}"
        )
    if (workers := layer.values.get("workers")) is not None:
        layer = replace(layer, values={**layer.values, "workers": min(workers, machine.cores())})
    db = layer.values.get("db")
    if db is None:
        return layer
    top = root.resolve()
    path = (top / db).resolve()
    if top not in path.parents:
        raise UsageError(f"{layer.origins['db']}: db must be below the project's folder, not {db!r}")
    return replace(layer, values={**layer.values, "db": str(path)})


def _environment_layer(environment: Mapping[str, str]) -> Layer | None:
    values: dict[str, Any] = {}
    origins = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or not text:
            continue
        name = variable[len(PREFIX) :].lower()
        if name not in _RULES:
            # Other tools may use the prefix: only a likely typo is an error.
            near = hint(name.upper(), (known.upper() for known in NAMES), PREFIX + "{}", cutoff=0.8)
            if name not in _NO_SETTINGS and near:
                raise UsageError(f"environment: unknown {variable}{near}")
            continue
        where = f"environment {variable}"
        try:
            values[name] = _RULES[name](text)
        except _Wrong as wrong:
            raise _unusable(where, f"must be {wrong}, not {_shown(text)}{wrong.near}", wrong.known) from None
        origins[name] = where
    return Layer(values, origins) if values else None


def load_layers(root: Path, overrides: Mapping[str, object] | None = None) -> tuple[Layer, ...]:
    """Return every layer in force for a project, weakest first; None and empty lists in `overrides` are ignored.

    Raises UsageError if a file cannot be read, a key is unknown, or a value has the wrong type.
    """
    given = {key: value for key, value in (overrides or {}).items() if value is not None and value not in ([], ())}
    layers = [
        _user_layer(),
        *_project_layers(root),
        _environment_layer(os.environ),
        _layer(OPTION, given) if given else None,
    ]
    return tuple(layer for layer in layers if layer is not None)


def merge(layers: Iterable[Layer]) -> Settings:
    """Merge layers over the defaults: later layers win, except that the globs of `exclude` add up."""
    values: dict[str, Any] = {}
    for layer in layers:
        values |= {**layer.values, "exclude": values.get("exclude", ()) + layer.values.get("exclude", ())}
    return Settings(**values)


def problems(layers: Iterable[Layer]) -> tuple[str, ...]:
    """Return the problems of sources that are not used."""
    return tuple(layer.problem for layer in layers if layer.problem)


def load(root: Path, overrides: Mapping[str, object] | None = None) -> Settings:
    """Return the settings in force for a project; see `load_layers` for errors."""
    return merge(load_layers(root, overrides))


def of_user() -> Settings:
    """Return the settings of the user alone, from their file and the environment: no project decides these."""
    return merge(layer for layer in (_user_layer(), _environment_layer(os.environ)) if layer is not None)


def describe(layers: Iterable[Layer]) -> tuple[Described, ...]:
    """Return each setting in force with its origin, in the order of `Settings`."""
    layers = tuple(layers)
    settings = merge(layers)
    described = []
    for name in NAMES:
        origins = [layer.origins[name] for layer in layers if name in layer.values]
        if name != "exclude":
            origins = origins[-1:]
        described.append(Described(name, getattr(settings, name), ", ".join(origins) or "default"))
    return tuple(described)
