"""The role of a file, by its path alone: test, vendored, generated, example. Ranking puts these lower."""

from __future__ import annotations

import re
from functools import lru_cache

_TEST_FOLDERS = frozenset(
    [
        "test",
        "testing",
        "__tests__",
        "__mocks__",
        "spec",
        "specs",
        "fixtures",
        "e2e",
        "commontest",
        "jvmtest",
        "jstest",
        "fuzz_targets",
    ]
)
_TOP_TEST_FOLDERS = frozenset(["t", "xt", "fuzz", "fuzzing"])
"""Tests only as the first folder of a path, as Perl's and git's `t` and cargo's `fuzz` are."""
# What ends in `-test` is often a library for tests (`spring-test`, `actix-test`) and what its users ask for.
_TEST_FOLDER = re.compile(
    r"""(?:
        (?:.*[._-])?(?:tests|test_?suites?|test-suites?|test_?fixtures?|unit[_-]?tests?)
      | tests[._-].* | .*[^_]_test
      | (?:android|e2e|fail|integration|ios|sys)tests?
      | (?:acceptance|android|api|compile|conformance|e2e|end[_-]to[_-]end|fail|func|functional|integration|ios|load
        |module|perf|performance|regression|smoke|stress|sys|system|ui)[_-]tests?
      | test(?:cases?|data|utils?)
      | test[_-](?:apps?|cases?|data|files|fixtures?|harness|helpers?|infra|lib|resources|support|utils?)
    )""",
    re.VERBOSE,
)
_VENDORED_FOLDERS = frozenset(
    [
        "vendor",
        "vendors",
        "vendored",
        "_vendor",
        "_vendored",
        "node_modules",
        "bower_components",
        "third_party",
        "third-party",
        "thirdparty",
        "3rdparty",
        "3rd_party",
        "external",
        "externals",
        "deps",
        "pods",
        "carthage",
        "godeps",
        "site-packages",
        "jspm_packages",
    ]
)
_GENERATED_FOLDERS = frozenset(
    ["dist", "generated", "__generated__", "gen-src", "autogen", "auto_generated", "codegen-out"]
)
_EXAMPLE_FOLDERS = frozenset(
    [
        "example",
        "examples",
        "_example",
        "_examples",
        "sample",
        "samples",
        "demo",
        "demos",
        "doc",
        "docs",
        "doc_src",
        "docs_src",
        "documentation",
        "tutorial",
        "tutorials",
        "benchmark",
        "benchmarks",
        "bench",
        "benches",
        "playground",
        "cookbook",
    ]
)
_TEST_NAME = re.compile(
    r"""^(?:
        tests?_.*\.\w+ | conftest\.py | tests?\.\w+ | setuptests\.[jt]sx?
      | .*[_-](?:unit)?tests?\.\w+ | .*[_-]spec\.\w+
      | .*\.(?:spec|test|tests|e2e|cy)\.\w+
      | .+_test_helper\.rb | spec_helper\.rb | test_helper\.exs? | .*_bench\.\w+
    )$""",
    re.VERBOSE,
)
# Case matters here: `Latest.java` and `contest.cs` are no tests.
_TEST_CAMEL = re.compile(
    r"(?:Tests?|TestCase|Spec|Suite|IT|TestSuite)\.(?:java|kt|kts|cs|swift|scala|groovy|php|m|mm|hs|dart|vb|fs)$|^Test[A-Z]\w*\.(?:java|kt|cs)$"
)
_TEST_CAMEL_FOLDER = re.compile(r"(?<![A-Z])(?:Unit|Integration)?Tests?$")
_GENERATED_NAME = re.compile(
    r"(?:\.pb(?:\.gw)?\.(?:go|cc|h|swift)|_pb2(?:_grpc)?\.pyi?|_pb\.(?:js|d\.ts|rb)|\.(?:g|freezed|gr|mocks)\.dart"
    r"|\.(?:g|g\.i|designer)\.cs|[._-]generated\.\w+|^zz_generated.*|^bindata\.go|\.gen\.\w+|_gen\.go"
    r"|^mock_.*\.go|(?:^|[.-])lock(?:\.json|\.yaml)?|\.tab\.[ch]|\.yy\.c|[.-]min\.(?:js|css))$"
)

_DOCUMENT = re.compile(
    r"\.(?:md|markdown|mdx|mkd|qmd|rmd|rst|rest|adoc|asciidoc|asc|org)$"
    r"|^(?:README|INSTALL|CHANGES|CHANGELOG|NEWS|CONTRIBUTING|HACKING|AUTHORS|LICENSE|COPYING|NOTICE)(?:\.txt)?$",
    re.IGNORECASE,
)
NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=1 << 13)
def _folder_roles(folder: str) -> frozenset[str]:
    roles = set()
    parts = folder.split("/")
    lower = [part.lower() for part in parts]
    if (
        lower[0] in _TOP_TEST_FOLDERS
        or not _TEST_FOLDERS.isdisjoint(lower)
        or any(_TEST_FOLDER.fullmatch(part) for part in lower)
        or any(_TEST_CAMEL_FOLDER.search(part) for part in parts)
    ):
        roles.add("test")
    if not _VENDORED_FOLDERS.isdisjoint(lower):
        roles.add("vendored")
    if not _GENERATED_FOLDERS.isdisjoint(lower):
        roles.add("generated")
    if not _EXAMPLE_FOLDERS.isdisjoint(lower):
        roles.add("example")
    return frozenset(roles) if roles else NONE


def role(path: str) -> frozenset[str]:
    """Return the roles of a file (relative to the root, with `/`): a subset of test, vendored, generated, example, doc.

    Most files have none. `src/main/java/...` and the like do not become tests by a package named `testing`
    only in their name: folders count by their whole name.
    """
    folder, _, name = path.rpartition("/")
    roles = _folder_roles(folder) if folder else NONE
    if _TEST_NAME.match(name.lower()) or _TEST_CAMEL.search(name):
        roles = roles | {"test"}
    if _GENERATED_NAME.search(name.lower()):
        roles = roles | {"generated"}
    if _DOCUMENT.search(name):  # a folder of documents holds no examples then
        roles = roles - {"example"} | {"doc"}
    return roles
