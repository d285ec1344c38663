"""The reranker: a query embeds each text once and keeps its vector, and never fails because of the model."""

import subprocess
import sys
import textwrap

import pytest

import codesearch
from codesearch.core.errors import NotFoundError, RerankCancelledError
from codesearch.rerank import process
from codesearch.rerank.job import BATCH_TEXTS, RerankBudget
from codesearch.store import Store, location
from tests.support import models
from tests.support.models import FakeModel

QUESTION = "generate shell completion script"


def ids(hits):
    return [(hit.symbol.path, hit.symbol.start_line, hit.score) for hit in hits]


def forget():
    """Forget the vectors in memory, so that only those in the index count."""
    models.forget_vectors()


def test_a_query_embeds_its_best_candidates_once(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        first = index.query(QUESTION)
        assert 30 <= len(fake.documents) <= 50
        assert fake.queries == [QUESTION]
        fake.documents.clear()
        forget()
        assert ids(index.query(QUESTION)) == ids(first)
        assert fake.documents == []
        assert fake.queries == [QUESTION], "the query's own vector is kept too"


@pytest.fixture
def named(request):
    """A model without files, under the name that a test gives."""
    model = FakeModel(request.param)
    models.install(model)
    yield model
    models.uninstall()


@pytest.mark.parametrize("named", ["fake", "transformer"], indirect=True)
def test_no_answer_depends_on_what_is_cached(root, named):
    """A query has the same answer, wherever its vectors come from; those of the transformer are packed."""
    with codesearch.open_index(root, model=named.name, rerank="fast") as index:
        cold = ids(index.query(QUESTION))
        index.query("parse command line parameters")
        forget()
        partly = ids(index.query(QUESTION))
        index.embed_all()
        forget()
        full = ids(index.query(QUESTION))
        count = len(named.documents)
        assert ids(index.query("launch a web browser")) != []
        assert len(named.documents) == count, "nothing is left to embed"
    assert cold == partly == full


@pytest.mark.parametrize(("named", "share"), [("fake", 1), ("transformer", 2)], indirect=["named"])
def test_only_vectors_of_the_bundled_transformer_take_half_the_bytes(root, named, share):
    with codesearch.open_index(root, model=named.name) as index:
        index.embed_all()
    with Store(root / ".codesearch" / "index.db") as store:
        sizes = store.connection.rows("SELECT DISTINCT length(embedding) FROM model_vector WHERE length(embedding) > 0")
    assert sizes == [(named.dims // share,)]


def test_a_long_reason_is_one_short_line(root, fake):
    fake.broken = "\n\nIMPORTANT: PLEASE READ THIS\n" + "numpy explains at length. " * 40
    with codesearch.open_index(root, model="fake") as index:
        problem = index.query(QUESTION).problem
    assert problem.startswith("the model fake cannot be used (IMPORTANT: PLEASE READ THIS numpy explains")
    assert problem.endswith(" ...): this is the fast ranking only")
    assert len(problem) < 300


def embedded(index):
    """Wait until the prefetched query is embedded."""
    assert index._prefetched is not None
    index._prefetched.embedding.wait()


def test_what_is_expected_is_embedded_before_it_is_asked_and_once(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        index.prefetch(QUESTION)
        embedded(index)
        assert fake.queries == [QUESTION]
        expected = ids(index.query(QUESTION))
        assert fake.queries == [QUESTION]
        index.prefetch("another question")
        embedded(index)
        forget()
        assert ids(index.query(QUESTION)) == expected
        index.prefetch("Typer")
        assert index._prefetched is None, "a name needs no model"
    assert fake.queries == [QUESTION, "another question"]


def test_nothing_is_expected_of_what_is_not_indexed(tmp_path, fake):
    with codesearch.open_index(tmp_path, model="fake") as index:
        index.prefetch(QUESTION)
    assert fake.queries == []


def test_the_second_stage_has_a_say(root, fake):
    with codesearch.open_index(root, model="static") as index:
        plain = index.query(QUESTION, limit=50)
    models.install(FakeModel("keen", favourite="echo"))
    with codesearch.open_index(root, model="keen") as index:
        keen = index.query(QUESTION + " echo", limit=50)
    assert ids(plain) != ids(keen)
    assert (plain.refined, keen.refined) == (False, True)


def test_static_and_none_do_without(root, fake):
    with codesearch.open_index(root, model="static") as index:
        plain = ids(index.query(QUESTION))
    with codesearch.open_index(root, model="fake", embed="none") as index:
        assert ids(index.query(QUESTION)) == plain
        assert index.coverage()[0] == 0
    assert fake.documents == fake.queries == []


def test_a_model_that_fails_leaves_the_fast_ranking_and_says_why(root, fake):
    with codesearch.open_index(root, model="static") as index:
        plain = ids(index.query(QUESTION))
    fake.broken = "onnxruntime cannot be imported"
    with codesearch.open_index(root, model="fake") as index:
        answer = index.query(QUESTION)
        assert ids(answer) == plain
        assert "onnxruntime cannot be imported" in answer.problem
        assert not answer.refined
        asked = len(fake.queries)
        answer = index.query("another question")
        assert ids(answer) != []
        assert answer.problem
        assert len(fake.queries) == asked, "it is not tried again at once"
    process.state.failures.clear()
    fake.broken = ""
    with codesearch.open_index(root, model="fake") as index:
        assert index.query(QUESTION).problem == ""
        forget()
        fake.broken = "gone again"
        assert index.query(QUESTION).problem == "", "what is kept needs no model"


def test_a_model_there_is_not_is_an_error(root):
    with (
        codesearch.open_index(root, model="no-such-model") as index,
        pytest.raises(NotFoundError, match="no-such-model"),
    ):
        index.query(QUESTION)


def test_instant_hears_the_fast_ranking_only_while_there_is_work(root, fake):
    with codesearch.open_index(root, model="static") as index:
        plain = ids(index.query(QUESTION))
    heard = []
    with codesearch.open_index(root, model="fake") as index:
        refined = index.query(QUESTION, on_first=lambda hits: heard.append(ids(hits)))
        assert heard == [plain]
        assert ids(refined) != plain
        forget()
        index.query(QUESTION, on_first=lambda hits: heard.append(ids(hits)))
        assert len(heard) == 1


def test_a_file_edited_since_is_ranked_without(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        best = index.query(QUESTION)
        path = best[0].symbol.path
    with Store(root / ".codesearch" / "index.db", writable=True) as store, store.connection.transaction() as db:
        db.execute("DELETE FROM model_vector")
    forget()
    (root / path).write_text("# something else\n" + (root / path).read_text())
    fake.documents.clear()
    with codesearch.open_index(root, model="fake") as index:
        again = index.query(QUESTION, limit=50)
        assert any(hit.symbol.path == path for hit in again)
        index.embed_all()
        with Store(index.path) as store:
            embedded = {
                row[0]
                for row in store.connection.rows(
                    "SELECT DISTINCT f.path FROM file f JOIN symbol s ON s.file_id = f.id JOIN model_vector v "
                    "ON v.content_id = s.content_id"
                )
            }
        assert path not in embedded
        assert embedded
        assert index.embed_all().left > 0
        index.update()
        assert index.embed_all().left == 0


def test_a_question_can_be_given_up_between_texts(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        with pytest.raises(RerankCancelledError):
            index.query(QUESTION, budget=RerankBudget(should_stop=lambda: len(fake.documents) >= 8))
        assert len(fake.documents) == BATCH_TEXTS
        forget()
        index.query(QUESTION)
        assert len(fake.documents) == len(set(fake.documents)), "what was made is kept"


def test_what_is_kept_later_is_kept_by_the_end(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        index.query(QUESTION, budget=RerankBudget(write_later=True))
        assert index.coverage()[0] == 0
        index.query("launch a web browser", budget=RerankBudget(write_later=True))
    fake.documents.clear()
    fake.queries.clear()
    forget()
    with codesearch.open_index(root, model="fake") as index:
        assert index.coverage()[0] > 30
        index.query(QUESTION)
        index.query("launch a web browser")
    assert fake.documents == fake.queries == []


def test_effort_bounds_the_texts(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        index.query(QUESTION, budget=RerankBudget(limit=8))
    assert len(fake.documents) == 8


def test_while_another_process_writes_nothing_waits_and_nothing_fails(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        with location.writer_lock(index.path, timeout=0.0):
            first = ids(index.query(QUESTION))
            assert index.coverage()[0] == 0
            made = len(fake.documents)
            assert ids(index.query(QUESTION)) == first
            assert len(fake.documents) == made, "the process remembers them"
        assert ids(index.query(QUESTION)) == first


def test_an_index_that_cannot_be_written_answers(root, fake, monkeypatch):
    from codesearch.core.errors import StoreError

    with codesearch.open_index(root, model="fake") as index:
        monkeypatch.setattr(location, "prepare", lambda path: (_ for _ in ()).throw(StoreError("read-only")))
        answer = index.query(QUESTION)
        assert answer
        assert answer.problem == ""


# -- imports --------------------------------------------------------------------------------------


def in_another_process(code, *arguments):
    script = "import sys; from tests.support import models; fake = models.FakeModel(); models.install(fake)\n"
    done = subprocess.run(
        [sys.executable, "-c", script + textwrap.dedent(code), *map(str, arguments)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_with_everything_kept_a_query_needs_no_model(root, fake):
    with codesearch.open_index(root, model="fake") as index:
        first = ids(index.query(QUESTION))
    said = in_another_process(
        """
        import codesearch
        with codesearch.open_index(sys.argv[1], model="fake") as index:
            print([(h.symbol.path, h.symbol.start_line, h.score) for h in index.query(sys.argv[2])])
        for name in ("onnxruntime", "tokenizers", "tree_sitter", "filelock"):
            assert name not in sys.modules, name
        assert not fake.documents and not fake.queries
        """,
        root,
        QUESTION,
    )
    assert said.strip() == str(first)


def test_an_index_that_was_deleted_meanwhile_stays_deleted(root, fake):
    with codesearch.open_index(root, model="fake") as index:

        def clean():
            location.remove(index.path)

        fake.on_document = clean
        assert index.query(QUESTION)
        assert not index.path.exists()


def test_status_of_a_model_there_is_not_says_so(root):
    status = codesearch.open_index(root, model="no-such-model").status()
    assert (status.second_stage, status.embedded) == ("no-such-model", 0)
    assert any("no-such-model" in note for note in status.notes)
