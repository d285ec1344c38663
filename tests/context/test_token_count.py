"""The estimate of tokens is near what a real tokenizer counts."""

from __future__ import annotations

import pytest

from codesearch.context.token_count import count, estimate
from tests.support.home import HOUSE

TEXTS = {
    "source in a dozen languages": ("tests/golden/tree", "**/*"),
    "Python": ("codesearch", "**/*.py"),
    "definitions in all languages": ("tests/languages/cases", "**/*"),
    "prose with code": ("docs", "*.md"),
}


@pytest.mark.parametrize(("folder", "pattern"), TEXTS.values(), ids=TEXTS)
def test_it_is_within_ten_percent_of_a_real_tokenizer(folder: str, pattern: str):
    bpe = pytest.importorskip("bpe_openai").get_encoding("o200k_base")
    files = [path for path in sorted((HOUSE / folder).glob(pattern)) if path.is_file()]
    texts = [path.read_bytes().decode("utf-8", "replace") for path in files if path.suffix not in (".onnx", ".db")]
    real = sum(len(bpe.encode(text)) for text in texts)
    assert real > 10_000
    assert sum(map(estimate, texts)) == pytest.approx(real, rel=0.1)


def test_estimates_of_lines_add_up():
    lines = ["def one(value):\n", "    return value + 1\n", "\n", "class Two:\n"]
    assert sum(map(estimate, lines)) == pytest.approx(estimate("".join(lines)), abs=3)


def test_an_empty_text_has_no_tokens():
    assert count("") == 0
    assert count("word") == 1
