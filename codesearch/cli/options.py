"""Groups of options that several commands share, and the values that result from them.

Every query imports this module. So annotations are not strings, which would have to be compiled again, and groups are
named tuples: making a dataclass takes 0.4 ms, a named tuple 0.05 ms.
"""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from codesearch.cli import completion
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.cli.targets import Tree
    from codesearch.core.filter import Filter


UNCOMMITTED = "HEAD"
"""The commit that a tree is compared with unless one is named: the change is what is not committed."""


class Format(str, Enum):
    """How results are printed."""

    text = "text"
    json = "json"
    ndjson = "ndjson"
    vimgrep = "vimgrep"
    paths = "paths"
    nl = "nl"


class By(str, Enum):
    """What comes first in an answer."""

    file = "file"
    symbol = "symbol"


class ReportFormat(str, Enum):
    """How reports about an index are printed."""

    text = "text"
    json = "json"


class ColorChoice(str, Enum):
    """When to use colours."""

    auto = "auto"
    always = "always"
    never = "never"


class EmbedChoice(str, Enum):
    """When the reranking model embeds code."""

    lazy = "lazy"
    full = "full"
    none = "none"


class RerankChoice(str, Enum):
    """What reorders the best answers."""

    none = "none"
    fast = "fast"
    full = "full"


PathArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PATH",
        help="Folder (default: the current one). Its root is the enclosing git repository, or else the outermost "
        "enclosing folder with an index.",
        show_default=False,
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", "-n", min=1, metavar="N", help="Maximum number of results (10).", show_default=False),
]
ReportFormatOption = Annotated[
    ReportFormat, typer.Option("--format", metavar="FORMAT", help="text or json.", show_default=False)
]
ColorOption = Annotated[
    ColorChoice | None,
    typer.Option("--color", metavar="WHEN", help="auto, always or never.", show_default=False),
]
RootOption = Annotated[
    str | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="Root of the index, even inside another root; an index is created there if needed.",
        show_default=False,
    ),
]
RepoOption = Annotated[
    list[str] | None,
    typer.Option(
        "--repo",
        metavar="NAME",
        help="A repository of `codesearch repo`. `query` also takes a group, `all`, or several.",
        show_default=False,
        autocompletion=completion.repositories,
    ),
]
NoUpdateOption = Annotated[
    bool, typer.Option("--no-update", help="Use the index as it is, without checking for changed files.")
]
DbOption = Annotated[
    str | None,
    typer.Option("--db", metavar="FILE", help="Index file (PATH/.codesearch/index.db).", show_default=False),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only: no progress, no notes.")]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Reranking model; `static` turns reranking off.",
        show_default=False,
        autocompletion=completion.models,
    ),
]

MinScoreOption = Annotated[
    float | None,
    typer.Option(
        "--min-score", min=0.0, max=1.0, metavar="X", help="Omit results with a lower score.", show_default=False
    ),
]
OpenOption = Annotated[
    int | None,
    typer.Option("--open", min=1, metavar="N", help="Open result N in $VISUAL or $EDITOR.", show_default=False),
]


class FilterOptions(NamedTuple):
    """Which symbols are searched."""

    lang: Annotated[
        list[str] | None,
        typer.Option(
            "--lang",
            "-t",
            metavar="LANG",
            help="Only this language; !LANG excludes it. Repeatable.",
            show_default=False,
            autocompletion=completion.languages,
        ),
    ] = None
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only this kind: function, method, class, ... Repeatable.",
            show_default=False,
            autocompletion=completion.kinds,
        ),
    ] = None
    path_filter: Annotated[
        list[str] | None,
        typer.Option(
            "--path",
            "-g",
            metavar="GLOB",
            help="Only matching paths; without wildcards, paths that contain GLOB. Repeatable.",
            show_default=False,
        ),
    ] = None
    name_filter: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="GLOB",
            help="Only matching names; without wildcards, names that contain GLOB. Repeatable.",
            show_default=False,
        ),
    ] = None
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--is",
            metavar="ROLE",
            help="Only test, vendored, generated, example, doc or unused; !ROLE excludes it. Repeatable.",
            show_default=False,
            autocompletion=completion.roles,
        ),
    ] = None
    concept: Annotated[
        list[str] | None,
        typer.Option(
            "--concept",
            metavar="NAME>N",
            help="Only symbols whose score for a concept is above (>, >=) or below (<, <=) N, 0 to 1. Repeatable.",
            show_default=False,
        ),
    ] = None

    def _paths(self, tree: "Tree") -> list[str]:
        if not self.path_filter:
            return []
        from codesearch.cli.targets import from_here

        return [from_here(pattern, tree.root) for pattern in self.path_filter]

    def where(self, tree: "Tree") -> "Filter":
        """Return the filter for a tree; a value after `!` is excluded.

        Raises UsageError for an unknown language, kind or role.
        """
        from codesearch.core.filter import Filter
        from codesearch.search.query import checked, is_negated, placed

        given = (
            ("languages", "--lang", self.lang),
            ("kinds", "--kind", self.kind),
            ("paths", "--path", self._paths(tree)),
            ("names", "--name", self.name_filter),
            ("roles", "--is", self.role),
            ("concepts", "--concept", self.concept),
        )
        values: dict[str, tuple[str, ...]] = {}
        for field, option, wanted in given:
            for value in wanted or ():
                negated = is_negated(field, value)
                found = checked(field, value[negated:], f"{option} {value}".strip())
                key, found = placed(field, found, negated=negated)
                values[key] = (*values.get(key, ()), *found)
        return Filter.of(values)


class ResultOptions(NamedTuple):
    """Which results are shown or opened."""

    limit: LimitOption = None
    min_score: MinScoreOption = None
    by: Annotated[
        By | None,
        typer.Option(
            "--by",
            help="`file`: the best result of each file first; `symbol`: all by score. By default the question decides: "
            "`how are routes registered` is answered by file.",
            show_default=False,
        ),
    ] = None
    explain: Annotated[bool, typer.Option("--explain", help="Explain the rank of each result.")] = False
    open_: OpenOption = None
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch",
            metavar="FILE",
            help="Answer one query per line of FILE (- for stdin), one JSON object per line. Omit TEXT.",
            show_default=False,
        ),
    ] = None
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the whole tree is indexed, even the first time.")] = (
        False
    )


class OutputOptions(NamedTuple):
    """How results are printed."""

    format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text, json, ndjson (one object per line), vimgrep (path:line:column:text), paths, "
            "or nl (place and source, for `llm embed-multi`).",
            show_default=False,
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False
    files: Annotated[
        bool, typer.Option("--files-with-matches", "-l", help="The same as --format paths: only names of files.")
    ] = False
    context: Annotated[
        int | None,
        typer.Option(
            "--context",
            "-C",
            min=0,
            metavar="N",
            help="Lines of source shown per result (5; in lists of symbols 0).",
            show_default=False,
        ),
    ] = None
    snippet: Annotated[
        bool,
        typer.Option(
            "--snippet",
            help="JSON: include the source: all of it, or the number of lines given by --context.",
        ),
    ] = False
    everything: Annotated[
        bool, typer.Option("--all", help="Show all results in full, even weak ones and if they do not fit the screen.")
    ] = False
    color: ColorOption = None

    @property
    def chosen(self) -> Format:
        """The format. Raises UsageError if two are asked for."""
        asked = {
            *([self.format] if self.format is not None else []),
            *([Format.json] if self.json else []),
            *([Format.paths] if self.files else []),
        }
        if len(asked) > 1:
            raise UsageError("use only one of --format, --json and --files-with-matches")
        return asked.pop() if asked else Format.text

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that these options override."""
        return {"context": self.context, "color": value_of(self.color)}


class IndexOptions(NamedTuple):
    """Which index is used, and how quietly."""

    root: RootOption = None
    repo: RepoOption = None
    no_update: NoUpdateOption = False
    db: DbOption = None
    quiet: QuietOption = False

    def tree(self, path: str | None) -> "Tree":
        """Return the tree for PATH and these options; see `targets.tree_of`."""
        from codesearch.cli.targets import tree_of

        return tree_of(path, self.root, self.db, self.repo, quiet=self.quiet)

    def located(self, file: str, path: str | None) -> tuple[Path, str]:
        """Return (root, path below it) of a file; see `targets.located`."""
        from codesearch.cli.targets import located

        return located(file, path, self.root, self.db, self.repo)

    @property
    def update(self) -> bool:
        """Whether to look for changed files first."""
        return not self.no_update


class RerankOptions(NamedTuple):
    """Which model reranks the results, and when it embeds code."""

    model: ModelOption = None
    embed: Annotated[
        EmbedChoice | None,
        typer.Option(
            "--embed",
            metavar="WHEN",
            help="When the reranking model embeds code: lazy (as queries need it), full (everything, in advance) or "
            "none (no reranking).",
            show_default=False,
        ),
    ] = None
    rerank: Annotated[
        RerankChoice | None,
        typer.Option(
            "--rerank",
            metavar="STAGES",
            help="What reorders the best results: full (the reranking model, then the cross-encoder), fast (the model) "
            "or none.",
            show_default=False,
        ),
    ] = None
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Do not use the shared vector cache.")] = False

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that these options override."""
        chosen = {"model": self.model, "embed": value_of(self.embed), "rerank": value_of(self.rerank)}
        return {**chosen, "cache": False if self.no_cache else None}


class FileOptions(NamedTuple):
    """Which files are read, and by how many processes."""

    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="GLOB", help="Index only matching files. Repeatable.", show_default=False),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="GLOB", help="Skip matching files. Repeatable.", show_default=False),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=0,
            metavar="N",
            help="Number of worker processes (default: one per core, fewer if memory is limited).",
            show_default=False,
        ),
    ] = None


class ReportOptions(NamedTuple):
    """How a report about a tree is printed, and whether progress is shown."""

    format: ReportFormatOption = ReportFormat.text
    color: ColorOption = None
    quiet: QuietOption = False

    @property
    def is_json(self) -> bool:
        """Whether it is printed as JSON."""
        return self.format is ReportFormat.json


def number_of(queries: str) -> int | None:
    """Return N of `--queries N`; None if a file is named. Raises UsageError for 0."""
    if not queries.isdecimal():
        return None
    if not int(queries):
        raise UsageError("--queries must be at least 1")
    return int(queries)


def value_of(choice: Enum | None) -> str | None:
    """Return a choice as a value for the settings; None if the option was not given."""
    return None if choice is None else str(choice.value)
