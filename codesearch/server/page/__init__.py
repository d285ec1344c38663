"""The page of a server: one file that loads nothing, with a policy under which only its own script runs.

The page is the same for everybody who opens it. What it shows comes as JSON, and its script makes text of it.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from codesearch._version import __version__
from codesearch.core.types import KINDS
from codesearch.mcp.http.wire import Reply
from codesearch.search.rank import WEAK

_HEADERS = (
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)


@cache
def reply() -> Reply:
    """Return the page."""
    style, script = _file("page.css"), _file("page.js")
    out = _file("page.html")
    kinds = "".join(f"<option>{kind}</option>" for kind in KINDS)
    filled = {"VERSION": __version__, "WEAK": str(WEAK), "KINDS": kinds, "STYLE": style, "SCRIPT": script}
    for name, text in filled.items():
        before, _, after = out.partition("{{" + name + "}}")
        out = before + text + after
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    headers = (("Content-Security-Policy", policy), *_HEADERS)
    return Reply(200, out.encode(), "text/html; charset=utf-8", headers)


def _file(name: str) -> str:
    return (resources.files(__name__) / name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
