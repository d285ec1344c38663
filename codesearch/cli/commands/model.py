"""`codesearch model`: list, import, choose, remove and measure embedding models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

import typer

from codesearch.cli import completion, options, settings_file, targets
from codesearch.cli.api_options import ApiOptions
from codesearch.cli.options import ReportFormat, ReportFormatOption
from codesearch.cli.registration import command, group
from codesearch.cli.ui import console
from codesearch.core.errors import CodesearchError, UsageError

app = group("Manage embedding models.")


class PrecisionChoice(str, Enum):
    """Precision of the weights of an imported model."""

    int8 = "int8"
    float32 = "float32"


NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name as shown by `codesearch model list`.",
        autocompletion=completion.models,
    ),
]


@dataclass(frozen=True, slots=True)
class _Listed:
    """One row of the list of models."""

    name: str
    dims: int
    bytes: int
    precision: str
    runs: str
    source: str
    model_id: str
    in_use: bool
    problem: str = ""


@command(app, "list")
def list_models(
    path: options.PathArgument = None,
    format: ReportFormatOption = ReportFormat.text,
) -> int:
    """List installed models and mark the one in use.

    codesearch model list
    codesearch model list --format json
    """
    from dataclasses import asdict

    from codesearch import settings
    from codesearch.cli.ui import render

    chosen = settings.load(targets.root_of(path)).model
    found = list(_listed(chosen))
    if format is ReportFormat.json:
        render.print_json({"model": chosen, "models": [asdict(item) for item in found]}, indent=2)
        return 0
    rows = [("name", "dims", "size", "weights", "source")]
    for item in found:
        facts = str(item.dims), _size(item.bytes), item.precision, item.source
        rows.append(
            (f"{'* ' if item.in_use else '  '}{item.name}", *(("", "", "", item.problem) if item.problem else facts))
        )
    for line in _table([("  " + rows[0][0], *rows[0][1:]), *rows[1:]]):
        console.write(line + "\n")
    if chosen not in [item.name for item in found]:
        console.message(f"the configured model {chosen} is not installed; choose another with `codesearch model use`")
    return 0


@command(app)
def add(
    source: Annotated[str, typer.Argument(metavar="NAME_OR_FOLDER", help="Name on the Hub, or a folder.")],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Local name of the model.", show_default=False)
    ] = "",
    precision: Annotated[
        PrecisionChoice, typer.Option("--precision", metavar="KIND", help="Precision of the weights: int8 or float32.")
    ] = PrecisionChoice.int8,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not access the Hub: use a folder or the Hub's local cache.")
    ] = False,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code", help="Allow running code from the model repository, with all your permissions."
        ),
    ] = False,
    query_prompt: Annotated[
        str | None,
        typer.Option("--query-prompt", metavar="TEXT", help="Prefix for each query.", show_default=False),
    ] = None,
    document_prompt: Annotated[
        str | None,
        typer.Option("--document-prompt", metavar="TEXT", help="Prefix for each function.", show_default=False),
    ] = None,
    *,
    remote: ApiOptions,
) -> int:
    """Import a sentence-transformers model from the Hugging Face Hub or a folder, or add one of a service.

    codesearch model add TaylorAI/gte-tiny
    codesearch model add ~/models/all-MiniLM-L6-v2 --precision float32
    codesearch model add intfloat/e5-small-v2 --query-prompt "query: "
    codesearch model add text-embedding-3-small --api https://api.openai.com/v1

    Importing requires the [models] extra. The model is exported to ONNX and its vectors are checked
    against the original; from then on only onnxruntime is needed. A model that cannot be exported runs
    through sentence-transformers.

    A model of a service (--api) receives no code until you allow it with `codesearch model allow`.
    """
    if remote.api is not None:
        return remote.add(name or source, query_prompt or "", document_prompt or "")
    if remote != ApiOptions():
        raise UsageError("--api-model, --key-env, --dimensions and other options of a service require --api URL")
    from codesearch.embed.manage.importer import ImportRequest, add

    wish = ImportRequest(
        source=source,
        name=name,
        precision=precision.value,
        offline=offline,
        trust_remote_code=trust_remote_code,
        query_prompt=query_prompt,
        document_prompt=document_prompt,
    )
    done = add(wish, console.message)
    config = done.config
    if done.exact is None:
        console.write(f"{config.name}: {config.dims} dims, runs through sentence-transformers ({config.note})\n")
    else:
        near = f"cosine with the original: mean {config.cosine:.4f}, minimum {done.least:.4f}"
        console.write(
            f"{config.name}: {config.dims} dims, {_size(sum(config.sizes.values()))}, {config.precision}, {near}\n"
        )
    console.write(f"To use it: codesearch model use {config.name}\n")
    return 0


@command(app)
def use(
    name: NameArgument,
    path: options.PathArgument = None,
    project: Annotated[
        bool, typer.Option("--project", help="For this project only: write .codesearch.toml at its root.")
    ] = False,
) -> int:
    """Choose the reranking model; `static` turns reranking off.

    codesearch model use gte-tiny
    codesearch model use gte-tiny --project path/to/repo

    Writes `model` to your settings file, or to the project's with --project.
    """
    from codesearch import embed, settings

    model = embed.load(name)
    root = targets.folder_of(path).absolute()
    if path is not None and not project:
        raise UsageError("PATH requires --project")
    file = root / settings.PROJECT_FILE if project else settings.user_file()
    if file is None:
        raise UsageError("there is no home folder for your settings: use --project")
    settings_file.write(file, "model", name)
    console.write(f"{file}: model = {settings_file.literal(name)}\n")
    layers = settings.load_layers(root)
    now = next(item for item in settings.describe(layers) if item.name == "model")
    if now.value != name:
        console.message(f"overridden here by {now.origin}: model = {settings_file.literal(now.value)}")
    if isinstance(model, embed.RemoteEmbedder) and (reason := model.refusal(root)):
        console.message(reason)
    return 0


@command(app)
def remove(name: NameArgument) -> int:
    """Delete an imported model.

    codesearch model remove gte-tiny
    """
    from codesearch import embed, settings
    from codesearch.embed.manage import importer

    layers = settings.load_layers(targets.root_of(None))
    if name not in embed.bundled():
        embed.folder_of(name)
        users = [layer.origins["model"] for layer in layers if layer.values.get("model") == name]
        if users:
            raise CodesearchError(
                f"{name} is in use by {', '.join(users)} and was not removed; "
                "choose another model first with `codesearch model use`"
            )
    folder = importer.remove(name)
    console.write(f"{name}: removed from {folder.parent}\n")
    console.message("indexes keep its vectors until they are rebuilt")
    return 0


@command(app)
def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Models to measure (default: all).", show_default=False),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option("--path", metavar="PATH", help="Folder to take functions from.", show_default=False),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", "-n", min=10, metavar="N", help="Number of functions to embed.")
    ] = 300,
    format: ReportFormatOption = ReportFormat.text,
) -> int:
    """Measure models on functions from a folder: speed, start-up time, memory.

    codesearch model bench
    codesearch model bench static transformer gte-tiny --path path/to/repo
    """
    from dataclasses import asdict

    from codesearch import embed
    from codesearch.cli.ui import render
    from codesearch.embed.manage.measure import measure
    from codesearch.embed.manage.samples import documents

    wanted = names or [name for name in embed.available() if not _is_remote(name)]
    for name in wanted:
        embed.folder_of(name)
        if _is_remote(name):
            raise UsageError(
                f"{name} is a model of a service and is not measured, because your code would be sent there"
            )
    root = targets.root_of(path)
    texts = documents(root, count)
    if not texts:
        raise CodesearchError(f"{root}: no functions to embed; choose another folder with --path")
    found = []
    for name in wanted:
        if console.stderr_is_terminal():
            console.message(f"measuring {name} with {len(texts)} functions")
        found.append(measure(name, texts))
    if format is ReportFormat.json:
        render.print_json({"functions": len(texts), "models": [asdict(one) for one in found]}, indent=2)
        return 0
    rows = [("model", "functions/s", "ms/query", "ms to first", "MB")]
    for one in found:
        memory = "?" if one.memory_mb is None else f"{one.memory_mb:.0f}"
        rows.append((one.name, f"{one.functions_per_second:.0f}", f"{one.query_ms:.1f}", f"{one.load_ms:.0f}", memory))
    for line in _table(rows):
        console.write(line + "\n")
    return 0


# -- the list of models ---------------------------------------------------------------------------


def _is_remote(name: str) -> bool:
    from codesearch import embed

    try:
        return isinstance(embed.load(name), embed.RemoteEmbedder)
    except CodesearchError:
        return False


def _listed(chosen: str) -> Iterator[_Listed]:
    from codesearch import embed
    from codesearch.embed import api
    from codesearch.embed import config as configuration

    bundled = embed.bundled()
    for name in [*bundled, *(name for name in embed.available() if name not in bundled)]:
        folder = embed.folder_of(name)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        try:
            loaded: Any = embed.load(name)
        except CodesearchError as error:
            yield _Listed(name, 0, size, "", "", "", "", name == chosen, str(error))
            continue
        config: configuration.Config | None = getattr(loaded, "config", None)
        entry: api.Entry | None = getattr(loaded, "entry", None)
        yield _Listed(
            name=name,
            dims=loaded.dims,
            bytes=size,
            precision="" if entry else (config.precision if config else "int8"),
            runs="api" if entry else (config.kind if config else "table"),
            source=entry.url if entry else ("bundled" if name in bundled else (config.source if config else "")),
            model_id=loaded.model_id,
            in_use=name == chosen,
        )


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the rows with aligned columns: the first and last to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    numbers = [any(row[column][:1].isdigit() for row in rows[1:]) for column in range(len(widths))]
    for row in rows:
        cells = [
            cell.rjust(width) if number and column > 0 else cell.ljust(width)
            for column, (cell, width, number) in enumerate(zip(row, widths, numbers, strict=True))
        ]
        yield console.clean("  ".join(cells).rstrip())
