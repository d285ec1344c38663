"""The languages, one entry each; `definition.Language` documents the fields."""

from __future__ import annotations

from codesearch.languages import hooks
from codesearch.languages.definition import TYPE_KINDS, Language

_ANNOTATION = rb"@(?!interface\b)[\w.]+(?:\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^()]*\))*\))?"
_ATTRIBUTE_LIST = rb"#?\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
_CPP_HEADER = (
    rb"^[ \t]*(?:class\s+(?:\w+\s+)?\w+\s*(?:final\s*)?[:;{]|(?:inline\s+)?namespace\s*(?:[\w:]+\s*)?\{|template\s*<"
    rb"|using\s+(?:namespace\b|\w+\s*=|\w+::)|(?:public|private|protected):)"
    rb"|\bstd::|\bconstexpr\b|\bnullptr\b|\bstatic_cast<|^[ \t]*#[ \t]*include[ \t]*<\w+>"
)

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
)
