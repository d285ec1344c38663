r"""Text of a repository as a terminal, a person or a model may see it: nothing in it is hidden, moved or reordered.

Control characters, invisible characters and those that change the direction of text become escapes such as `\u202e`.
Letters of all scripts stay as they are, and so do the invisible characters that belong to their spelling:

- zero-width joiner and non-joiner after a letter of a script that is spelled with them (Arabic, Syriac, N'Ko,
  Mongolian, the scripts of India), and the joiner between two emoji;
- zero-width space between letters of scripts without spaces (Thai, Lao, Burmese, Khmer);
- one variation selector after a character other than ASCII letters; several in a row can hold hidden text.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path

_JOINING = "\u0600-\u08ff\u0900-\u0dff\u1800-\u18af\ua840-\ua877\ua8e0-\ua8ff\ufb50-\ufdff\ufe70-\ufefc"
"""Letters and marks after which a joiner or non-joiner is part of the spelling."""
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff"
_EMOJI = "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_FORMAT = (  # what of the category Cf has no shape, and separators of lines
    "\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # copies of ASCII; never assigned, and never shown
)
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\uffa0"
"""Letters and marks that are shown as nothing, or as a space in a name."""
_SPELLING = (
    rf"(?<=[{_JOINING}])[\u200c\u200d]"
    rf"|(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])"
    rf"|(?<=[{_UNSPACED}])\u200b(?=[{_UNSPACED}])"
    rf"|(?<=[\u1820-\u18aa])[\u180b-\u180f]"
    rf"|(?<=[^\x00-\x22\x24-\x29\x2b-\x2f\x3a-\xa8{_FORMAT}{_BLANK}{_SELECTORS}])[{_SELECTORS}]"  # keycaps: 1, *, #
)
_UNSAFE = rf"(?P<spelling>{_SPELLING})|[\x00-\x1f\x7f-\x9f\ud800-\udfff{_FORMAT}{_BLANK}{_SELECTORS}]"
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str, keep: str = "") -> str:
    """Return a text with what could hide or reorder it as escapes; the characters in `keep` stay."""
    if text.isascii() and text.isprintable():
        return text
    return _unsafe().sub(lambda found: found[0] if found["spelling"] or found[0] in keep else _escape(found[0]), text)


def json_text(text: str) -> str:
    """Return JSON made without `ensure_ascii`, with what could hide or reorder it as escapes of JSON."""
    return _unsafe().sub(lambda found: found[0] if found["spelling"] else json.dumps(found[0])[1:-1], text)


def path_shown_as(folder: Path, shown: str) -> str | None:
    r"""Return the path below a folder that `visible` prints as `shown`, such as `new\nline.py`; None if there is none.

    None, too, for a path that is printed as it is: no escape was undone.
    """
    if "\\" not in shown or os.sep == "\\":  # there, no name can hold what is printed as an escape
        return None
    at = Path()
    for part in shown.split("/"):
        if not part or not (found := _entry_shown_as(folder / at, part)):
            return None
        at /= found
    return None if at.as_posix() == shown or not (folder / at).exists() else at.as_posix()


def _entry_shown_as(folder: Path, shown: str) -> str | None:
    try:
        if "\\" not in shown or (folder / shown).exists():
            return shown
        return next((name for name in os.listdir(folder) if visible(name) == shown), None)  # noqa: PTH208 -- names
    except (OSError, ValueError):
        return None


@cache
def _unsafe() -> re.Pattern[str]:
    """Return the pattern, compiled: that takes a millisecond, and most text is ASCII."""
    return re.compile(_UNSAFE)


def _escape(character: str) -> str:
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
