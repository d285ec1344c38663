"""Settings: precedence, allowed values, messages, and documentation of each."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import codesearch
from codesearch import settings as module
from codesearch.core.errors import UsageError
from codesearch.settings import NAMES, Settings, describe, load, load_layers, problems, user_file

DOCUMENT = Path(__file__).parent.parent / "docs" / "configuration.md"


@pytest.fixture(autouse=True)
def _clean(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("CODESEARCH_"):
            monkeypatch.delenv(name)
    file = tmp_path / "config" / "codesearch" / "config.toml"
    file.parent.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    if sys.platform != "linux":
        monkeypatch.setattr(module, "user_file", lambda: file)


def own_file() -> Path:
    file = user_file()
    assert file is not None
    return file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_defaults(root):
    assert load(root) == Settings()
    assert load(root / "missing") == Settings()
    assert {described.origin for described in describe(load_layers(root))} == {"default"}


def test_each_layer_wins_over_the_one_before(root, monkeypatch):
    own_file().write_text("limit = 1\ncontext = 1\nworkers = 1\ncolor = 'never'\nmodel = 'mine'\n")
    (root / "pyproject.toml").write_text("[tool.codesearch]\nlimit = 2\ncontext = 2\nworkers = 2\ncolor = 'auto'\n")
    (root / ".codesearch.toml").write_text("limit = 3\ncontext = 3\nworkers = 1\n")
    monkeypatch.setenv("CODESEARCH_LIMIT", "4")
    monkeypatch.setenv("CODESEARCH_CONTEXT", "4")
    layers = load_layers(root, {"limit": 5, "workers": None, "include": []})
    settings = module.merge(layers)
    assert (settings.limit, settings.context, settings.workers, settings.color) == (5, 4, 1, "auto")
    assert settings.model == "mine"
    origin = {described.name: described.origin for described in describe(layers)}
    assert origin["limit"] == "option"
    assert origin["context"] == "environment CODESEARCH_CONTEXT"
    assert origin["workers"] == str(root / ".codesearch.toml")
    assert origin["color"] == f"{root / 'pyproject.toml'} [tool.codesearch]"
    assert origin["model"] == str(module.user_file())
    assert origin["db"] == "default"
    assert tuple(origin) == NAMES


def test_exclude_adds_up_and_include_does_not(root, monkeypatch):
    (root / ".codesearch.toml").write_text("exclude = ['data/']\ninclude = ['src/']\n")
    monkeypatch.setenv("CODESEARCH_EXCLUDE", "*.gen.go, !keep.gen.go")
    layers = load_layers(root, {"exclude": ("x",), "include": ["lib/"]})
    settings = module.merge(layers)
    assert settings.exclude == ("data/", "*.gen.go", "!keep.gen.go", "x")
    assert settings.include == ("lib/",)
    (exclude,) = (described for described in describe(layers) if described.name == "exclude")
    assert exclude.origin == f"{root / '.codesearch.toml'}, environment CODESEARCH_EXCLUDE, option"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("max_file_size", 5, 5),
        ("max_file_size", "1MiB", 1 << 20),
        ("max_file_size", "500 kB", 500_000),
        ("max_file_size", "1.5ki", 1536),
        ("max_file_size", "2048", 2048),
        ("parse_timeout", 3, 3.0),
        ("parse_timeout", "0.5", 0.5),
        ("index_generated", True, True),
        ("index_minified", "yes", True),
        ("index_minified", "0", False),
        ("languages", ["Python"], ("python",)),
        ("languages", "python,go", ("python", "go")),
        ("color", "always", "always"),
        ("workers", "2", 2),
        ("db", Path("x/y.db"), str(Path("x/y.db"))),
    ],
)
def test_values(root, name, value, expected):
    assert getattr(load(root, {name: value}), name) == expected


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("limit", 0, "integer from 1"),
        ("limit", True, "integer"),
        ("limit", "ten", "integer"),
        ("context", -1, "integer from 0"),
        ("max_file_size", "big", "1MiB"),
        ("max_file_size", 0, "1MiB"),
        ("parse_timeout", 0, "above 0"),
        ("parse_timeout", "nan", "above 0"),
        ("index_generated", "maybe", "true or false"),
        ("index_generated", 1, "true or false"),
        ("include", [1], "list of strings"),
        ("color", "sometimes", "auto, always, never"),
        ("languages", ["pyhton"], "did you mean 'python'"),
        ("model", "", "non-empty"),
        ("db", 3, "non-empty"),
    ],
)
def test_bad_values_say_what_is_allowed(root, name, value, allowed):
    with pytest.raises(UsageError) as caught:
        load(root, {name: value})
    assert name in str(caught.value)
    assert allowed in str(caught.value)
    assert str(caught.value).startswith("option: ")


def test_unknown_keys_name_the_file_and_the_likely_one(root, monkeypatch):
    (root / ".codesearch.toml").write_text("max-file-sise = 3\n")
    with pytest.raises(UsageError, match=r"\.codesearch\.toml: unknown setting 'max-file-sise'.*'max_file_size'"):
        load(root)
    (root / ".codesearch.toml").write_text("max-file-size = 3\n")
    assert load(root).max_file_size == 3
    monkeypatch.setenv("CODESEARCH_LIMT", "3")
    with pytest.raises(UsageError, match="CODESEARCH_LIMT; did you mean CODESEARCH_LIMIT"):
        load(root)


def test_the_brief_message_leaves_out_lists_of_what_is_allowed(root):
    for given, brief in (
        ({"exclud": 5}, "unknown setting 'exclud'; did you mean 'exclude'?"),
        (
            {"languages": ["pyton"]},
            "languages must be a list of known languages, not ['pyton']; did you mean 'python'?",
        ),
        ({"limit": "many"}, "limit must be an integer from 1 to 10000, not 'many'"),
    ):
        with pytest.raises(UsageError) as caught:
            load(root, given)
        assert caught.value.brief == brief
        assert str(caught.value).startswith(f"option: {brief}")


ODD = [
    True, 0, -1, 10**400, 1.5, float("nan"), float("inf"), "", "\0", "a\0b", "\ud800", "é😀", "9" * 500 + "k",
    "y" * 5000, ["a"], ["\0"], ["\ud800"], [1], [[]], [None], ["["], {"a": 1}, {"\ud800": 1}, [{}],
]  # fmt: skip


def brief_error_of(root: Path, name: str, value: object) -> str:
    """Return the error for a setting, or "" if its value is used."""
    try:
        settings = load(root, {name: value})
    except UsageError as error:
        return error.brief
    for text in (settings.db, settings.model, *settings.include, *settings.exclude):
        os.fsencode(text)  # it can be a path
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_a_value_of_any_kind_is_used_or_refused_in_a_short_message(root, name):
    assert max(len(brief_error_of(root, name, value)) for value in ODD) < 250


def test_environment_of_others_and_empty_variables_do_not_count(root, monkeypatch):
    monkeypatch.setenv("CODESEARCH_SOMETHING_ELSE", "1")
    monkeypatch.setenv("CODESEARCH_LIMIT", "")
    assert load(root) == Settings()
    monkeypatch.setenv("CODESEARCH_LIMIT", "many")
    with pytest.raises(UsageError, match="environment CODESEARCH_LIMIT: must be an integer"):
        load(root)


@pytest.mark.parametrize("text", [b"limit = ", b"limit = '\xff'"])
def test_files_that_are_not_toml(root, text):
    (root / ".codesearch.toml").write_bytes(text)
    with pytest.raises(UsageError, match=r"\.codesearch\.toml: not valid TOML"):
        load(root)


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        ("[project]\n<<<<<<< HEAD\nversion = '1'\n=======\n>>>>>>> b\n[tool.codesearch]\nlimit = 3\n", 3, 2),
        ("[tool.codesearch]\n<<<<<<< HEAD\nlimit = 3\n=======\nlimit = 4\n>>>>>>> b\n", 10, 2),
        ("[tool.codesearch]\nlimit = 3\n\n[tool.ruff]\nselect = [\n", 3, 6),
        ("[tool.codesearch]\nlimit = \n", 10, 2),
    ],
)  # fmt: skip
def test_a_broken_pyproject_is_a_warning_and_other_settings_stay(root, text, limit, line):
    (root / "pyproject.toml").write_text(text)
    (root / ".codesearch.toml").write_text("context = 2\n")
    layers = load_layers(root)
    (problem,) = problems(layers)
    assert problem.startswith(f"{root / 'pyproject.toml'}: not valid TOML: ")
    assert f"line {line}" in problem or "end of document" in problem
    assert problem.endswith("is used" if limit != 10 else "its settings are not used")
    assert (load(root).limit, load(root).context) == (limit, 2)
    with codesearch.open_index(root) as index:
        assert index.warnings == (problem,)


def test_pyproject_that_is_not_about_us_is_not_parsed(root):
    (root / "pyproject.toml").write_text("this is [no TOML")
    assert load(root) == Settings()
    (root / "pyproject.toml").write_text("[tool]\ncodesearch = 3\n")
    with pytest.raises(UsageError, match="must be a table"):
        load(root)


def test_db_of_a_project_stays_in_it_and_none_is_for_all(root):
    (root / ".codesearch.toml").write_text("db = 'build/index.db'\n")
    assert load(root).db == str(root.resolve() / "build" / "index.db")
    for elsewhere in ("../x.db", str(root.parent / "x.db"), "."):
        (root / ".codesearch.toml").write_text(f"db = '{elsewhere}'\n")
        with pytest.raises(UsageError, match="below the project's folder"):
            load(root)
    (root / ".codesearch.toml").unlink()
    own_file().write_text("db = 'x.db'\n")
    with pytest.raises(UsageError, match="all projects would share one index"):
        load(root)


def test_a_project_cannot_raise_the_priority_of_work_in_the_background(root):
    (root / ".codesearch.toml").write_text("low_priority = true\n")
    assert load(root).low_priority is True
    (root / ".codesearch.toml").write_text("low_priority = false\n")
    with pytest.raises(UsageError, match="low_priority can be switched on, not off, by a project"):
        load(root)


def test_a_project_cannot_start_more_workers_than_there_are_cores(root, monkeypatch):
    monkeypatch.setattr("codesearch.core.machine.cores", lambda: 2)
    (root / ".codesearch.toml").write_text("workers = 60\n")
    assert load(root).workers == 2
    assert load(root, {"workers": 60}).workers == 60, "the user may"


def test_every_setting_has_a_rule_and_is_documented():
    assert set(NAMES) == {field.name for field in fields(Settings)} == set(module._RULES)
    text = DOCUMENT.read_text()
    described = re.findall(r"^### `(\w+)`$", text, re.MULTILINE)
    assert described == list(NAMES)
    for section, field in zip(re.split(r"^### .*$", text, flags=re.MULTILINE)[1:], fields(Settings), strict=True):
        default = re.search(r"^Default: `([^`]*)`", section, re.MULTILINE)
        assert default, field.name
        value = {"true": True, "false": False, "[]": ()}.get(default[1], default[1].strip('"'))
        given = {} if value == "" else {field.name: value}  # an empty db is the default and cannot be set
        assert getattr(load(Path(), given), field.name) == field.default, field.name
        if field.name != "db":
            assert len(section.split()) > 8


def test_what_the_file_layer_gets(root):
    options = load(root, {"languages": ["go"], "exclude": ["x"], "max_file_size": 9}).file_options()
    assert (options.languages, options.exclude, options.max_file_size) == (("go",), ("x",), 9)
    assert load(root).reading_rules() != load(root, {"index_generated": True}).reading_rules()


def test_import_is_cheap():
    code = (
        "import sys, codesearch.settings as s; from pathlib import Path; s.load(Path('missing'));"
        "print([m for m in ('platformdirs', 'tomllib', 'difflib', 'codesearch.languages') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ("[]\n" if sys.platform == "linux" else "['platformdirs']\n")


def test_every_reason_for_leaving_a_file_out_is_documented():
    from codesearch.files import REASONS

    text = DOCUMENT.read_text()
    assert re.findall(r"^\| ([a-z ]+) \| ", text, re.MULTILINE) == ["reason", *REASONS]
