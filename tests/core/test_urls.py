from __future__ import annotations

import pytest

from codesearch.core.urls import parts_of


def test_a_url_is_taken_apart():
    parts = parts_of("https://you@[::1]:8080/x?y")
    assert (parts.scheme, parts.hostname, parts.port, parts.path, parts.query) == ("https", "::1", 8080, "/x", "y")


@pytest.mark.parametrize("url", ["http://[", "https://[x/y", "http://h:99999", "http://h:abc", "", "http://h:-1"])
def test_what_is_no_url_has_no_parts(url: str):
    assert not any(parts_of(url))
