"""The library as programs use it, on the frozen tree."""

import sys
from contextlib import suppress
from pathlib import Path

import pytest

import codesearch
from codesearch import Filter, search
from codesearch.atlas import related
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from tests.support.trees import copy_shop, write


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with codesearch.open_index(copy_shop(tmp_path_factory.mktemp("shop") / "shop")) as index:
        index.update()
        yield index


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("delete blobs that are no longer used", "collect_garbage"),
        ("find words in spite of spelling mistakes", "Catalogue.find"),
        ("write_atomically", "write_atomically"),
        ("writeAtomically", "write_atomically"),
        ("ShoppingCart.merge", "ShoppingCart.merge"),
        ("price of a parcel by weight", "ParcelService.quote"),
    ],
)
def test_questions_and_names_find_the_function(shop, question, answer):
    found = [hit.symbol.qualname for hit in shop.query(question, limit=5)]
    assert any(answer in name for name in found), found


def test_hits_are_ranked_from_one_and_point_at_their_source(shop):
    hits = shop.query("order in a cart", limit=7)
    assert [hit.rank for hit in hits] == list(range(1, 8))
    for hit in hits:
        first, lines = shop.source(hit.symbol, whole=True)
        assert first == hit.symbol.start_line
        assert len(lines) == hit.symbol.end_line - hit.symbol.start_line + 1
        assert hit.symbol.kind == "module" or hit.symbol.name in "\n".join(lines)


def test_similar_finds_related_functions_and_not_itself(shop):
    symbol = shop.symbols_named("BikeCourier.quote")[0]
    hits = shop.similar(symbol.path, symbol.start_line, limit=5)
    assert len(hits) == 5
    assert symbol not in [hit.symbol for hit in hits]
    assert [hit.symbol.name for hit in hits[:3]] == ["quote"] * 3


def test_what_contains_a_symbol_is_not_similar_to_it(tmp_path):
    method = "class Retry:\n    def retry(self):\n        return retry(ATTEMPTS)\n"
    sending = "def retry_send():\n    return retry(3)\n"
    write(tmp_path, {"retry.py": f"import time\n\nATTEMPTS = 3\n\n{method}", "send.py": sending})
    with codesearch.open_index(tmp_path, model="static") as index:
        index.update()
        names = [hit.symbol.qualname for hit in index.similar("retry.py", 6)]
        assert names[0] == "retry_send"
        assert not {"Retry", "Retry.retry", "retry"} & set(names)
        related.refresh(index)
        assert [hit.symbol.qualname for hit in related.of_symbol(index, "retry.py", 6)] == names


def test_an_answer_is_a_sequence_of_its_hits(shop):
    answer = shop.query("order in a cart", limit=3)
    assert list(answer) == list(answer.hits) == [answer[0], *answer[1:]]
    assert len(answer) == 3
    assert answer
    assert not shop.query("chromodynamics path:nowhere/**")


def test_a_parsed_query_answers_as_its_text_does(shop):
    plain = shop.query("order kind:class")
    assert shop.query(search.parse("order kind:class")) == plain
    assert shop.query(search.parse("order"), where=Filter(kinds=("class",))) == plain


def test_an_answer_says_whether_the_first_index_was_finished(tmp_path):
    for number in range(300):
        (tmp_path / f"f{number}.py").write_text(f"def upload_{number}(): pass\n" * 30)
    with codesearch.open_index(tmp_path, workers=1, model="static") as index:
        calls = iter(range(10**6))
        assert index.update(should_stop=lambda: next(calls) > 1).left
        assert not index.query("upload").complete
        index.update()
        assert index.query("upload").complete
        (tmp_path / "new.py").write_text("def upload(): pass\n")
        assert index.query("upload").complete


def test_filters_and_limits(shop):
    hits = shop.query("order kind:class", limit=3)
    assert {hit.symbol.kind for hit in hits} == {"class"}
    assert len(hits) == 3
    with pytest.raises(UsageError, match="at least 1"):
        shop.query("order", limit=0)


def test_more_answers_than_the_usual_can_be_had(shop):
    assert len(shop.query("order", limit=200)) == 200


def test_what_is_not_there_is_explained(shop):
    with pytest.raises(NotFoundError, match="no such file"):
        shop.symbol_at("nowhere.py", 1)
    with pytest.raises(NotFoundError, match="no such line"):
        shop.symbol_at("shop/cart.py", 10**6)


def test_an_index_that_is_not_there_yet_says_what_to_run(tmp_path):
    with codesearch.open_index(tmp_path) as index, pytest.raises(NotFoundError, match="codesearch index"):
        index.query("anything")


def test_an_empty_tree_indexes_and_answers_nothing(tmp_path):
    with codesearch.open_index(tmp_path) as index:
        assert index.update().changed == 0
        assert list(index.query("anything")) == []
        assert index.status().fresh


@pytest.mark.parametrize("name", ["missing", "file.py"])
def test_a_root_that_is_no_folder_is_refused(tmp_path, name):
    (tmp_path / "file.py").write_text("x = 1\n")
    with pytest.raises(NotFoundError, match=name):
        codesearch.open_index(tmp_path / name)


def test_a_damaged_index_is_told_and_rebuilt_on_request(tmp_path):
    (tmp_path / "a.py").write_text("def upload(): pass\n" * 50)
    with codesearch.open_index(tmp_path) as index:
        index.update()
        path = index.path
    path.write_bytes(b"garbage" * 4096)
    with codesearch.open_index(tmp_path) as index:
        with pytest.raises(StoreError, match="--rebuild"):
            index.update()
        index.update(rebuild=True)
        assert index.query("upload")


def test_a_damaged_page_inside_the_index_is_told(tmp_path):
    root = copy_shop(tmp_path / "tree")
    with codesearch.open_index(root) as index:
        index.update()
        path = index.path
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    path.write_bytes(data)
    with codesearch.open_index(root) as index, pytest.raises(StoreError, match="--rebuild"):
        index.update()
        index.query("upload")


def test_a_tree_that_cannot_be_written_to_is_indexed_in_a_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "tree"
    monkeypatch.setattr("codesearch.store.location.is_writable", lambda folder: not folder.is_relative_to(root))
    root.mkdir()
    (root / "a.py").write_text("def upload(): pass\n")
    with codesearch.open_index(root) as index:
        report = index.update()
        assert index.query("upload")
        assert "cannot be written" in report.notes[0]
        assert not (root / ".codesearch").exists()


def test_the_index_keeps_itself_out_of_git(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    with codesearch.open_index(tmp_path) as index:
        index.update()
    assert (tmp_path / ".codesearch" / ".gitignore").read_text() == "*\n"


def test_no_socket_to_another_host_is_ever_opened(tmp_path):
    """Indexing and answering in a fresh process in which any connection but a local one fails."""
    import subprocess
    import sys

    root = copy_shop(tmp_path / "tree")
    script = f"""
import socket, sys
def refuse(*args, **kwargs): raise SystemExit('network use: %r' % (args,))
real = socket.socket.connect
def connect(self, address):
    if self.family != getattr(socket, 'AF_UNIX', None): refuse(address)
    return real(self, address)
socket.socket.connect = connect
socket.getaddrinfo = socket.create_connection = refuse
import codesearch
with codesearch.open_index({str(root)!r}) as index:
    index.update()
    assert index.query('cancel an order')
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_folder_whose_name_is_impossible_is_not_found(tmp_path):
    for name in ("y" * 5000, "a\0b"):
        with pytest.raises(codesearch.NotFoundError, match=r"cannot be opened|no such folder"):
            codesearch.open_index(tmp_path / name)


def test_a_query_that_began_before_a_rebuild_still_reads_the_index_it_began_with(tmp_path, monkeypatch):
    tree = copy_shop(tmp_path / "shop")
    with codesearch.open_index(tree) as index, codesearch.open_index(tree) as other:
        index.update()
        expected = index.query("order in a cart")
        rebuilt = []
        understood = search.understood

        def rebuild_first(store, query):
            other.update(rebuild=True)
            rebuilt.append(index.complete)  # looks at the new file
            return understood(store, query)

        monkeypatch.setattr(search, "understood", rebuild_first)
        assert index.query("order in a cart") == expected
        assert rebuilt == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_file_of_a_rebuilt_index_is_closed_when_its_last_reader_is_gone(tmp_path):
    tree = copy_shop(tmp_path / "shop")
    with codesearch.open_index(tree) as index, codesearch.open_index(tree) as other:
        index.update()
        store = index.required_reader()
        other.update(rebuild=True)
        assert index.complete
        assert store.counts() == index.required_reader().counts()
        assert deleted_files_open(tree)
        del store
        assert not deleted_files_open(tree)


def deleted_files_open(tree: Path) -> list[str]:
    """Return the files in a folder that this process has open though they were deleted."""
    files = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            files.append(str(link.readlink()))
    return [file for file in files if file.startswith(f"{tree}/") and file.endswith("(deleted)")]
