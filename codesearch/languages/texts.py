"""Languages of documents and configuration, one entry each. Scanners find their parts; they need no grammar."""

from __future__ import annotations

from codesearch.languages.definition import Language
from codesearch.languages.late import hook

DATA_FILES = frozenset(
    (
        "package-lock.json npm-shrinkwrap.json pnpm-lock.yaml composer.lock yarn.lock poetry.lock uv.lock cargo.lock "
        "gemfile.lock pubspec.lock podfile.lock mix.lock go.sum flake.lock bun.lock pdm.lock pipfile.lock "
        "packages.lock.json gradle.lockfile package.resolved chart.lock .terraform.lock.hcl"
    ).split()
)
"""Files that programs write, in lower case: data, although their extensions are those of configuration."""


def _prose(name: str, display: str, hook_name: str, extensions: tuple[str, ...], **more: object) -> Language:
    return Language(
        name=name,
        display=display,
        module="",
        extensions=extensions,
        is_text=True,
        separator=" > ",
        line_comments=(),
        block_comments=(),
        after=hook("prose", hook_name),
        **more,  # type: ignore[arg-type]
    )


def _config(
    name: str, display: str, hook_name: str, extensions: tuple[str, ...], hooks: str = "config", **more: object
) -> Language:
    given: dict[str, object] = {"separator": ".", "line_comments": ("#",), "block_comments": (), **more}
    return Language(
        name=name,
        display=display,
        module="",
        extensions=extensions,
        is_text=True,
        after=hook(hooks, hook_name),
        **given,  # type: ignore[arg-type]
    )


PROSE: tuple[Language, ...] = (
    _prose("markdown", "Markdown", "markdown", (".md", ".markdown", ".mdx", ".mkd", ".qmd", ".rmd"), aliases=("md",)),
    _prose("restructuredtext", "reStructuredText", "restructured", (".rst", ".rest"), aliases=("rst",), lexer="rst"),
    _prose("asciidoc", "AsciiDoc", "asciidoc", (".adoc", ".asciidoc", ".asc"), aliases=("adoc",), lexer="text"),
    _prose("org", "Org", "org", (".org",), lexer="text"),
    _prose(
        "text",
        "Plain text",
        "plain",
        (),
        editor_ids=("plaintext",),
        filenames=("README", "README.txt", "INSTALL", "INSTALL.txt", "CHANGES", "CHANGES.txt", "CHANGELOG", "NEWS",
                   "CONTRIBUTING", "HACKING", "AUTHORS", "TODO", "LICENSE", "LICENSE.txt", "COPYING", "NOTICE"),
    ),
)  # fmt: skip

CONFIGURATION: tuple[Language, ...] = (
    _config("yaml", "YAML", "nested", (".yml", ".yaml"), aliases=("yml",),
            editor_ids=("dockercompose", "github-actions-workflow")),
    _config(
        "json",
        "JSON",
        "nested",
        (".json5", ".jsonc", ".webmanifest"),
        editor_ids=("jsonc",),
        filenames=("package.json", "composer.json", "tsconfig.json", "jsconfig.json", "deno.json", "bower.json",
                   "manifest.json", "app.json", "angular.json", "nx.json", "turbo.json", "lerna.json", "vercel.json",
                   "project.json", "global.json", "appsettings.json", "launch.json", "tasks.json", "settings.json",
                   "devcontainer.json", "renovate.json", "biome.json", ".eslintrc.json", ".prettierrc.json", ".babelrc",
                   "openapi.json", "swagger.json"),
    ),
    _config("toml", "TOML", "tables", (".toml",), filenames=("Pipfile",)),
    _config("ini", "INI", "tables", (".ini", ".cfg", ".conf", ".properties"), line_comments=("#", ";"),
            filenames=(".editorconfig", ".gitconfig", ".npmrc", ".flake8", ".coveragerc", ".pylintrc")),
    _config("dotenv", "Environment file", "environment", (".env",), lexer="bash", line_comments=(),
            filenames=(".env", ".env.example", ".env.sample", ".env.template", ".env.dist", ".env.defaults",
                       ".env.override", ".env.development", ".env.dev", ".env.production", ".env.prod", ".env.staging",
                       ".env.test", ".env.testing", ".env.ci", ".env.docker", "env.example")),
    _config("dockerfile", "Dockerfile", "stages", (".dockerfile", ".containerfile"), lexer="docker",
            aliases=("docker",), filenames=("Dockerfile", "Containerfile")),
    _config("make", "Makefile", "make", (".mk", ".mak"), aliases=("makefile",), editor_ids=("makefile",),
            filenames=("Makefile", "makefile", "GNUmakefile", "Makefile.am", "Makefile.in")),
    _config("just", "Justfile", "make", (".just",), lexer="make", filenames=("justfile", "Justfile", ".justfile")),
    _config("cmake", "CMake", "cmake", (".cmake",),
            block_comments=(("#[[", "]]"), ("#[=[", "]=]"), ("#[==[", "]==]")), filenames=("CMakeLists.txt",)),
    _config("css", "CSS", "styles", (".css", ".scss", ".sass", ".less"), aliases=("scss",), editor_ids=("scss", "less"),
            line_comments=("//",), block_comments=(("/*", "*/"),), packed=True, separator=" "),
    _config("html", "HTML", "html", (".html", ".htm", ".xhtml"), "markup", line_comments=("//",),
            block_comments=(("/*", "*/"), ("<!--", "-->")), separator=" > ", packed=True),
    _config("template", "Template", "templates", (".erb", ".jinja", ".jinja2", ".j2", ".twig", ".hbs", ".ejs",
            ".mustache", ".liquid", ".tmpl", ".njk", ".gohtml"), "markup", lexer="html",
            line_comments=(), separator=" > "),
    _config("xml", "XML build file", "xml", (".csproj", ".fsproj", ".vbproj", ".props", ".targets", ".nuspec"),
            line_comments=(), filenames=("pom.xml", "build.xml", "ivy.xml", "AndroidManifest.xml", "web.config",
            "app.config", "NuGet.config", "phpunit.xml", "phpunit.xml.dist")),
)  # fmt: skip

INTERFACES: tuple[Language, ...] = (
    Language(
        name="protobuf", display="Protobuf", module="", aliases=("proto",), editor_ids=("proto", "proto3"),
        lexer="protobuf", extensions=(".proto",), after=hook("schemas", "protobuf"),
    ),
    Language(
        name="graphql", display="GraphQL", module="", aliases=("gql",), lexer="graphql",
        extensions=(".graphql", ".gql", ".graphqls"), line_comments=("#",), block_comments=(('"""', '"""'),),
        after=hook("schemas", "graphql"),
    ),
)  # fmt: skip
