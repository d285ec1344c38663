"""Concepts: scores that mean the same as the filter, and definitions that outlive the index."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import codesearch
from codesearch.atlas import concepts
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from codesearch.store import concepts as table
from tests.support.trees import copy_shop, write

PARSERS = '''def parse_{word}(text):
    """Parse the {word} of a document from text."""
    return text.split("{word}")
'''
SENDERS = '''def send_{word}(socket):
    """Send the {word} over the network connection."""
    socket.sendall(b"{word}")
'''
WORDS = ("header", "footer", "title", "table", "figure", "chapter")


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree with functions that parse and functions that send, beside others."""
    tree = copy_shop(tmp_path_factory.mktemp("concepts") / "shop")
    write(tree, {f"more/parse_{word}.py": PARSERS.format(word=word) for word in WORDS})
    write(tree, {f"more/send_{word}.py": SENDERS.format(word=word) for word in WORDS})
    with codesearch.open_index(tree) as index:
        index.update()
    return tree


@pytest.fixture
def index(indexed: Path, tmp_path: Path):
    tree = Path(shutil.copytree(indexed, tmp_path / "shop"))
    with codesearch.open_index(tree) as index:
        yield index


def named(index: codesearch.Index, *names: str) -> list[codesearch.Symbol]:
    return [index.symbols_named(name)[0] for name in names]


def sending(index: codesearch.Index) -> table.Concept:
    return concepts.add(index, "sends", like=named(index, "send_header", "send_footer", "send_title"))


def test_what_is_like_the_examples_comes_first(index: codesearch.Index):
    sending(index)
    best = concepts.ranked(index, "sends", where=codesearch.Filter(kinds=("function",)), limit=6)
    assert {hit.symbol.name for hit in best} == {f"send_{word}" for word in WORDS}
    assert [hit.rank for hit in best] == [1, 2, 3, 4, 5, 6]
    assert all(hit.score > 0.9 for hit in best), "those that are no examples, too"
    parsers = codesearch.Filter(names=("parse_*",))
    assert max(hit.score for hit in concepts.ranked(index, "sends", where=parsers)) < 0.6


def test_the_filter_passes_what_the_score_says(index: codesearch.Index):
    sending(index)
    scores = {hit.symbol: hit.score for hit in concepts.ranked(index, "sends", limit=-1)}
    for bound, passes in (
        ("sends>0.6", lambda score: score > 0.6),
        ("sends<=0.6", lambda score: score <= 0.6),
        ("sends>=0", lambda score: True),
        ("sends<0", lambda score: False),
        ("sends>1", lambda score: False),
        ("sends<=1.0", lambda score: True),
    ):
        found = set(index.symbols(codesearch.Filter(concepts=(bound,))))
        wanted = {symbol for symbol, score in scores.items() if passes(score)}
        if bound in ("sends>=0", "sends<=1.0"):
            assert wanted <= found, "no bound at all: symbols without a vector pass, too"
        else:
            assert found == wanted, bound


def test_a_query_takes_it(index: codesearch.Index):
    sending(index)
    assert {hit.symbol.name for hit in index.query("header concept:sends>0.6 kind:function")} == {
        f"send_{word}" for word in WORDS
    }
    excluded = index.query("header -concept:sends>0.6 kind:function")
    assert excluded
    assert not any(hit.symbol.name.startswith("send_") for hit in excluded)
    symbol = named(index, "parse_header")[0]
    why = index.why("header concept:sends>0.6", symbol.path, symbol.start_line)
    assert why.filters == ("concept:sends>0.6",)


def test_counterexamples_move_the_axis(index: codesearch.Index):
    like = named(index, "send_header", "send_footer")
    plain = concepts.add(index, "plain", like=like)
    against = concepts.add(index, "against", like=like, unlike=named(index, "parse_header", "parse_footer"))
    assert plain.axis != against.axis
    header = codesearch.Filter(names=("parse_table",))
    of = {name: concepts.ranked(index, name, where=header)[0].score for name in ("plain", "against")}
    assert of["against"] <= of["plain"]


def test_a_text_is_enough(index: codesearch.Index):
    concepts.add(index, "network", texts=["send over the network connection"])
    best = concepts.ranked(index, "network", limit=3)
    assert all(hit.symbol.path.startswith("more/send_") for hit in best)


def test_it_outlives_the_index(index: codesearch.Index):
    made = sending(index)
    index.update(rebuild=True)
    assert concepts.listed(index) == (made,)
    index.remove()
    index.update()
    assert concepts.ranked(index, "sends", limit=1)[0].score == 1.0


def test_examples_are_found_again_or_missed(index: codesearch.Index):
    made = sending(index)
    header, footer, title = made.like
    more = index.root / "more"
    (more / "send_header.py").rename(more / "renamed.py")
    write(index.root, {"more/send_footer.py": SENDERS.format(word="footer").replace("network", "network or other")})
    (more / "send_title.py").unlink()
    index.update()
    now = concepts.examples(index, made)
    states = [(one.state, one.path) if (one := now[example]) else None for example in (header, footer, title)]
    assert states == [("moved", "more/renamed.py"), ("changed", "more/send_footer.py"), None]
    where = codesearch.Filter(concepts=("sends>0.6",))
    assert "send_title (more/send_title.py)" in index.filter_note(where)
    again = concepts.refresh(index, "sends")
    assert {one.qualname for one in again.like} == {"send_header", "send_footer"}
    assert index.filter_note(where) == ""
    for file in ("renamed.py", "send_footer.py"):
        (more / file).unlink()
    index.update()
    with pytest.raises(NotFoundError, match="no code that `sends` was made of exists"):
        concepts.refresh(index, "sends")


def test_what_cannot_be_a_concept(index: codesearch.Index):
    like = named(index, "send_header")
    for name in ("", "a b", "a>b", "-a", "a:b", "ä"):
        with pytest.raises(UsageError, match="cannot name a concept"):
            concepts.add(index, name, like=like)
    with pytest.raises(UsageError, match="needs symbols"):
        concepts.add(index, "empty", unlike=like, texts=[" "])
    with pytest.raises(UsageError, match="no word that the model knows"):
        concepts.add(index, "unknown", texts=["\u2603"])
    sending(index)
    with pytest.raises(UsageError, match="--replace"):
        sending(index)
    assert concepts.add(index, "sends", like=like, replaces=True).like != ()
    with pytest.raises(NotFoundError, match=r"no concept `other`.*Known: sends"):
        index.query("header concept:other>0.5")


def test_its_file_is_checked(index: codesearch.Index):
    sending(index)
    file = table.file_of(index.path)
    good = file.read_text("utf-8")
    value = json.loads(good)
    value["concepts"]["sends"]["model"] = "another@model"
    file.write_text(json.dumps(value), "utf-8")
    with pytest.raises(UsageError, match="codesearch concept refresh sends"):
        list(index.symbols(codesearch.Filter(concepts=("sends>0.6",))))
    concepts.refresh(index, "sends")
    assert concepts.ranked(index, "sends", limit=1)
    for text in ("{", "[]", good.replace('"low"', '"lo"')):
        file.write_text(text, "utf-8")
        with pytest.raises(StoreError, match="damaged"):
            concepts.listed(index)
    file.write_text(good.replace('"version": 1', '"version": 2'), "utf-8")
    with pytest.raises(StoreError, match="newer codesearch"):
        concepts.listed(index)
    file.write_text(good, "utf-8")
    assert concepts.remove(index, "sends")
    assert not concepts.remove(index, "sends")
    assert not file.exists()
