"""What a comparison of a tree with its index says."""

from __future__ import annotations

from pathlib import Path

from codesearch.indexing.plan import plan
from codesearch.settings import Settings


def test_the_common_languages_of_a_new_tree_come_first_the_commonest(tmp_path: Path):
    names = [*(f"m{number}.py" for number in range(10)), *(f"m{number}.go" for number in range(20)), "rare.rs"]
    for name in names:
        (tmp_path / name).write_text("\n")
    assert plan(tmp_path, None, Settings()).languages == ("go", "python")
