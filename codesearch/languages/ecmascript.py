"""JavaScript and TypeScript, and files whose scripts are in them, one entry each."""

from __future__ import annotations

from dataclasses import replace

from codesearch.languages.definition import ANNOTATION, Language
from codesearch.languages.late import hook

JAVASCRIPT = Language(
    name="javascript",
    display="JavaScript",
    aliases=("js", "jsx"),
    editor_ids=("javascriptreact",),
    packed=True,
    module="tree_sitter_javascript",
    extensions=(".js", ".jsx", ".mjs", ".cjs"),
    filenames=("Jakefile",),
    interpreters=("node", "nodejs", "bun", "deno"),
    queries=("ecmascript", "javascript"),
    references=("ecmascript", "jsx", "javascript"),
    annotation=ANNOTATION,
    split_name=hook("javascript", "javascript_name"),
    after=hook("javascript", "javascript"),
)

TYPESCRIPT = Language(
    name="typescript",
    display="TypeScript",
    module="tree_sitter_typescript",
    function="language_typescript",
    aliases=("ts",),
    packed=True,
    extensions=(".ts", ".mts", ".cts"),
    interpreters=("ts-node", "tsx"),
    queries=("ecmascript", "typescript"),
    references=("ecmascript", "typescript"),
    overloads=True,
    annotation=ANNOTATION,
    foreign=rb"\A\s*<(?:\?xml|!DOCTYPE)",
    split_name=hook("javascript", "javascript_name"),
    after=hook("javascript", "typescript"),
)

TSX = replace(
    TYPESCRIPT,
    name="tsx",
    display="TypeScript JSX",
    function="language_tsx",
    references=("ecmascript", "jsx", "typescript"),
    editor_ids=("typescriptreact",),
    lexer="typescript",
    extensions=(".tsx",),
    interpreters=(),
)

_COMPONENT = replace(
    TYPESCRIPT,
    aliases=(),
    lexer="typescript",
    interpreters=(),
    before=hook("script", "only_scripts"),
    after=hook("script", "components"),
)
"""A file whose scripts are TypeScript or JavaScript: Svelte, Vue, Astro."""

COMPONENTS = (
    replace(_COMPONENT, name="svelte", display="Svelte", extensions=(".svelte",)),
    replace(_COMPONENT, name="vue", display="Vue", extensions=(".vue",)),
    replace(
        _COMPONENT,
        name="astro",
        display="Astro",
        extensions=(".astro",),
        before=hook("script", "astro_scripts"),
        after=hook("javascript", "typescript"),
    ),
)
