"""Identifiers and text split into words and terms."""

import pytest

from codesearch.core import tokens


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("parseHTTPConfig_v2", ("parse", "http", "config", "v", "2")),
        ("ServeHTTP", ("serve", "http")),
        ("MAX_FILE_SIZE", ("max", "file", "size")),
        ("__init__", ("init",)),
        ("IOError", ("io", "error")),
        ("sha256sum", ("sha", "256", "sum")),
        ("größeBerechnen", ("gr", "öß", "e", "berechnen")),
        ("Ωmega", ("ω", "mega")),
        ("x" * 200, ()),
    ],
)
def test_identifiers_split_at_case_underscores_and_digits(word, parts):
    assert tokens.split_identifier(word) == parts


def test_terms_keep_the_compound_beside_its_parts():
    assert tokens.terms("def parse_config(x):") == ["def", "parse", "config", "parseconfig", "x"]


@pytest.mark.parametrize("name", ["parse_config", "parseConfig", "ParseConfig", "PARSE_CONFIG", "parse-config"])
def test_names_of_any_case_style_share_a_key(name):
    assert tokens.name_key(name) == "parseconfig"


def test_bytes_that_are_no_text_are_passed_over():
    assert tokens.identifiers(b"parse \xff\xfe caf\xc3\xa9 \xe9t\xe9") == [b"parse", "caf\u00e9".encode(), b"t"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "One word,  two\nlines; parse_config(x) is called.",
        "Größe naïve caf\u00e9 \u00b5m \u20ac 12,5",
        "\u8cfc\u7269\u8eca \u5408\u8a08 \u304b\u3099\u304d words",
        "\u0e17\u0e35\u0e48\u0e2d\u0e22\u0e39\u0e48 of a file",
        "a b c d e f g h",
    ],
)
def test_the_beginning_of_a_text_holds_its_first_identifiers(text):
    for most in range(1, 12):
        found = tokens.beginning(text, most)
        assert tokens.identifiers_in(found) == tokens.identifiers_in(text)[:most]
        assert "\n" not in found
    assert tokens.beginning("One word,  two\nlines.", 9) == "One word, two lines."
    assert tokens.beginning("One word,  two\nlines.", 3) == "One word, two"
