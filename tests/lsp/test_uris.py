from __future__ import annotations

import os

import pytest
from codesearch_lsp import uris
from hypothesis import given
from hypothesis import strategies as st

POSIX = [
    ("/a/b.py", "file:///a/b.py"),
    ("/a b/c.py", "file:///a%20b/c.py"),
    ("/#1/100%.py", "file:///%231/100%25.py"),
    ("/naïve/déjà.py", "file:///na%C3%AFve/d%C3%A9j%C3%A0.py"),
    ("/what?/a:b;c&d=e.py", "file:///what%3F/a%3Ab;c&d=e.py"),
    ("/日本/😀.rs", "file:///%E6%97%A5%E6%9C%AC/%F0%9F%98%80.rs"),
    ("/back\\slash", "file:///back%5Cslash"),
    ("/", "file:///"),
]
WINDOWS = [
    ("C:\\a\\b.py", "file:///C:/a/b.py"),
    ("C:\\a b\\#1 100%.py", "file:///C:/a%20b/%231%20100%25.py"),
    ("D:\\naïve\\é.py", "file:///D:/na%C3%AFve/%C3%A9.py"),
    ("\\\\server\\share\\a b.py", "file://server/share/a%20b.py"),
]


@pytest.mark.parametrize(("path", "uri"), POSIX)
def test_posix_both_ways(path: str, uri: str):
    assert uris.from_path(path, windows=False) == uri
    assert uris.to_path(uri, windows=False) == path


@pytest.mark.parametrize(("path", "uri"), WINDOWS)
def test_windows_both_ways(path: str, uri: str):
    assert uris.from_path(path, windows=True) == uri
    assert uris.to_path(uri, windows=True) == path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///c%3A/Users/x.py", "C:\\Users\\x.py"),  # VS Code
        ("file:///c:/Users/x.py", "C:\\Users\\x.py"),
        ("file:///C|/old.py", "C:\\old.py"),
        ("file:///C:", "C:\\"),
        ("FILE:///C:/x.py", "C:\\x.py"),
        ("file://localhost/C:/x.py", "C:\\x.py"),
        ("file:///C:/a%5Cb.py", "C:\\a\\b.py"),
    ],
)
def test_windows_as_clients_write_them(uri: str, path: str):
    assert uris.to_path(uri, windows=True) == path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:/a/b.py", "/a/b.py"),
        ("file://localhost/a.py", "/a.py"),
        ("file:///a/b#c.py", "/a/b#c.py"),  # not escaped, as some clients send it
        ("file:///a/100%.py", "/a/100%.py"),
        ("file:///%ff%fe.py", "/\udcff\udcfe.py"),
        ("file://host/share/x", "//host/share/x"),
    ],
)
def test_posix_as_clients_write_them(uri: str, path: str):
    assert uris.to_path(uri, windows=False) == path


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "http://example.org/a", "", "/a/b", "file:", "file:relative", "file:///a%00b"]
)
def test_not_a_file(uri: str):
    assert uris.to_path(uri, windows=False) is None


def test_long_windows_paths():
    assert uris.from_path("\\\\?\\C:\\a", windows=True) == "file:///C:/a"
    assert uris.from_path("\\\\?\\UNC\\server\\share", windows=True) == "file://server/share"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_every_posix_path_comes_back(text: str):
    assert uris.to_path(uris.from_path("/" + text, windows=False), windows=False) == "/" + text
    raw = os.fsdecode(text.encode("utf-16"))[:20].replace("\0", "x")
    assert uris.to_path(uris.from_path("/" + raw, windows=False), windows=False) == "/" + raw


@pytest.mark.parametrize(
    ("root", "path", "inner"),
    [
        ("/a", "/a/b.py", "b.py"),
        ("/a/", "/a/b/c.py", "b/c.py"),
        ("/a", "/ab/c.py", None),
        ("/a", "/a", None),
        ("/", "/a.py", "a.py"),
        ("/a", "/a/../b.py", None),
        ("/a", "/A/b.py", None),
    ],
)
def test_below(root: str, path: str, inner: str | None):
    assert uris.below(root, path, windows=False) == inner


def test_below_on_windows_ignores_case_and_keeps_it():
    assert uris.below("C:\\Work", "c:\\work\\Src\\A.py", windows=True) == "Src/A.py"
    assert uris.below("\\\\srv\\share", "\\\\SRV\\share\\x\\y.py", windows=True) == "x/y.py"
    assert uris.below("C:\\work", "D:\\work\\a.py", windows=True) is None


def test_keys_meet():
    assert uris.key("/a/./b//c/../d", windows=False) == uris.key("/a/b/d", windows=False)
    assert uris.key("C:\\A\\b", windows=True) == uris.key("c:/a/B", windows=True)
    assert uris.key("/a/B", windows=False) != uris.key("/a/b", windows=False)
