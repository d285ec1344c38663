"""Short pages that `codesearch help TOPIC` and the manual page print."""

from __future__ import annotations

TOPICS: dict[str, tuple[str, str]] = {
    "filters": (
        "Filters inside a query",
        """\
A query may hold filters, anywhere in its text:

  lang:go          a language, or an alias such as py, c++, ts
  kind:method      function, method, class, struct, trait, interface,
                   enum, type, macro, test or module; constant,
                   variable, field, member, alias, call; section,
                   document, config, cell
  path:server/**   a path; without wildcards, paths that contain it
  name:parse*      a name or qualified name
  is:test          a role: test, vendored, generated, example, doc or
                   unused
  repo:gin         a repository of `codesearch repo`, a group, or all
  concept:io>0.6   the score of a concept (`codesearch concept`)

Prefix a filter with - to exclude what it matches: -is:test. Quote values
that contain spaces: path:"my folder". Filters of one type are alternatives;
those of different types must all match. The options --lang (-t), --kind,
--path (-g), --name, --is and --concept do the same; there, ! before the
value excludes: --is '!test'. A word with a colon that cannot be a filter is
searched as text.
""",
    ),
    "names": (
        "Naming code: NAME and FILE:LINE",
        """\
show, similar and why take the name of a symbol or a line inside it:

  codesearch show Engine.ServeHTTP
  codesearch similar retry_upload
  codesearch why "send again" src/client.py:25

A name is in any case style and may name its container. If several symbols
have it, the best one is meant, and a note lists the others. FILE may also be
as `query --repo` prints it: gin:routergroup.go:88.
similar - reads the code from stdin, query - and context - the question.
""",
    ),
    "formats": (
        "Output formats",
        """\
  text      for people; may change
  json      one object
  ndjson    one object per line
  vimgrep   path:line:column:text, as editors read it
  paths     each file once
  nl        place and source per line, for `llm embed-multi`

--json and -l are short for --format json and --format paths.
`codesearch schema` prints the JSON schema of each output.
""",
    ),
    "exit-status": (
        "Exit status",
        """\
  0     results were found, or the command is done
  1     nothing was found, or there was nothing to do
  2     an error; one line on stderr says what to do
  130   interrupted
""",
    ),
    "environment": (
        "Environment variables",
        """\
  CODESEARCH_NAME     sets the setting NAME: CODESEARCH_LIMIT=20
  CODESEARCH_LOG      debug, info or warning: log to stderr
  CODESEARCH_MODELS   the folder of imported models
  NO_COLOR, FORCE_COLOR
  VISUAL, EDITOR      the editor of --open
  XDG_CACHE_HOME, XDG_CONFIG_HOME, XDG_DATA_HOME
""",
    ),
    "files": (
        "Files",
        """\
  .codesearch/index.db           the index, at the root of a tree
  .codesearch.toml               settings of a project
  .codesearchignore              files not to index, in gitignore syntax
  ~/.config/codesearch/          your settings (config.toml), and the names
                                 of your repositories (repositories.json)
  ~/.cache/codesearch/           shared vectors, logs, the list of indexes,
                                 cloned repositories
  ~/.local/share/codesearch/     imported models

These are the places on Linux. `codesearch config path` and
`codesearch doctor` print yours.
""",
    ),
}
"""The summary and the text of each topic, at most 78 columns wide."""
