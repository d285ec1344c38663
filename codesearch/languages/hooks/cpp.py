"""C++: qualified names."""

from __future__ import annotations

import re

from codesearch.languages.hooks._common import without_generics


def cpp_name(text: str) -> tuple[str, str]:
    """Split `ns::Box<T>::get` into ns::Box and get; `operator` keeps what follows it."""
    if text.isidentifier():
        return "", text
    text = re.sub(r"\s+", " ", text)
    operator = re.search(r"\boperator\b", text)
    if operator:
        scope, name = text[: operator.start()], text[operator.start() :]
        name = name if name.startswith("operator()") or name.startswith("operator ()") else name.split("(")[0]
        name = re.sub(r"operator (?=\W)", "operator", name).strip()
        return without_generics(scope).replace(" ", "").strip(":"), name
    # After a macro that was not understood the type is read as part of the name: the last word counts.
    plain = re.sub(r"\s*::\s*", "::", re.sub(r"\binline ", "", without_generics(text)).partition("(")[0]).strip()
    scope, _, name = plain.rpartition(" ")[2].lstrip("*&").rpartition("::")
    return scope, name
