"""Text that is shown hides nothing and keeps its order; the spelling of every script stays."""

import json
import sys
import unicodedata
from pathlib import Path

import pytest

from codesearch.core.visible import json_text, path_shown_as, visible

VISIBLE_FORMAT = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
"""Number signs and marks of the category Cf that have a shape."""


def test_no_control_or_format_character_passes_between_letters():
    for code in range(0x110000):
        character = chr(code)
        if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs") and code not in VISIBLE_FORMAT:
            shown = visible(f"a{character}b")
            assert shown[0] + shown[-1] == "ab"
            assert shown[1:-1].startswith("\\"), hex(code)
            assert shown.isascii(), hex(code)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31m\x07", "a\\x1b[31m\\x07"),
        ("two\nlines\r\tmore", "two\\nlines\\r\\tmore"),
        ("if admin\u202e { //\u2066", "if admin\\u202e { //\\u2066"),
        ("load\u200bit\ufeff", "load\\u200bit\\ufeff"),
        ("pay\u200dload \u200c", "pay\\u200dload \\u200c"),
        ("soft\xadhyphen", "soft\\xadhyphen"),
        ("ok\U000e0069\U000e0067", "ok\\U000e0069\\U000e0067"),
        ("const \u3164 = ()", "const \\u3164 = ()"),
        ("e\ufe01", "e\\ufe01"),
        ("\U0001f600\ufe0f\U000e0148\U000e0149", "\U0001f600\ufe0f\\U000e0148\\U000e0149"),
        ("\u200d\U0001f600", "\\u200d\U0001f600"),
        ("\U0001f600\u200d\u200d\U0001f600", "\U0001f600\\u200d\\u200d\U0001f600"),
        ("\u0645\u200f(1)", "\u0645\\u200f(1)"),
        ("\udce9.py", "\\udce9.py"),
    ],
)
def test_what_hides_or_reorders_text_is_escaped(text: str, shown: str):
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "na\u00efve caf\u00e9, \u041c\u043e\u0441\u043a\u0432\u0430, \u6771\u4eac, \uc11c\uc6b8",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: "I want"
        "\u05e9\u05dc\u05d5\u05dd",
        "\u0915\u094d\u200d\u0937 \u0930\u094d\u200d\u092f",  # Devanagari with joiners
        "\u0d28\u0d4d\u200d",  # Malayalam: a joiner at the end of a word
        "\u0e2a\u0e27\u0e31\u0e2a\u200b\u0e14\u0e35",  # Thai with a place to break the line
        "\u1830\u180b",  # Mongolian: a variant of a letter
        "\U0001f469\u200d\U0001f4bb \U0001f3f3\ufe0f\u200d\U0001f308 \u2764\ufe0f\u200d\U0001f525",
        "\U0001f44d\U0001f3fd 1\ufe0f\u20e3 \u00a9\ufe0f",
        "\u845b\U000e0100",  # a variant of a Chinese character
    ],
)
def test_the_spelling_of_scripts_and_emoji_stays(text: str):
    assert visible(text) == text


def test_what_is_kept():
    assert visible("a\tb\nc", keep="\n\t") == "a\tb\nc"
    assert visible("a\tb\udc80\x1b", keep="\t\udc80") == "a\tb\udc80\\x1b"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the file system refuses such names")
def test_a_path_is_found_by_how_it_is_shown(tmp_path: Path):
    names = ["new\nline/esc\x1b\\n.py", "new\nline/plain.py", "literal\\n.py", "caf\udce9.py", "a/b.py"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    for name in names:
        expected = None if visible(name) == name else name
        assert path_shown_as(tmp_path, visible(name)) == expected
    for absent in ("", "new\\nline/other.py", "new\\nline//plain.py", "no\\tne/x.py", "\\n" * 300, "\0\\n"):
        assert path_shown_as(tmp_path, absent) is None, absent


def test_json_says_the_same_with_escapes():
    value = {"path": "a\u202eb\x7f\x9f\u200b\U000e0041\udce9", "text": 'größe "\\n" \U0001f600'}
    text = json_text(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert text == visible(text)
    assert "größe" in text
