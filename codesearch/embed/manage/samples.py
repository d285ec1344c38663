"""Real texts to check and to time a model with: the functions of a tree, as embedders receive them."""

from __future__ import annotations

from pathlib import Path


def documents(root: Path, count: int) -> list[str]:
    """Return embedded texts of at most `count` different functions, methods and types, from all over the tree."""
    from codesearch.core.types import MINOR
    from codesearch.extract.documents import documents as documents_of
    from codesearch.extract.symbols import extract
    from codesearch.files import Source, discover, read_source

    found: dict[str, None] = {}
    files = list(discover(root).files)
    # Every n-th file first, then the others, so that the first texts are from all over the tree.
    step = max(1, len(files) // 50)
    for file in (file for start in range(step) for file in files[start::step]):
        source = read_source(root, file.path)
        if not isinstance(source, Source):
            continue
        symbols = extract(source.data, source.language, file.path)
        texts = zip(symbols, documents_of(symbols, source.data, file.path), strict=True)
        found |= dict.fromkeys(text.embedding_text for symbol, text in texts if symbol.kind not in MINOR)
        if len(found) >= count:
            break
    return list(found)[:count]
