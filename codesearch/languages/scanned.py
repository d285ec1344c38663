"""Languages of which the definitions are found by lines (`hooks.lines`), one entry each; they need no grammar."""

from __future__ import annotations

from codesearch.languages.definition import Language
from codesearch.languages.late import hook


def _scanned(name: str, display: str, extensions: tuple[str, ...], comments: str = "//", **more: object) -> Language:
    given: dict[str, object] = {"block_comments": (), **more}
    return Language(
        name=name,
        display=display,
        module="",
        extensions=extensions,
        line_comments=(comments,),
        after=hook("lines", "by_rule"),
        **given,  # type: ignore[arg-type]
    )


_C_COMMENTS = (("/*", "*/"),)
_MARKS = hook("marks", "without_marks")
_MATLAB = rb"\A\s*(?:%|function\b|classdef\b)|^\s*function\b[^;{}()\n]*=|^\s*(?:end|clc|clear(?: all)?|close all);?\s*$"

SCANNED: tuple[Language, ...] = (
    _scanned("r", "R", (".r", ".rsx"), "#", lexer="splus", plain_documentation=_MARKS, filenames=(".Rprofile",),
             interpreters=("Rscript", "rscript")),
    _scanned("erlang", "Erlang", (".erl", ".hrl", ".escript", ".xrl", ".yrl"), "%", aliases=("erl",), separator=":",
             filenames=("rebar.config", "Emakefile"), interpreters=("escript",)),
    _scanned("clojure", "Clojure", (".clj", ".cljs", ".cljc", ".cljx", ".bb", ".boot"), ";", aliases=("clj",),
             separator="/", interpreters=("bb", "clojure", "clj"), editor_ids=("clojurescript", "clojurec")),
    _scanned("commonlisp", "Common Lisp", (".lisp", ".lsp", ".asd", ".cl"), ";", aliases=("lisp", "cl"),
             editor_ids=("lisp", "common-lisp"), lexer="common-lisp", content=rb"^\s*\((?:def|in-package|asdf:)",
             interpreters=("sbcl", "clisp", "ecl", "ccl"), block_comments=(("#|", "|#"),)),
    _scanned("elisp", "Emacs Lisp", (".el",), ";", aliases=("emacs-lisp",), editor_ids=("emacs-lisp", "emacslisp"),
             lexer="emacs-lisp", filenames=(".emacs", ".spacemacs", "Cask")),
    _scanned("scheme", "Scheme, Racket", (".scm", ".ss", ".sld", ".sls", ".rkt", ".rktl"), ";", aliases=("racket",),
             editor_ids=("racket",), interpreters=("guile", "racket", "chibi-scheme", "csi"),
             block_comments=(("#|", "|#"),)),
    _scanned("vim", "Vim script", (".vim", ".vba", ".vmb"), '"', aliases=("viml", "vimscript"),
             editor_ids=("viml", "vimscript"), plain_documentation=_MARKS,
             filenames=(".vimrc", "_vimrc", "vimrc", ".gvimrc", "gvimrc", ".nvimrc")),
    _scanned("matlab", "MATLAB, Octave", (".m",), "%", aliases=("octave",), editor_ids=("octave",), content=_MATLAB,
             interpreters=("octave",), plain_documentation=_MARKS),
    _scanned("fortran", "Fortran", (".f90", ".f95", ".f03", ".f08", ".f", ".for", ".f77", ".fpp", ".ftn", ".fypp"), "!",
             editor_ids=("FortranFreeForm", "fortran_fixed-form"), plain_documentation=_MARKS),
    _scanned("ada", "Ada", (".adb", ".ads", ".ada"), "--", opens_body=(" is",)),
    _scanned("pascal", "Pascal, Delphi", (".pas", ".dpr", ".lpr", ".pascal"), aliases=("delphi",), lexer="delphi",
             editor_ids=("objectpascal", "delphi"), plain_documentation=_MARKS,
             block_comments=(("{", "}"), ("(*", "*)"))),
    _scanned("vhdl", "VHDL", (".vhd", ".vhdl", ".vht", ".vho"), "--", opens_body=(" is",)),
    _scanned("verilog", "Verilog, SystemVerilog", (".sv", ".svh", ".v", ".vh"), aliases=("systemverilog", "sv"),
             editor_ids=("systemverilog",), lexer="systemverilog", block_comments=_C_COMMENTS,
             foreign=rb"^(?:Require|From \w+ Require|Theorem|Lemma|Proof|Definition|Inductive|Section)\b"
                     rb"|^(?:pub )?fn \w|^module \w+[ \t]*\r?\n(?:\s*import\b|\s*(?:pub )?(?:fn|struct)\b)"),
    _scanned("fsharp", "F#", (".fs", ".fsi", ".fsx"), aliases=("f#", "fs"), block_comments=(("(*", "*)"),),
             interpreters=("fsharpi",), plain_documentation=hook("csharp", "csharp_documentation")),
    _scanned("groovy", "Groovy, Gradle", (".groovy", ".gradle", ".gvy", ".nf"), aliases=("gradle",),
             editor_ids=("gradle", "jenkinsfile", "nextflow"), filenames=("Jenkinsfile",), interpreters=("groovy",),
             block_comments=_C_COMMENTS, annotation=rb"@[\w.]+(?:\([^()]*\))?",
             plain_documentation=hook("java", "javadoc")),
    _scanned("gdscript", "GDScript", (".gd",), "#", editor_ids=("gd",)),
    _scanned("glsl", "GLSL, HLSL", (".glsl", ".vert", ".frag", ".geom", ".comp", ".tesc", ".tese", ".vsh", ".fsh",
             ".fs", ".vs", ".rgen", ".rchit", ".rmiss", ".hlsl", ".hlsli", ".fx", ".fxh", ".cginc", ".shader",
             ".compute"), aliases=("hlsl",), editor_ids=("hlsl",), block_comments=_C_COMMENTS,
             content=rb"^\s*#version\b|^\s*precision\s+\w+\s+float|\bgl_(?:Frag|Pos)|\bvoid\s+main\s*\("),
    _scanned("wgsl", "WGSL", (".wgsl",), block_comments=_C_COMMENTS),
)  # fmt: skip

OTHER = Language(
    name="source",
    display="Other source",
    module="",
    lexer="text",
    extensions=tuple(
        "." + one
        for one in (
            "abap ac ado agda ahk aidl al als apl applescript asm asn1 asp aspx au3 avdl awk axaml bas "
            "bat bb bbappend bib bicep boo bp bsl bsv c3 cairo capnp cbl cfc cfm chpl ck cls cmd cob coffee "
            "cpy cr csh cshtml cue cypher d dhall di dm dts dtsi dylan e ebnf elm factor fbs feature fish fnl "
            "fth fut g g4 gap gleam gms gn gni gnuplot gosu gyp gypi haml hx hy idl idr ijs io iss janet jcl "
            "jq jsonnet kdl ksy l ld lds lean lex lfe libsonnet lidr liq litcoffee ll ls ly m4 magik mc mint "
            "mo mod mojo moon move mq4 mq5 mzn nas nasm ncl nim nims nit nsh nsi nu odin opa oz p4 pddl pig "
            "pike pkl pl0 plt pmod pony pov pp pri prisma pro prolog pug purs pxd pxi pyx q qbs qml raku "
            "rakumod razor rbs re reb red rego rei res resi rexx ring robot rpgle s sage sas sats scad scd "
            "sce sci scrbl sig slim smali smithy smk sml sp spec spin sqf st stan sty swg tcl tcsh tex "
            "textile thrift tla tpl trigger txl typ uc ur vala vapi vb vbs vtl wast wat webidl wiki wl wls "
            "wren xaml xq xqm xquery xsl xslt y yang yap yara yy zep zil zsc"
        ).split()
    ),
    filenames=("meson.build", "meson_options.txt", "Jamfile", "Jamroot", "Snakefile", "Kconfig", "configure.ac",
               "Earthfile", "Procfile", "CODEOWNERS", "Caddyfile", "BUCK", "rebar.config.script"),
    interpreters=("awk", "gawk", "mawk", "tclsh", "wish", "expect", "fish", "csh", "tcsh", "nu", "raku", "crystal",
                  "nim", "swipl", "jq", "sed", "gnuplot", "osascript", "janet", "coffee"),
    line_comments=("#", "//", ";", "--", "%"),
    block_comments=_C_COMMENTS,
    after=hook("chunks", "chunks"),
)  # fmt: skip
"""Readable files in other languages: the file, and parts of it that end at blank lines."""
