"""docs/api.md is complete, and its examples are correct; every name is imported lazily."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import codesearch
from codesearch.core import errors
from codesearch.core.errors import CodesearchError
from tests.support.home import HOUSE

TEXT = (HOUSE / "docs" / "api.md").read_text("utf-8")
ERRORS = [name for name in codesearch.__all__ if name.endswith("Error")]


def sections() -> dict[str, str]:
    """Return the text of each section by the name in its heading, such as `Index.query`."""
    found = re.findall(r"^##+ `([\w.]+)[^\n]*\n(.*?)(?=^##|\Z)", TEXT, re.M | re.S)
    headings = dict(re.findall(r"^##+ `([\w.]+)([^\n]*)", TEXT, re.M))
    return {name: headings[name] + body for name, body in found}


def public(owner: type) -> Iterator[tuple[str, Any]]:
    for name, value in vars(owner).items():
        if not name.startswith("_"):
            yield name, value


def test_every_public_name_has_a_section() -> None:
    known = {*sections(), *re.findall(r"^\| `(\w+)` \|", TEXT, re.M)}
    assert set(codesearch.__all__) - known == {"__version__"}
    assert {name for name in known if "." not in name} <= set(codesearch.__all__), "no section of what is not public"


@pytest.mark.parametrize("name", [name for name, value in public(codesearch.Index) if callable(value)])
def test_every_method_and_its_parameters_are_documented(name: str) -> None:
    section = sections()[f"Index.{name}"]
    for parameter in list(inspect.signature(getattr(codesearch.Index, name)).parameters)[1:]:
        assert re.search(rf"\b{parameter}\b", section), parameter


def test_every_property_of_the_index_is_documented() -> None:
    for name in [name for name, value in public(codesearch.Index) if isinstance(value, property)]:
        assert f"`{name}`" in sections()["Index"], name


@pytest.mark.parametrize("name", [n for n in codesearch.__all__ if dataclasses.is_dataclass(getattr(codesearch, n))])
def test_every_field_of_a_value_is_documented(name: str) -> None:
    fields = [field.name for field in dataclasses.fields(getattr(codesearch, name))]
    assert [field for field in fields if not re.search(rf"`{field}\b", sections()[name])] == []


def test_all_errors_of_the_library_have_one_base() -> None:
    assert len(ERRORS) >= 8
    assert all(issubclass(getattr(codesearch, name), CodesearchError) for name in ERRORS)
    assert [name for name in ERRORS if name not in str(errors.__doc__)] == [], "the tree in core/errors.py"


def test_nothing_is_loaded_before_it_is_used() -> None:
    code = "import sys, codesearch; print([name for name in sys.modules if name.startswith('codesearch')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "['codesearch._version', 'codesearch']"
    assert set(codesearch.__all__) <= set(dir(codesearch))
    for name in codesearch.__all__:
        assert getattr(codesearch, name) is not None


@pytest.mark.usefixtures("private_home")
def test_the_examples_are_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = shutil.copytree(HOUSE / "docs" / "example", tmp_path / "example")
    monkeypatch.chdir(root)
    monkeypatch.setenv("CODESEARCH_CACHE", "false")
    test = doctest.DocTestParser().get_doctest(TEXT, {}, "docs/api.md", None, 0)
    assert len(test.examples) > 12
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test, out=said.append)
    assert result.failed == 0, "".join(said)
