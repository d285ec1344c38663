#!/usr/bin/env python3
"""Questions whose answers are prose, configuration, constants or notebooks: how often the right unit is in the first 3.

  python benchmarks/text_questions.py --mirror MIRROR --work FOLDER [--embed none] [--json OUT]

MIRROR holds git directories named OWNER+NAME/repo. The 40 questions are about 8 repositories that were used neither for
training nor for fitting. They were written before any answer of codesearch was looked at, from the files alone; the
reason says what was read there. A hit is right if it is in the file, contains the line that begins with the text given,
and is not the whole file. The questions measure; nothing is tuned to them one by one.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

import codesearch

WITHIN = 3
WHOLE_FILE = ("module", "document")


class Question(NamedTuple):
    """A question and the line that its answer contains."""

    text: str
    path: str
    line: str
    """How the line begins, without blanks before it."""
    reason: str


COMMITS = {
    "dokku/dokku": "33896f5d7efc3b03d0ea94934d8413cddbce07fd",
    "App-vNext/Polly": "173d6d1d2e28a4697f1ac1d22da68f77ff19a0c9",
    "catchorg/Catch2": "a6ee7e20cd4011129816df7992c1a9db2ef4b58f",
    "emilk/egui": "97603fc082aa4eecfeb7feccbcb6c2507dffaf28",
    "chartjs/Chart.js": "cb02e1d207bd4c4c40b20c259017f85f26f1e30a",
    "JuliaData/DataFrames.jl": "3924697ea6c02ac186a95b298a4e06b52e881b53",
    "bokeh/bokeh": "8fbd227bd4bfbec550c064def50a35fd8db7934f",
    "dropwizard/dropwizard": "86b652321ef9d20a9d2c958e4938e25008e2aacb",
}

QUESTIONS: dict[str, tuple[Question, ...]] = {
    "dokku/dokku": (
        Question("what are the system requirements for installing dokku", "docs/getting-started/installation/index.md",
                 "## System Requirements", "the section lists the operating systems and the memory"),
        Question("how do I install dokku", "docs/getting-started/installation/index.md",
                 "### 1. Install Dokku", "it downloads and runs the bootstrap script"),
        Question("DOKKU_LIB_ROOT", "dokku", "export DOKKU_LIB_ROOT", "the variable is defined in the main script"),
        Question("makefile target that runs the go tests", "tests.mk", "go-tests:", "the target is named so"),
        Question("build the documentation image", "docs.mk", "docs-build-image:", "the target builds it with Docker"),
    ),
    "App-vNext/Polly": (
        Question("DefaultRetryCount", "src/Polly.Core/Retry/RetryConstants.cs", "public const int DefaultRetryCount",
                 "the constant is defined there"),
        Question("maximum number of hedged attempts constant", "src/Polly.Core/Hedging/HedgingConstants.cs",
                 "public const int MaximumHedgedAttempts", "the constant with this value"),
        Question("explain the concurrency modes of hedging", "docs/strategies/hedging.md", "## Concurrency modes",
                 "the section explains latency, fallback, parallel and dynamic mode"),
        Question("ci job that validates the nuget packages", ".github/workflows/build.yml", "validate-packages:",
                 "the job downloads and validates the packages"),
        Question("DefaultHedgingDelay", "src/Polly.Core/Hedging/HedgingConstants.cs",
                 "public static readonly TimeSpan DefaultHedgingDelay", "the constant is defined there"),
    ),
    "catchorg/Catch2": (
        Question("documentation of automatic test registration with cmake", "docs/cmake-integration.md",
                 "## Automatic test registration", "the section is about it"),
        Question("how to skip a test case at runtime guide", "docs/skipping-passing-failing.md",
                 "## Skipping Test Cases at Runtime", "the section is about the macro SKIP"),
        Question("CATCH_VERSION_MINOR", "src/catch2/catch_version_macros.hpp", "#define CATCH_VERSION_MINOR",
                 "the object macro is defined there"),
        Question("CATCH_INSTALL_EXTRAS", "CMakeLists.txt", "option(CATCH_INSTALL_EXTRAS", "the option of CMake"),
        Question("cmake option to enable the development build", "CMakeLists.txt", "option(CATCH_DEVELOPMENT_BUILD",
                 "its text says that it builds tests and enables warnings"),
    ),
    "emilk/egui": (
        Question("contributing guide: how to use git lfs", "CONTRIBUTING.md", "## Working with git lfs",
                 "the section has the commands"),
        Question("overview of the crates documentation", "ARCHITECTURE.md", "## Crate overview",
                 "the section describes each crate"),
        Question("workflow job cargo-deny", ".github/workflows/rust.yml", "cargo-deny:", "the job has this name"),
        Question("MENU_CONFIG_TAG", "crates/egui/src/containers/menu.rs", "pub const MENU_CONFIG_TAG",
                 "the associated constant is defined there"),
        Question("docs on filing an issue", "CONTRIBUTING.md", "## Filing an issue", "the section is about issues"),
    ),
    "chartjs/Chart.js": (
        Question("how do I install with a script tag", "docs/getting-started/integration.md", "## Script Tag",
                 "the section shows the script element"),
        Question("documentation: parallel rendering with web workers", "docs/general/performance.md",
                 "## Parallel rendering with web workers", "the section is about OffscreenCanvas"),
        Question("RAD_PER_DEG", "src/helpers/helpers.math.ts", "export const RAD_PER_DEG", "it is defined there"),
        Question("npm script autobuild", "package.json", '"autobuild":', "the script runs rollup in watch mode"),
        Question("guide to disable animations for performance", "docs/general/performance.md",
                 "## Disable Animations", "the section says when animations cost time"),
    ),
    "JuliaData/DataFrames.jl": (
        Question("contributing: adding a new docstring", "CONTRIBUTING.md", "## Adding a new docstring to `src/`",
                 "the section says how"),
        Question("style guidelines for contributors", "CONTRIBUTING.md", "## Style Guidelines",
                 "the section lists them"),
        Question("INSERTCOLS_ARGUMENTS", "src/abstractdataframe/abstractdataframe.jl", "const INSERTCOLS_ARGUMENTS",
                 "the constant is defined there"),
        Question("TRANSFORMATION_COMMON_RULES", "src/abstractdataframe/selection.jl",
                 "const TRANSFORMATION_COMMON_RULES", "the constant is defined there"),
        Question("git recommendations for pull requests", "CONTRIBUTING.md",
                 "## Git Recommendations For Pull Requests", "the section lists them"),
    ),
    "bokeh/bokeh": (
        Question("DEFAULT_WEBSOCKET_MAX_MESSAGE_SIZE_BYTES", "src/bokeh/server/tornado.py",
                 "DEFAULT_WEBSOCKET_MAX_MESSAGE_SIZE_BYTES =", "the constant is defined there"),
        Question("default tools of a figure constant", "src/bokeh/plotting/_figure.py", "DEFAULT_TOOLS =",
                 "the constant lists pan, wheel_zoom and others"),
        Question("wavelet decomposition of an image in a notebook",
                 "examples/output/jupyter/push_notebook/Numba Image Example.ipynb",
                 '"def wavelet_decomposition(img, tmp):', "a cell defines the function"),
        Question("notebook gaussian blur with numba",
                 "examples/output/jupyter/push_notebook/Numba Image Example.ipynb",
                 '"## Gaussian Blur', "a Markdown cell with this title explains it"),
        Question("ruff configuration", "pyproject.toml", "[tool.ruff]", "the table of the linter"),
    ),
    "dropwizard/dropwizard": (
        Question("DEFAULT_INDEX_FILE", "dropwizard-assets/src/main/java/io/dropwizard/assets/AssetsBundle.java",
                 "private static final String DEFAULT_INDEX_FILE", "the constant is defined there"),
        Question("OAUTH_ACCESS_TOKEN_PARAM",
                 "dropwizard-auth/src/main/java/io/dropwizard/auth/oauth/OAuthCredentialAuthFilter.java",
                 "public static final String OAUTH_ACCESS_TOKEN_PARAM", "the constant is defined there"),
        Question("manual: testing database interactions", "docs/source/manual/testing.rst",
                 "Testing Database Interactions", "the section is about DAOTest"),
        Question("documentation of testing resources", "docs/source/manual/testing.rst", "Testing Resources",
                 "the section is about ResourceExtension"),
        Question("BASIC_AUTH_SCHEME",
                 "dropwizard-client/src/main/java/io/dropwizard/client/proxy/AuthConfiguration.java",
                 "public static final String BASIC_AUTH_SCHEME", "the constant is defined there"),
    ),
}  # fmt: skip


def checked_out(repository: str, mirror: Path, work: Path) -> Path:
    """Return the tree of a repository at its commit."""
    tree = work / repository.replace("/", "+")
    if not tree.exists():
        git = mirror / repository.replace("/", "+") / "repo"
        done = subprocess.run(
            ["git", f"--git-dir={git}", "archive", COMMITS[repository]], capture_output=True, check=True
        )
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(tree, filter="data")
    return tree


def line_of(tree: Path, question: Question) -> int:
    """Return the number of the line that the answer contains."""
    lines = (tree / question.path).read_text("utf-8").splitlines()
    return 1 + next(at for at, line in enumerate(lines) if line.strip().startswith(question.line))


def rank_of(index: codesearch.Index, question: Question, line: int) -> int:
    """Return the rank of the first right hit, from 1; 0 if it is not among ten."""
    for hit in index.query(question.text, limit=10):
        one = hit.symbol
        if one.path == question.path and one.start_line <= line <= one.end_line and one.kind not in WHOLE_FILE:
            return hit.rank
    return 0


def main() -> None:
    """Ask the questions and print the rank of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--embed", default="lazy")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[tuple[str, str, int]] = []
    for repository, questions in QUESTIONS.items():
        tree = checked_out(repository, arguments.mirror, arguments.work)
        with codesearch.open_index(tree, embed=arguments.embed) as index:
            index.update()
            for question in questions:
                rank = rank_of(index, question, line_of(tree, question))
                rows.append((repository, question.text, rank))
                print(f"{rank or '-':>2}  {repository}: {question.text}", flush=True)
    right = sum(0 < rank <= WITHIN for _, _, rank in rows)
    print(f"{right} of {len(rows)} in the first {WITHIN}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), "utf-8")


if __name__ == "__main__":
    main()
