"""Limits on size and complexity, so that code stays readable."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from radon.complexity import cc_visit_ast
from radon.visitors import Class, Function

from tests.conftest import EDITOR, INTEGRATION, TESTS
from tests.support.home import HOUSE

MODULE_LINES = 450
FUNCTION_LINES = 60
"""Lines of the body; the options in a command's signature are data."""
COMPLEXITY = 15
FOLDERS = ("codesearch", "lsp", "benchmarks", "training")


def _modules() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((HOUSE / folder).rglob("*.py"))


def _functions(blocks: list[Function | Class]) -> Iterator[Function]:
    for block in blocks:
        if isinstance(block, Class):
            yield from block.methods
            yield from _functions(block.inner_classes)
        else:
            yield block


def _bodies(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the name of each function and how many lines it has after its signature."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.body[0].lineno + 1


def _exceeded(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, size) of everything in a module that is above a limit."""
    source = path.read_text("utf-8")
    if "@generated" in source[:400]:
        return
    name = path.relative_to(HOUSE).as_posix()
    if (lines := source.count("\n")) > MODULE_LINES:
        yield name, f"{lines} lines"
    tree = ast.parse(source)
    for function in _functions(cc_visit_ast(tree)):
        if function.complexity > COMPLEXITY:
            yield f"{name}:{function.name}", f"complexity {function.complexity}"
    for function, length in _bodies(tree):
        if length > FUNCTION_LINES:
            yield f"{name}:{function}", f"{length} lines"


def test_modules_and_functions_stay_small():
    found = {what: much for path in _modules() for what, much in _exceeded(path)}
    assert not found, "split these, the limits are in CONTRIBUTING.md"


def test_a_module_that_is_too_long_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.test_house.HOUSE", tmp_path)
    long = "def one(a):\n" + "    a += 1\n" * 61 + "    return a\n"
    branches = "def two(a):\n" + "    if a:\n        pass\n" * 15
    (tmp_path / "module.py").write_text(long + branches + "x = 1\n" * 450)
    assert dict(_exceeded(tmp_path / "module.py")) == {
        "module.py": "544 lines",
        "module.py:one": "62 lines",
        "module.py:two": "complexity 16",
    }
    (tmp_path / "module.py").write_text("# @generated\n" + "x = 1\n" * 900)
    assert not dict(_exceeded(tmp_path / "module.py"))


def test_no_modules_import_each_other_in_a_circle():
    """Lazy and type-only imports count, too: a module must be understandable without the modules above it."""
    import grimp

    graph = grimp.build_graph("codesearch", "codesearch_lsp", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # Remove modules that import none of the remaining ones; only circles and the modules above them remain.
    while free := [module for module, wanted in imports.items() if not wanted & imports.keys()]:
        for module in free:
            del imports[module]
    assert not imports


@pytest.mark.parametrize("path", [*EDITOR, *INTEGRATION])
def test_every_path_in_a_lane_exists(path: str):
    assert (TESTS / path).exists(), "tests/conftest.py lists it"


@pytest.mark.parametrize("module", sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")))
def test_a_module_that_starts_servers_is_not_in_the_unit_lane(module: str):
    if re.search(r"^from tests\.lsp\.client import .*\bClient\b", (TESTS / module).read_text("utf-8"), re.MULTILINE):
        assert {module, Path(module).parts[0]} & {*EDITOR, *INTEGRATION}


def test_the_drawing_of_the_floors_is_the_import_contract():
    reader = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    tool = reader.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["tool"]
    layers = next(one["layers"] for one in tool["importlinter"]["contracts"] if one["type"] == "layers")
    contract = [layer.replace("codesearch.", "").split(" | ") for layer in layers if "_version" not in layer]
    cells = re.findall(r"^│ (.*?)│  ", (HOUSE / "docs" / "architecture.md").read_text("utf-8"), re.MULTILINE)
    assert [[name.strip() for name in cell.split("│")] for cell in cells] == contract


def test_every_test_of_an_editor_is_in_a_lane():
    modules = {path.relative_to(TESTS).as_posix() for path in (TESTS / "editors").glob("test_*.py")}
    assert modules - {*EDITOR, *INTEGRATION} == {"editors/test_languages.py"}, "add the new module to tests/conftest.py"
