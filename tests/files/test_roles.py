"""The roles of a file, from its path."""

from __future__ import annotations

import pytest

from codesearch.files import role


@pytest.mark.parametrize(
    "path",
    [
        "tests/helpers.py",
        "pkg/test_io.py",
        "pkg/io_test.go",
        "web/button.spec.ts",
        "web/button.test.tsx",
        "web/__tests__/button.js",
        "go/testdata/x.go",
        "src/test/java/org/x/Parser.java",
        "src/Core/ParserTests.cs",
        "Acme.Core.Tests/Helper.cs",
        "spec/models/user.rb",
        "user_spec.rb",
        "conftest.py",
        "ParserTest.java",
        "TestParser.java",
        "ParserSpec.scala",
        "Parser_test.cc",
        "test/parser_test.exs",
        "t/unit/helpers.py",
        "xt/author.pl",
        "fuzz/src/lib.rs",
        "crates/x/fuzz/fuzz_targets/parse.rs",
        "packages/app_tests/src/run.ts",
        "mockito-integration-tests/src/Run.java",
        "pkgs/ios_test/lib/run.dart",
        "integration_test/support/repo.ex",
        "e2etest/main.go",
        "regression-test/src/Run.kt",
        "socket-v4-test-suite/run.js",
        "okio/testFixtures/Run.java",
        "core/unit_tests/run.c",
        "tests_ada/run.adb",
        "pkg/test-helpers/run.js",
        "db/test_util/run.cc",
        "src/testcases/run.c",
        "testsuite/run.ml",
    ],
)
def test_tests(path):
    assert role(path) == {"test"}


@pytest.mark.parametrize(
    "path",
    [
        "src/parser.py",
        "Latest.java",
        "contest.cs",
        "src/attestation/verify.go",
        "pkg/testify.go",
        "inspector.rb",
        "src/latest/x.ts",
        "spring-test/src/main/java/MockMvc.java",
        "actix-test/src/lib.rs",
        "src/_pytest/fixtures.py",
        "lib/t/translate.js",
        "src/fuzz/search.go",
        "src/attest/run.go",
        "src/contests/x.py",
        "lib/test_all/x.py",
        "src/FluentValidation/TestHelper/Run.cs",
        "internal/moduletest/run.go",
        "src/latest_tester/x.py",
        "src/Contests/X.cs",
        "lib/protest.py",
        "generator.go",
        "core/vendors_list.py",
        "to_string.go",
        "blocking.c",
        "flock.go",
        "a.py",
    ],
)
def test_none(path):
    assert role(path) == frozenset()


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("vendor/github.com/x/y.go", {"vendored"}),
        ("web/node_modules/react/index.js", {"vendored"}),
        ("third_party/zlib/inflate.c", {"vendored"}),
        ("Pods/AFNetworking/AF.m", {"vendored"}),
        ("src/pip/_vendor/rich/text.py", {"vendored"}),
        ("api/v1/service.pb.go", {"generated"}),
        ("api/service_pb2.py", {"generated"}),
        ("lib/model.g.dart", {"generated"}),
        ("pkg/zz_generated.deepcopy.go", {"generated"}),
        ("Form1.Designer.cs", {"generated"}),
        ("examples/hello.py", {"example"}),
        ("docs/conf.py", {"example"}),
        ("benchmarks/run.py", {"example"}),
        ("vendor/x/parser_test.go", {"vendored", "test"}),
        ("examples/tests/x.pb.go", {"example", "test", "generated"}),
    ],
)
def test_other_roles(path, roles):
    assert role(path) == roles
