"""`codesearch artifact`: pack an index, share it, and take one that was made elsewhere."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesearch.cli import session, targets
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import DbOption, PathArgument, QuietOption, ReportFormat, ReportFormatOption
from codesearch.cli.registration import command, group
from codesearch.cli.ui import console
from codesearch.core.counts import number
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.artifacts.package import Header

app = group("Pack an index into a file, push it to a place that a team shares, and pull the one that fits.")

RevOption = Annotated[
    str | None,
    typer.Option(
        "--rev", metavar="COMMIT", help="A commit, read from git's objects: no checkout is needed.", show_default=False
    ),
]
SignOption = Annotated[
    str | None,
    typer.Option("--sign", metavar="KEY", help="Sign with this private SSH key (ssh-keygen).", show_default=False),
]
SignersOption = Annotated[
    str | None,
    typer.Option(
        "--signers", metavar="FILE", help="Accept only what one of these SSH keys has signed.", show_default=False
    ),
]
RefOption = Annotated[
    str | None, typer.Option("--ref", metavar="BRANCH", help="Branch (default: the current one).", show_default=False)
]
OutputOption = Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")]
PlaceArgument = Annotated[str, typer.Argument(metavar="PLACE", help="A folder, http(s)://... or s3://BUCKET/PREFIX.")]
FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="An artifact.")]


@command(app)
def key(path: PathArgument = None, rev: RevOption = None, format: ReportFormatOption = ReportFormat.text) -> int:
    """Print the key of the index of a commit, for caches in CI.

    codesearch artifact key
    codesearch artifact key >> "$GITHUB_OUTPUT"

    The key changes with the files and with the format of the index, not with each release of codesearch.
    """
    from codesearch import settings
    from codesearch.artifacts import keys, revision
    from codesearch.cli.ui.render import print_json

    root = targets.root_of(path)
    at = revision.find(root, rev or "HEAD")
    made = keys.format_id(settings.load(root))
    facts = {
        "key": f"codesearch-{made}-{at.tree}",
        "restore-keys": f"codesearch-{made}-",
        "format": made,
        "tree": at.tree,
        "commit": at.commit,
    }
    if format is ReportFormat.json:
        print_json({name.replace("-", "_"): value for name, value in facts.items()}, indent=2)
    else:
        console.write("".join(f"{name}={value}\n" for name, value in facts.items()))
    return FOUND


@command(app)
def pack(
    path: PathArgument = None,
    output: OutputOption = "index.codesearch",
    rev: RevOption = None,
    sign: SignOption = None,
    db: DbOption = None,
    format: ReportFormatOption = ReportFormat.text,
    quiet: QuietOption = False,
) -> int:
    """Write the index of a folder, or of a commit, as one compressed file.

    codesearch artifact pack -o index.codesearch
    codesearch artifact pack --rev v1.2 path/to/bare.git

    The index must be up to date. With --rev, the commit is indexed for this.
    """
    target = Path(output).expanduser()
    header = _packed(targets.root_of(path, db=db), target, rev, sign, db, quiet=quiet)
    if not quiet:
        _tell_unkeyed(header, str(target))
    _print(target, header, format, quiet=quiet)
    return FOUND


@command(app)
def show(file: FileArgument, format: ReportFormatOption = ReportFormat.text) -> int:
    """Show what an artifact is of; it is not unpacked."""
    from codesearch.artifacts import package

    _print(Path(file), package.read_header(Path(file)), format, quiet=False)
    return FOUND


@command(app)
def unpack(
    file: FileArgument,
    output: OutputOption = "index.db",
    signers: SignersOption = None,
    quiet: QuietOption = False,
) -> int:
    """Check an artifact, and write the index in it, to be used with --db, read-only if need be.

    codesearch artifact unpack index.codesearch -o /srv/index.db
    codesearch query --db /srv/index.db --no-update "parse a config file" repo
    """
    from codesearch.artifacts import adoption, signing

    source, target = Path(file).expanduser(), Path(output).expanduser()
    who = ""
    if signers is not None:
        signature = source.with_name(source.name + signing.SUFFIX)
        who = signing.verify(source, signature, Path(signers).expanduser())
    adoption.unpack_for_reading(source, target)
    if not quiet:
        console.message(f"{target}: unpacked and checked" + (f", signed by {who}" if who else ""))
    return FOUND


@command(app)
def push(
    place: PlaceArgument,
    path: PathArgument = None,
    rev: RevOption = None,
    ref: RefOption = None,
    sign: SignOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an artifact that is there already.")] = False,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """Pack the index and store it where others find it, as the latest of a branch.

    codesearch artifact push /mnt/team/codesearch/shop
    codesearch artifact push https://artifacts.example.org/shop --ref main
    codesearch artifact push s3://team-cache/codesearch/shop

    One that is there already is not uploaded again. CODESEARCH_STORE_TOKEN is sent to an http(s) place as bearer token;
    s3:// uses AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL.
    """
    from codesearch.artifacts import revision, sharing

    root = targets.root_of(path, db=db)
    branch = revision.branch(root) if ref is None and rev is None else ref or ""
    with tempfile.TemporaryDirectory(prefix="codesearch-") as folder:
        artifact = Path(folder) / "index.codesearch"
        header = _packed(root, artifact, rev, sign, db, quiet=quiet)
        if not header.key:
            _refuse_unkeyed(root, db)
        fresh = sharing.push(place, artifact, branch, force=force)
    if not quiet:
        latest = f", the latest of {branch}" if branch else ""
        console.message(f"{place}: {header.key}{latest}" + ("" if fresh else " (it was there already)"))
    return FOUND


@command(app)
def pull(
    place: PlaceArgument,
    path: PathArgument = None,
    output: OutputOption = "index.codesearch",
    ref: RefOption = None,
    signers: SignersOption = None,
    quiet: QuietOption = False,
) -> int:
    """Download the artifact that fits a checkout best: of HEAD, else of its nearest ancestor.

    codesearch artifact pull https://artifacts.example.org/codesearch/shop
    codesearch index --from https://artifacts.example.org/shop  pull, and use it

    Exit status: 0, or 2 if there is none.
    """
    from codesearch import settings
    from codesearch.artifacts import sharing

    root, target = targets.root_of(path), Path(output).expanduser()
    allowed = None if signers is None else Path(signers).expanduser()
    found = sharing.pull(place, root, settings.load(root), target, ref=ref or "", signers=allowed)
    if not quiet:
        behind = f", {number(found.behind, 'commit')} before HEAD" if found.behind > 0 else ""
        signed = f", signed by {found.signer}" if found.signer else ""
        console.message(f"{target}: {found.key or place}{behind}{signed}")
    return FOUND


def _packed(root: Path, target: Path, rev: str | None, sign: str | None, db: str | None, *, quiet: bool) -> Header:
    from codesearch.artifacts import packing, signing
    from codesearch.cli.ui.progress import Reporter

    if rev is None:
        with session.opened(root, db=db) as index:
            header = packing.pack(index, target)
    else:
        if db is not None:
            raise UsageError("--rev cannot be combined with --db: the commit gets an index of its own")
        with Reporter(root, quiet=quiet, first=True) as reporter:
            header, _ = packing.pack_commit(root, rev, target, on_progress=reporter.progress)
    if sign is not None:
        signing.sign(target, Path(sign).expanduser())
    return header


def _tell_unkeyed(header: Header, name: str) -> None:
    if not header.key:
        console.message(f"{name}: files differ from HEAD, so it has no key; `index --from {name}` can use it")


def _refuse_unkeyed(root: Path, db: str | None) -> None:
    from codesearch.artifacts import packing

    with session.opened(root, db=db) as index:
        changed = packing.uncommitted(index)
    if not changed:
        raise UsageError(f"{root}: not pushed: there is no git repository with a commit")
    differ = f" and {len(changed) - 1:,} more differ" if len(changed) > 1 else " differs"
    raise UsageError(f"{root}: not pushed: {changed[0]}{differ} from HEAD; commit first, or push a commit with --rev")


def _print(file: Path, header: Header, format: ReportFormat, *, quiet: bool) -> None:
    from codesearch.cli.ui.render import print_json
    from codesearch.cli.ui.reports import size

    packed = file.stat().st_size
    if format is ReportFormat.json:
        value: dict[str, Any] = {"file": str(file), "bytes": packed, **header.as_json()}
        print_json(value, indent=2)
    elif not quiet:
        console.write(f"{console.clean(str(file))}  {size(packed)}, {size(header.size)} unpacked\n")
        rows = [
            ("key", header.key or "none: not the files of a commit"),
            ("commit", header.commit or "none"),
            ("holds", f"{number(header.files, 'file')}, {number(header.symbols, 'symbol')}"),
            *((f"vectors of {model}", f"{count:,}") for model, count in header.vectors.items()),
            ("made by", f"codesearch {header.program}, {header.model}"),
        ]
        for label, text in rows:
            console.write(f"  {console.clean(label):<8} {console.clean(text)}\n")
