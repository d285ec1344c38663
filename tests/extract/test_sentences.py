import pytest

from codesearch.extract import sentences


@pytest.mark.parametrize(
    ("documentation", "expected"),
    [
        ("Retry the upload. Then give up.", "Retry the upload"),
        ("Retry the\nupload\n\nMore.", "Retry the upload"),
        ("Args:\n    x: a number\nReturn it.", "x: a number Return it"),
        ("\n\n@param x\nRead `config.toml` e.g. now", "Read config.toml e.g. now"),
        (">>> f()", ""),
        ("", ""),
    ],
)
def test_the_first_sentence(documentation: str, expected: str) -> None:
    assert sentences.first_sentence(documentation) == expected


def test_the_name_at_the_start_is_left_out() -> None:
    assert sentences.words_after_name("ServeHTTP answers a request", "ServeHTTP") == ["answers", "a", "request"]
    assert sentences.words_after_name("Serve a request", "ServeHTTP") == ["Serve", "a", "request"]
    assert sentences.words_after_name("", "x") == []


def test_prose_is_mostly_letters() -> None:
    assert sentences.is_prose("Return the sum of both")
    assert not sentences.is_prose("x += 1; y[0] = {}")
    assert not sentences.is_prose("")
