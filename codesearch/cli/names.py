"""The names of all commands, in the groups in which the help lists them."""

from __future__ import annotations

GROUPS = {
    "Search": ("query", "similar", "show", "symbols", "outline", "ast", "context", "why"),
    "References": ("callers", "callees", "tests", "mentions", "impact"),
    "Atlas": ("related", "clusters", "map", "concept", "clones", "export"),
    "Index": ("index", "watch", "status", "clean", "cache", "artifact", "merge", "diff", "repo"),
    "Server": ("serve", "push", "pull", "refs", "access"),
    "Set up": ("config", "model", "editor", "lsp", "mcp", "agents", "doctor"),
    "Measure": ("eval", "tune", "bench", "feedback"),
    "Reference": ("help", "schema", "man"),
}
NAMES = tuple(name for names in GROUPS.values() for name in names)
