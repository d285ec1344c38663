"""Find out on which platforms codesearch installs from wheels, and write the table in docs/platforms.md.

    python .ci/platforms.py            # resolve for each platform and Python version; needs uv and the network
    python .ci/platforms.py --minimal  # only write requirements-minimal.txt again; needs neither

A platform is as `uv pip compile --python-platform` names it. Nothing is installed or run.
"""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
PROJECT = HOUSE / "pyproject.toml"
MINIMAL = HOUSE / "requirements-minimal.txt"
PAGE = HOUSE / "docs" / "platforms.md"

OPTIONAL = ("onnxruntime", "sqlite-vec")
"""Python and numpy do the work of these where they are missing."""
FROM_SOURCE = "watchdog"
"""It has few wheels, but except on macOS it is pure Python, so that pip builds it without a compiler."""

VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    ("Linux x86-64, glibc 2.28 or newer", "x86_64-manylinux_2_28", ""),
    ("Linux ARM64, glibc 2.28 or newer", "aarch64-manylinux_2_28", ""),
    ("Linux x86-64, glibc 2.17", "x86_64-manylinux_2_17", ""),
    ("Alpine Linux (musl) x86-64", "x86_64-unknown-linux-musl", ""),
    ("Alpine Linux (musl) ARM64", "aarch64-unknown-linux-musl", ""),
    ("Linux RISC-V", "riscv64-unknown-linux", ""),
    ("macOS 14 or newer, Apple silicon", "aarch64-apple-darwin", "14.0"),
    ("macOS 13, Apple silicon", "aarch64-apple-darwin", "13.0"),
    ("macOS 13 or newer, Intel", "x86_64-apple-darwin", "13.0"),
    ("Windows x86-64", "x86_64-pc-windows-msvc", ""),
    ("Windows ARM64", "aarch64-pc-windows-msvc", ""),
)
MOST_NAMED = 10
"""More grammars than that are only counted."""
HEADER = """# What codesearch needs at least, for systems where not everything has a wheel (docs/platforms.md):
#     pip install -r requirements-minimal.txt && pip install --no-deps .
# .ci/platforms.py writes this file from pyproject.toml.
"""


def required() -> list[str]:
    """Return the dependencies in pyproject.toml, in order."""
    block = re.search(r"^dependencies = \[\n(.*?)^\]", PROJECT.read_text("utf-8"), re.M | re.S)
    assert block is not None
    return re.findall(r'^ +"([^"]+)",$', block[1], re.M)


def minimal() -> str:
    """Return the content of requirements-minimal.txt."""
    return HEADER + "".join(f"{one}\n" for one in required() if _name(one) not in OPTIONAL)


def _name(requirement: str) -> str:
    return re.split(r"[<>=;! ]", requirement)[0]


def _resolved(platform: str, macos: str, version: str, source: str, *options: str) -> set[str] | None:
    """Return the packages that would be installed, or None if one has no wheel; `source` is a file or a requirement."""
    done = subprocess.run(
        ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:", "--no-binary",
         FROM_SOURCE, "--python", sys.executable, "--python-platform", platform, "--python-version", version, *options,
         source if Path(source).exists() else "-"],
        cwd=HOUSE, input=source, capture_output=True, text=True,
        env={**os.environ, **({"MACOSX_DEPLOYMENT_TARGET": macos} if macos else {})},
    )  # fmt: skip
    if done.returncode and not re.search(r"no (usable |matching )?wheels|No solution", done.stderr):
        sys.exit(f"{platform}, Python {version}: {done.stderr}")
    return None if done.returncode else {line.split("==")[0] for line in done.stdout.splitlines() if "==" in line}


def _cell(platform: str, macos: str, version: str) -> tuple[str, set[str]]:
    """Return what an installation takes, and the direct requirements that it leaves out."""
    names = {_name(one) for one in required()} - {"tomli"}
    for word, source in (("yes", str(PROJECT)), ("minimal", str(MINIMAL))):
        found = _resolved(platform, macos, version, source)
        if found is not None:
            return word, names - found
    lacking = {
        _name(one)
        for one in required()
        if _name(one) not in OPTIONAL and _resolved(platform, macos, version, one, "--no-deps") is None
    }
    return ("no" if lacking & {"numpy", "apsw"} else "compiler"), lacking


def _listed(packages: set[str]) -> str:
    grammars = {one for one in packages if one.startswith("tree-sitter-")}
    if len(grammars) > MOST_NAMED:
        return ", ".join([*sorted(packages - grammars), f"{len(grammars)} grammars"])
    return ", ".join(sorted(packages))


def table() -> str:
    """Resolve everything; return the table as Markdown."""
    rows = [f"| platform | {' | '.join(VERSIONS)} | without |", "|---" * (len(VERSIONS) + 2) + "|"]
    for title, platform, macos in PLATFORMS:
        cells: list[str] = []
        notes: dict[tuple[str, str], list[str]] = {}
        for version in VERSIONS:
            word, lacking = _cell(platform, macos, version)
            cells.append(word)
            notes.setdefault((word, _listed(lacking)), []).append(version)
            print(title, version, word, *sorted(lacking), file=sys.stderr)
        said = [
            ("no wheel of " if word in ("no", "compiler") else "")
            + lacking
            + (f" ({', '.join(versions)})" if len(notes) > 1 else "")
            for (word, lacking), versions in notes.items()
            if lacking
        ]
        rows.append(f"| {title} | {' | '.join(cells)} | {'; '.join(said)} |")
    return "\n".join(rows)


def main() -> None:
    """Write requirements-minimal.txt and, unless only that is wanted, the table."""
    MINIMAL.write_text(minimal(), "utf-8")
    if "--minimal" in sys.argv:
        return
    page = PAGE.read_text("utf-8")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    text = f"<!-- table:begin -->\nResolved on {today} by `python .ci/platforms.py`.\n\n{table()}\n<!-- table:end -->"
    PAGE.write_text(re.sub(r"<!-- table:begin -->.*<!-- table:end -->", lambda _: text, page, flags=re.S), "utf-8")


if __name__ == "__main__":
    main()
