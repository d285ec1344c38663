"""`codesearch model`: the list, the choice of a model, and messages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.embed import MODELS, config, load
from tests.support.command import Run
from tests.support.schemas import keeps_schema

Call = Callable[..., Run]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of imported models, with a copy of the bundled transformer under another name."""
    folder = tmp_path / "models"
    monkeypatch.setenv("CODESEARCH_MODELS", str(folder))
    mine = Path(shutil.copytree(MODELS / "transformer", folder / "mine"))
    values = json.loads((mine / "config.json").read_text())
    (mine / "config.json").write_text(json.dumps({**values, "name": "mine", "source": "somebody/mine"}))
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project and make it the current folder."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


def test_list(call: Call, models: Path, project: Path) -> None:
    lines = call("model", "list").out.splitlines()
    assert [line.split()[0] for line in lines[:1]] == ["name"]
    assert [line.removeprefix("* ").split()[0] for line in lines[1:]] == ["static", "transformer", "mine"]
    assert lines[3].endswith("somebody/mine")
    (project / ".codesearch.toml").write_text('model = "mine"\n')
    run = call("model", "list", "--format", "json")
    assert run.status == 0
    assert run.json["model"] == "mine"
    found = {item["name"]: item for item in run.json["models"]}
    assert [name for name, item in found.items() if item["in_use"]] == ["mine"]
    assert found["mine"]["dims"] == load("transformer").dims
    assert found["mine"]["bytes"] > 20_000_000
    assert found["static"]["model_id"] == load("static").model_id
    assert found["transformer"]["precision"] == "int8"


def test_list_says_what_is_broken_or_missing(call: Call, models: Path, project: Path) -> None:
    (models / "mine" / "model.onnx").write_bytes(b"")
    (project / ".codesearch.toml").write_text('model = "gone"\n')
    run = call("model", "list")
    assert run.status == 0
    assert "model.onnx: a file of the embedding model is damaged" in run.out
    assert "the configured model gone is not installed" in run.err


def test_use_writes_the_users_file(call: Call, models: Path, project: Path, private_home: Path) -> None:
    file = private_home / ".config" / "codesearch" / "config.toml"
    run = call("model", "use", "mine")
    assert (run.status, run.err) == (0, "")
    assert str(file) in run.out
    assert file.read_text() == 'model = "mine"\n'
    file.write_text('# mine\nlimit = 3\nmodel = "mine" # now\ncontext = 2\n')
    assert call("model", "use", "transformer").status == 0
    assert file.read_text() == '# mine\nlimit = 3\nmodel = "transformer" # now\ncontext = 2\n'
    file.write_text("limit = 3")
    assert call("model", "use", "static").status == 0
    assert file.read_text() == 'limit = 3\nmodel = "static"\n'


def test_use_for_a_project(call: Call, models: Path, project: Path) -> None:
    assert call("model", "use", "mine", "--project").status == 0
    assert (project / ".codesearch.toml").read_text() == 'model = "mine"\n'
    run = call("model", "use", "transformer")
    assert "overridden here by" in run.err
    assert 'model = "mine"' in run.err
    other = project / "other"
    other.mkdir()
    assert call("model", "use", "static", other, "--project").status == 0
    assert (other / ".codesearch.toml").exists()
    assert call("model", "use", "static", other).status == 2


def test_use_of_what_there_is_not(call: Call, models: Path, project: Path, private_home: Path) -> None:
    run = call("model", "use", "nothing")
    assert run.status == 2
    assert "mine, static, transformer" in run.err
    assert not (private_home / ".config").exists()
    (models / "mine" / "vocab.txt").unlink()
    assert "missing" in call("model", "use", "mine").err


def test_use_leaves_a_file_that_is_not_toml(call: Call, models: Path, project: Path) -> None:
    (project / ".codesearch.toml").write_text("model = = 3\n")
    run = call("model", "use", "mine", "--project")
    assert run.status == 2
    assert "not valid TOML" in run.err
    assert (project / ".codesearch.toml").read_text() == "model = = 3\n"


def test_remove(call: Call, models: Path, project: Path) -> None:
    run = call("model", "remove", "transformer")
    assert (run.status, "is part of codesearch" in run.err) == (2, True)
    assert call("model", "remove", "nothing").status == 2
    call("model", "use", "mine", "--project")
    run = call("model", "remove", "mine")
    assert run.status == 2
    assert ".codesearch.toml and was not removed" in run.err
    assert (models / "mine").is_dir()
    call("model", "use", "static", "--project")
    assert call("model", "remove", "mine").status == 0
    assert list(models.iterdir()) == []
    assert call("model", "use", "mine").status == 2


def test_bench(call: Call, models: Path, project: Path) -> None:
    source = "".join(f"def part_{n}(a):\n    return a + {n}\n\n\n" for n in range(12))
    (project / "parts.py").write_text(source)
    # Modules of the measured folder are never imported.
    (project / "numpy.py").write_text("raise SystemExit('imported')\n")
    run = call("model", "bench", "static", "transformer", "-n", "10", "--format", "json")
    keeps_schema(run.json, "model-bench")
    assert run.status == 0, run.err
    assert run.json["functions"] == 10
    static, transformer = run.json["models"]
    assert (static["name"], transformer["name"]) == ("static", "transformer")
    assert static["functions_per_second"] > transformer["functions_per_second"] > 0
    assert transformer["load_ms"] > 0
    run = call("model", "bench", "static", "-n", "10", "--path", project)
    assert run.out.splitlines()[0].split()[:2] == ["model", "functions/s"]
    assert run.out.splitlines()[1].startswith("static ")
    assert call("model", "bench", "nothing").status == 2


def test_bench_of_an_empty_folder(call: Call, models: Path, project: Path) -> None:
    run = call("model", "bench", "static")
    assert (run.status, "no functions" in run.err) == (2, True)


# -- add: errors before a model is loaded -----------------------------------------------------------


def test_add_without_the_extra(call: Call, models: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    run = call("model", "add", "somebody/some-model")
    assert run.status == 2
    assert run.err.count("\n") == 1
    assert "torch" in run.err
    assert "[models]" in run.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("./nowhere",), "no such folder"),
        (("somebody/transformer",), "bundled model"),
        (("somebody/some-model", "--name", "../up"), "cannot name a model"),
        (("somebody/some-model", "--precision", "int4"), "int4"),
    ],
)
def test_add_of_what_cannot_be(call: Call, models: Path, project: Path, arguments: tuple[str, ...], says: str) -> None:
    run = call("model", "add", *arguments)
    assert run.status == 2
    assert says in run.err
    assert [path.name for path in models.iterdir()] == ["mine"]


def test_a_model_folder_is_never_half_there(models: Path) -> None:
    assert config.read(models / "mine").name == "mine"
    (models / ".adding-x" / "y").mkdir(parents=True)
    (models / ".adding-x" / "y" / "config.json").write_text("{}")
    from codesearch.embed import available

    assert available() == ["mine", "static", "transformer"]
