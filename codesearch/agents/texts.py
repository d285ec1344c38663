"""What is written for agents to read: instructions, a skill, a sub-agent, advice."""

from __future__ import annotations

BEGIN = "<!-- codesearch: begin (`codesearch agents uninstall` removes this block) -->"
END = "<!-- codesearch: end -->"

BLOCK = f"""\
{BEGIN}
## Finding code

The server `codesearch` finds code by what it does. Use its tool `search_code` first when you do not know the exact text
to look for: describe the behaviour, or paste the error message or the issue. `get_symbol` reads one function or type,
`trace` lists callers and tests, `find_similar` finds duplicates, `repo_map` gives an overview.

Use grep for exact strings, for configuration and prose, and to count every occurrence. Read a file when you need all of
it.
{END}
"""

SKILL = """\
---
name: codesearch
description: Find code in this repository by what it does. Use when the name or exact text is unknown, before \
writing a helper that may exist, before changing a function that others call, or to get an overview of unknown code.
---

# Find code by meaning

1. `search_code` with a description, an error message or the whole issue. Filter with parameters: `path`, `language`,
   `kind`, `role: ["!test"]`. `detail: "locations"` gives many places for few tokens.
2. `get_symbol` with a name or `path:line` from the answer, instead of reading the file.
3. Before a change: `trace` for callers and tests, `find_similar` for code that needs the same change.
4. `repo_map` for an overview of the repository or one folder.

Use grep instead for exact strings and to count every occurrence.
"""

SUBAGENT = """\
---
name: code-finder
description: Finds the code that a task is about, and reports places and reasons. Use it for open questions about \
where and how something is done, to keep the search out of your own context.
tools: mcp__codesearch__search_code, mcp__codesearch__find_similar, mcp__codesearch__get_symbol, \
mcp__codesearch__trace, mcp__codesearch__repo_map
---

Find the code that answers the question you are given. Start with search_code, read candidates with get_symbol, and
follow calls with trace. Report at most ten places as path:line with one sentence each on why they matter, the most
important first. Say what you could not find. Do not propose changes.
"""

HOOK_ARGUMENTS = "agents hook"
"""The arguments with which the command is a hook."""

ADVICE = """\
codesearch has an index of this repository. Its tool search_code finds code by what it does: describe the behaviour, \
or paste the error message. trace lists the callers and tests of a function. Prefer them where the exact text is \
unknown; grep stays right for exact strings. (This advice comes once per session.)\
"""
