"""The languages, one entry each; `definition.Language` documents the fields."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from codesearch.languages import hooks
from codesearch.languages.definition import TYPE_KINDS, Language

_ANNOTATION = rb"@(?!interface\b)[\w.]+(?:\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^()]*\))*\))?"
_ATTRIBUTE_LIST = rb"#?\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
_CPP_HEADER = (
    rb"^[ \t]*(?:class\s+(?:\w+\s+)?\w+\s*(?:final\s*)?[:;{]|(?:inline\s+)?namespace\s*(?:[\w:]+\s*)?\{|template\s*<"
    rb"|using\s+(?:namespace\b|\w+\s*=|\w+::)|(?:public|private|protected):)"
    rb"|\bstd::|\bconstexpr\b|\bnullptr\b|\bstatic_cast<|^[ \t]*#[ \t]*include[ \t]*<\w+>"
)
_OBJC_HEADER = (
    rb"^[ \t]*(?:@(?:interface|implementation|protocol|class|import)\b|#[ \t]*import\b)"
    rb"|\bNS_(?:ENUM|OPTIONS|ASSUME_NONNULL_BEGIN)\b"
)


def _later(module: str, name: str) -> Callable[[Any], Any]:
    """Return a hook whose module is imported when a file of its language is read: their patterns cost 12 ms."""

    def hook(argument: Any) -> Any:
        return getattr(import_module(f"codesearch.languages.{module}"), name)(argument)

    return hook


LANGUAGES: tuple[Language, ...] = (
    Language(
        name="python",
        module="tree_sitter_python",
        extensions=(".py", ".pyi", ".pyw"),
        filenames=("SConstruct", "SConscript", "wscript"),
        interpreters=("python", "pypy"),
        line_comments=("#",),
        block_comments=(),
    ),
    Language(
        name="javascript",
        module="tree_sitter_javascript",
        extensions=(".js", ".jsx", ".mjs", ".cjs"),
        filenames=("Jakefile",),
        interpreters=("node", "nodejs", "bun", "deno"),
        queries=("ecmascript", "javascript"),
        annotation=_ANNOTATION,
        split_name=hooks.javascript_name,
    ),
    Language(
        name="typescript",
        module="tree_sitter_typescript",
        function="language_typescript",
        extensions=(".ts", ".mts", ".cts"),
        interpreters=("ts-node", "tsx"),
        queries=("ecmascript", "typescript"),
        overloads=True,
        annotation=_ANNOTATION,
        split_name=hooks.javascript_name,
    ),
    Language(
        name="tsx",
        module="tree_sitter_typescript",
        function="language_tsx",
        extensions=(".tsx",),
        queries=("ecmascript", "typescript"),
        overloads=True,
        annotation=_ANNOTATION,
        split_name=hooks.javascript_name,
    ),
    Language(
        name="go",
        module="tree_sitter_go",
        extensions=(".go",),
        split_name=hooks.go_name,
    ),
    Language(
        name="rust",
        module="tree_sitter_rust",
        extensions=(".rs",),
        separator="::",
        annotation=_ATTRIBUTE_LIST,
        split_name=hooks.rust_name,
        after=hooks.rust,
    ),
    Language(
        name="java",
        module="tree_sitter_java",
        extensions=(".java",),
        annotation=_ANNOTATION,
    ),
    Language(
        name="c",
        module="tree_sitter_c",
        extensions=(".c", ".h"),
        after=hooks.c_macros,
    ),
    Language(
        name="cpp",
        module="tree_sitter_cpp",
        extensions=(
            ".cpp",
            ".cc",
            ".cxx",
            ".c++",
            ".hpp",
            ".hh",
            ".hxx",
            ".h++",
            ".ipp",
            ".tpp",
            ".inl",
            ".cu",
            ".cuh",
            ".h",
        ),
        content=_CPP_HEADER,
        separator="::",
        annotation=_ATTRIBUTE_LIST,
        split_name=hooks.cpp_name,
        after=hooks.c_macros,
    ),
    Language(
        name="csharp",
        module="tree_sitter_c_sharp",
        extensions=(".cs", ".csx"),
        annotation=_ATTRIBUTE_LIST,
        after=hooks.csharp,
    ),
    Language(
        name="ruby",
        module="tree_sitter_ruby",
        extensions=(".rb", ".rake", ".gemspec", ".ru"),
        filenames=("Rakefile", "Gemfile", "Guardfile", "Vagrantfile", "Podfile", "Fastfile", "Capfile", "Brewfile"),
        interpreters=("ruby", "jruby"),
        separator="::",
        line_comments=("#",),
        block_comments=(("=begin", "=end"),),
        method_kinds=TYPE_KINDS | {"module"},
        split_name=hooks.ruby_name,
    ),
    Language(
        name="php",
        module="tree_sitter_php",
        function="language_php",
        extensions=(".php", ".phtml", ".inc"),
        interpreters=("php",),
        separator="::",
        line_comments=("//", "# "),
        annotation=_ATTRIBUTE_LIST,
        split_name=hooks.php_name,
    ),
    Language(
        name="kotlin",
        module="tree_sitter_kotlin",
        extensions=(".kt", ".kts"),
        after=_later("hooks_names", "kotlin"),
        annotation=_ANNOTATION,
    ),
    Language(
        name="swift",
        module="tree_sitter_swift",
        extensions=(".swift",),
        annotation=_ANNOTATION,
    ),
    Language(
        name="scala",
        module="tree_sitter_scala",
        extensions=(".scala", ".sc", ".sbt"),
        after=_later("hooks_names", "scala"),
        annotation=_ANNOTATION,
    ),
    Language(
        name="bash",
        module="tree_sitter_bash",
        extensions=(".sh", ".bash", ".bats", ".ksh", ".zsh", ".ebuild"),
        filenames=(
            ".bashrc",
            ".bash_profile",
            ".bash_aliases",
            ".profile",
            ".zshrc",
            ".zprofile",
            ".zshenv",
            ".envrc",
            "PKGBUILD",
            "APKBUILD",
        ),
        interpreters=("sh", "bash", "dash", "ksh", "zsh", "ash", "bats"),
        line_comments=("#",),
        block_comments=(),
        after=_later("hooks_names", "bash"),
    ),
    Language(
        name="lua",
        module="tree_sitter_lua",
        extensions=(".lua", ".rockspec"),
        interpreters=("lua", "luajit", "resty", "nvim"),
        line_comments=("--",),
        block_comments=(("--[[", "]]"), ("--[=[", "]=]")),
        split_name=_later("hooks_names", "lua_name"),
        after=_later("hooks_names", "lua"),
    ),
    Language(
        name="elixir",
        module="tree_sitter_elixir",
        extensions=(".ex", ".exs"),
        interpreters=("elixir",),
        line_comments=("#",),
        block_comments=(),
        after=_later("hooks_clauses", "elixir"),
    ),
    Language(
        name="haskell",
        module="tree_sitter_haskell",
        extensions=(".hs", ".hsc", ".hs-boot"),
        interpreters=("runghc", "runhaskell", "stack"),
        line_comments=("--",),
        block_comments=(("{-", "-}"),),
        split_name=_later("hooks_clauses", "haskell_name"),
        after=_later("hooks_clauses", "haskell"),
    ),
    Language(
        name="zig",
        module="tree_sitter_zig",
        extensions=(".zig",),
        block_comments=(),
        split_name=_later("hooks_names", "zig_name"),
    ),
    Language(
        name="dart",
        module="tree_sitter_dart",
        extensions=(".dart",),
        interpreters=("dart",),
        annotation=_ANNOTATION,
        after=_later("hooks_names", "dart"),
    ),
    Language(
        name="julia",
        module="tree_sitter_julia",
        extensions=(".jl",),
        interpreters=("julia",),
        line_comments=("#",),
        block_comments=(("#=", "=#"),),
        split_name=_later("hooks_names", "julia_name"),
        after=_later("hooks_names", "julia"),
    ),
    Language(
        name="ocaml",
        module="tree_sitter_ocaml",
        function="language_ocaml",
        extensions=(".ml",),
        interpreters=("ocaml", "ocamlrun"),
        line_comments=(),
        block_comments=(("(*", "*)"),),
        split_name=_later("hooks_clauses", "ocaml_name"),
        after=_later("hooks_clauses", "ocaml"),
    ),
    Language(
        name="ocaml_interface",
        module="tree_sitter_ocaml",
        function="language_ocaml_interface",
        extensions=(".mli",),
        line_comments=(),
        block_comments=(("(*", "*)"),),
        split_name=_later("hooks_clauses", "ocaml_name"),
        after=_later("hooks_clauses", "ocaml"),
    ),
    Language(
        name="perl",
        module="tree_sitter_perl",
        extensions=(".pl", ".pm", ".t", ".psgi"),
        filenames=("cpanfile",),
        interpreters=("perl",),
        separator="::",
        line_comments=("#",),
        block_comments=(),
        split_name=_later("hooks_perl", "perl_name"),
        after=_later("hooks_perl", "perl"),
    ),
    Language(
        name="objc",
        module="tree_sitter_objc",
        extensions=(".m", ".mm", ".h"),
        content=_OBJC_HEADER,
        before=_later("hooks_objc", "objc_macros"),
        after=_later("hooks_objc", "objc"),
    ),
    Language(
        name="sql",
        module="",
        extensions=(".sql", ".ddl", ".psql", ".pgsql"),
        line_comments=("--",),
        after=_later("hooks_sql", "sql"),
    ),
    Language(
        name="hcl",
        module="tree_sitter_hcl",
        extensions=(".tf", ".hcl", ".tofu"),
        line_comments=("#", "//"),
        after=_later("hooks_names", "hcl"),
    ),
    Language(
        name="svelte",
        module="tree_sitter_typescript",
        function="language_typescript",
        extensions=(".svelte",),
        queries=("ecmascript", "typescript"),
        overloads=True,
        annotation=_ANNOTATION,
        split_name=hooks.javascript_name,
        before=_later("hooks_script", "only_scripts"),
        after=_later("hooks_script", "components"),
    ),
    Language(
        name="vue",
        module="tree_sitter_typescript",
        function="language_typescript",
        extensions=(".vue",),
        queries=("ecmascript", "typescript"),
        overloads=True,
        annotation=_ANNOTATION,
        split_name=hooks.javascript_name,
        before=_later("hooks_script", "only_scripts"),
        after=_later("hooks_script", "components"),
    ),
)
