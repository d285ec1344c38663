"""Print what an installation of codesearch takes on disk, by package, with version and licence, as Markdown.

    ENVIRONMENT/bin/python .ci/footprint.py

Run it with the interpreter of a fresh environment that holds nothing but codesearch. docs/platforms.md has the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

LEAST = 1.0
"""Packages of fewer megabytes share a row."""
INSTALLERS = {"pip", "setuptools", "wheel"}


def size(distribution: Distribution) -> float:
    """Return the megabytes of a package's files, compiled Python included."""
    files = [Path(str(distribution.locate_file(file))) for file in distribution.files or ()]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def licence(distribution: Distribution) -> str:
    """Return the licence that a package states."""
    fields = [*(distribution.metadata.get_all(name) or () for name in ("License-Expression", "License")), ("",)]
    stated = next(values[0] for values in fields if values)
    if 0 < len(stated) < 80 and "\n" not in stated:
        return re.sub(r" [Ll]icen[cs]e$", "", stated)
    classifiers = distribution.metadata.get_all("Classifier") or ()
    return ", ".join(one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License"))


def rows(found: Iterable[Distribution]) -> list[str]:
    """Return a row per package, the largest first; grammars and small packages are summed up."""
    packages = sorted(found, key=size, reverse=True)
    grammars = [one for one in packages if one.metadata["Name"].startswith("tree-sitter-")]
    others = [one for one in packages if one not in grammars]
    small = [one for one in others if size(one) < LEAST]
    result = [(size(one), f"{one.metadata['Name']} {one.version}", licence(one)) for one in others if one not in small]
    largest = ", ".join(f"{one.metadata['Name'][12:]} {size(one):.0f}" for one in grammars[:4])
    for group, name in ((grammars, f"{len(grammars)} grammars ({largest})"), (small, f"{len(small)} smaller packages")):
        licences = ", ".join(sorted({part for one in group if (part := licence(one))}))
        result.append((sum(map(size, group)), name, licences))
    return [f"| {name} | {megabytes:.0f} | {stated} |" for megabytes, name, stated in sorted(result, reverse=True)]


def main() -> None:
    """Print the table."""
    found = [one for one in distributions() if one.metadata["Name"] not in INSTALLERS]
    print("| package | MB | licence |\n|---|---|---|", *rows(found), sep="\n")
    print(f"| **all** | **{sum(map(size, found)):.0f}** | |")


if __name__ == "__main__":
    main()
