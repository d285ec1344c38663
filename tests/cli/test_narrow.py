"""A narrow terminal: whatever is cut, each result keeps its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.cli.ui import console
from tests.support.command import process, terminal

WIDTHS = [20, 24, 30, 36, 44, 52, 60]


def lines_of(shop: Path, columns: int, *arguments: str) -> list[str]:
    status, said = terminal(*arguments, "-q", cwd=shop, columns=columns, environment={"NO_COLOR": "1"})
    assert status == 0, said
    lines = said.splitlines()
    assert [line for line in lines if console.columns(line) > columns] == []
    return lines


@pytest.fixture(scope="module", autouse=True)
def indexed(shop: Path) -> None:
    process("index", "-q", cwd=shop)


@pytest.mark.parametrize("columns", WIDTHS)
def test_each_result_has_its_name_its_line_and_its_score(shop: Path, columns: int):
    lines = lines_of(shop, columns, "query", "cancel an order")
    said = "\n".join(lines)
    found = process("query", "cancel an order", "--format", "json", cwd=shop).json["results"]
    assert len(found) == 10
    for hit in found:
        name = hit["name"][: columns - 7]
        assert any(name in line for line in lines), (name, said)
        start = next(at for at, line in enumerate(lines) if line.startswith(f"{hit['rank']:>2}  "))
        assert f":{hit['start_line']}" in lines[start]
        assert any(f"{hit['score']:.2f}" in line for line in lines[start : start + 3])


@pytest.mark.parametrize("columns", WIDTHS)
def test_each_matching_line_has_the_name_of_its_symbol(shop: Path, columns: int):
    said = "\n".join(lines_of(shop, columns, "query", "-e", "cancel"))
    for name in ("cancel_order", "can_be_cancelled"):
        assert name[: columns - 7] in said


@pytest.mark.parametrize("columns", WIDTHS)
def test_an_outline_has_the_names(shop: Path, columns: int):
    said = "\n".join(lines_of(shop, columns, "outline", "shop/orders.py"))
    for name in ("State", "PLACED", "Order", "can_be_cancelled", "cancel_order"):
        assert name[: columns - 14] in said
