"""BERT's tokenizer in plain Python: words, then the longest pieces in a vocabulary.

Each distinct word is split once, so a text of known words costs only dictionary look-ups. The library `tokenizers` is
slower, adds 40 ms to every cold query and contains an HTTP client; it is used for models with another tokenizer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

_CACHED_WORDS = 1 << 16
_LONGEST_WORD = 100
"""Characters; for BERT, longer words are unknown."""
_CJK = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
        (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))  # fmt: skip
"""Blocks in which each character is a word."""


class _Words(dict[str, tuple[int, ...]]):
    """The token ids of each word."""

    def __init__(self, split: Callable[[str], tuple[int, ...]]) -> None:
        self._split = split

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) >= _CACHED_WORDS:
            self.clear()
        self[word] = pieces = self._split(word)
        return pieces


class WordPiece:
    """A function from a text to its token ids, without special tokens. Safe to use from several threads."""

    def __init__(self, vocabulary: str, *, unknown: str, lower: bool, accents: bool) -> None:
        """Use a vocabulary, one token per line. `lower` lower-cases words, `accents` keeps accents.

        Raises ValueError if `unknown` is not in the vocabulary.
        """
        self._tokens = {token: number for number, token in enumerate(vocabulary.split("\n"))}
        if unknown not in self._tokens:
            raise ValueError(f"no {unknown} in the vocabulary")
        self._unknown = (self._tokens[unknown],)
        self._lower, self._accents = lower, accents
        self._words = _Words(self._ids)

    def __call__(self, text: str) -> list[int]:
        """Return the token ids, in order."""
        return list(chain.from_iterable(map(self._words.__getitem__, text.split())))

    def _ids(self, word: str) -> tuple[int, ...]:
        numbers: list[int] = []
        for part in self._parts(word):
            numbers += self._pieces(part)
        return tuple(numbers)

    def _parts(self, word: str) -> list[str]:
        """Return the words, punctuation marks and ideographs in a piece of text without blanks."""
        if word.isascii() and word.isalnum():
            return [word.lower() if self._lower else word]
        text = "".join(f" {c} " if _is_ideograph(c) else " " if c.isspace() else c for c in word if not _is_control(c))
        if not self._accents:
            text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
        if self._lower:
            text = "".join(c.lower() for c in text)
        return "".join(f" {c} " if _is_punctuation(c) else c for c in text).split()

    def _pieces(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST_WORD:
            return self._unknown
        tokens = self._tokens
        numbers: list[int] = []
        start, length = 0, len(word)
        while start < length:
            prefix = "##" if start else ""
            for end in range(length, start, -1):
                number = tokens.get(prefix + word[start:end])
                if number is not None:
                    break
            else:
                return self._unknown
            numbers.append(number)
            start = end
        return tuple(numbers)


def plain(tokenizer: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return (vocabulary, arguments of `WordPiece`) for a parsed `tokenizer.json`; None for other tokenizers."""
    model, before, pre = (tokenizer.get(key) or {} for key in ("model", "normalizer", "pre_tokenizer"))
    if (model.get("type", "WordPiece"), before.get("type"), pre.get("type")) != (
        "WordPiece",
        "BertNormalizer",
        "BertPreTokenizer",
    ):
        return None
    if model.get("continuing_subword_prefix") != "##" or model.get("max_input_chars_per_word") != _LONGEST_WORD:
        return None
    if not before.get("clean_text") or not before.get("handle_chinese_chars"):
        return None
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    if [model["vocab"][token] for token in tokens] != list(range(len(tokens))):
        return None
    if any("\n" in token for token in tokens):
        return None
    lower = bool(before.get("lowercase"))
    accents = not (lower if before.get("strip_accents") is None else before["strip_accents"])
    return "\n".join(tokens), {"unknown": model["unk_token"], "lower": lower, "accents": accents}


def _is_control(character: str) -> bool:
    if character in "\t\n\r":
        return False
    return character in "\x00\ufffd" or unicodedata.category(character) in ("Cc", "Cf", "Co")


def _is_punctuation(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character).startswith("P")


def _is_ideograph(character: str) -> bool:
    code = ord(character)
    return code >= 0x3400 and any(first <= code <= last for first, last in _CJK)
