"""The rules of `lines` for VHDL, Verilog with SystemVerilog, and Ada, which VHDL is modelled on."""

from __future__ import annotations

from codesearch.languages.hooks.lines import Head, Rule

_ADA_STRING = rb"--[^\n]*|\"(?:[^\"\n])*\""
_QUALIFIERS = rb"(?:(?:virtual|static|local|protected|automatic|forkjoin|pure)[ \t]+)*"

RULES: dict[str, Rule] = {
    "verilog": Rule(
        heads=(
            Head("class", rb"^[ \t]*(?:virtual[ \t]+)?(?:interface[ \t]+)?(?P<keyword>class)[ \t]+(?:automatic[ \t]+)?(?P<name>\w+)"),
            Head("interface", rb"^[ \t]*(?P<keyword>interface)[ \t]+(?!class\b)(?:automatic[ \t]+)?(?P<name>\w+)"),
            Head("module", rb"^[ \t]*(?P<keyword>module|package|program|checker|primitive)[ \t]+(?:automatic[ \t]+|static[ \t]+)?(?P<name>\w+)"),
            Head("module", rb"^[ \t]*macro(?P<keyword>module)[ \t]+(?P<name>\w+)"),
            Head("prototype", rb"^[ \t]*(?:extern|pure[ \t]+virtual|import[ \t]+\"[^\"\n]*\")[^\n;(]*?\b(?:function|task)\b[^;(\n]*?(?P<name>\w+)[ \t]*[;(]", "brace"),
            Head("function", rb"^[ \t]*" + _QUALIFIERS + rb"(?P<keyword>function|task)\b[^;(\n]*?(?P<scope>(?:\w+::)?)(?P<name>\w+)[ \t]*(?:[;(]|\r?$)"),
            Head("type", rb"^[ \t]*(?P<keyword>property|sequence|covergroup)[ \t]+(?P<name>\w+)"),
            Head("type", rb"^[ \t]*typedef\b(?![^;{\n]*\bclass\b)[^;{}]{0,200}(?:\{(?:[^{}]|\{[^{}]*\}){0,8000}\})?[^;{}]{0,60}?(?P<name>\b\w+)[ \t]*(?:\[[^\]\n]*\][ \t]*)*;", "match"),
            Head("macro", rb"^[ \t]*`define[ \t]+(?P<name>\w+)\(", "line"),
            Head("constant", rb"^[ \t]*`define[ \t]+(?P<name>\w+)(?![\w(])", "line"),
            Head("constant", rb"^[ \t]*(?:parameter|localparam)\b[^=;\n]*?(?P<name>\w+)[ \t]*(?:\[[^\]\n]*\][ \t]*)*=", "line"),
        ),
        blank=rb"//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|\"(?:[^\"\\\n]|\\.)*\"?",
        end="keyword",
        closer=rb"^[ \t]*end(?P<keyword>module|class|interface|package|program|checker|primitive|function|task|property|sequence|group)\b(?:[ \t]*:[ \t]*\w+)?",
        no_names=frozenset(b"if for begin end void".split()),
    ),
    "vhdl": Rule(
        heads=(
            Head("module", rb"^[ \t]*entity[ \t]+(?P<name>\w+)[ \t]+is\b"),
            Head("module", rb"^[ \t]*architecture[ \t]+(?P<name>\w+)[ \t]+of[ \t]+(?P<scope>\w+)[ \t]+is\b"),
            Head("module", rb"^[ \t]*(?:package(?:[ \t]+body)?|context|configuration)[ \t]+(?P<name>\w+)[ \t]+(?:of[ \t]+\w+[ \t]+)?is\b(?![ \t\n]*new\b)"),
            Head("function", rb"^[ \t]*(?:(?:pure|impure)[ \t]+)?(?:function|procedure)[ \t]+(?P<scope>(?:\w+\.)*)(?P<name>\w+|\"[^\"\n]+\")"),
            Head("function", rb"^[ \t]*(?P<name>\w+)[ \t]*:[ \t]*(?:postponed[ \t]+)?process\b"),
            Head("struct", rb"^[ \t]*type[ \t]+(?P<name>\w+)[ \t]+is[ \t\n]+(?:record|protected)\b"),
            Head("type", rb"^[ \t]*(?:sub)?type[ \t]+(?P<name>\w+)[ \t]+is\b[^;]{0,3000};", "match"),
            Head("constant", rb"^[ \t]*constant[ \t]+(?P<name>\w+)", "line"),
        ),
        blank=_ADA_STRING,
        end="indent",
        closer=rb"end\b",
        ignore_case=True,
        bodies=True,
        no_names=frozenset([b"is"]),
    ),
    "ada": Rule(
        heads=(
            Head("module", rb"^[ \t]*(?:private[ \t]+)?package(?:[ \t]+body)?[ \t]+(?P<name>[\w.]+)(?:[ \t\n]+with\b[^;]{0,300}?)?[ \t\n]+is\b(?![ \t\n]*(?:new|separate)\b)"),
            Head("function", rb"^[ \t]*(?:(?:not[ \t]+)?overriding[ \t\n]+)?(?:function|procedure|entry)[ \t\n]+(?P<scope>(?:\w+\.)*)(?P<name>\w+|\"[^\"\n]+\")"),
            Head("class", rb"^[ \t]*(?:task|protected)(?:[ \t]+(?:type|body))?[ \t]+(?P<name>\w+)\b(?![ \t]*;)(?=[^;]{0,800}\bis\b)"),
            Head("struct", rb"^[ \t]*type[ \t]+(?P<name>\w+)[^;]{0,400}?\bis\b[\w\s.]{0,200}?\brecord\b(?![ \t]*;)"),
            Head("type", rb"^[ \t]*(?:sub)?type[ \t]+(?P<name>\w+)[^;]{0,3000};", "match"),
            Head("constant", rb"^[ \t]*(?P<name>\w+)[ \t]*:[ \t]*constant\b", "line"),
        ),
        blank=_ADA_STRING + rb"|'.'",
        end="indent",
        closer=rb"end\b",
        ignore_case=True,
        bodies=True,
        no_names=frozenset([b"is", b"body"]),
        lead=rb"^[ \t]*generic[ \t]*\r?\n(?:[ \t]+(?:type|with|package|use)\b[^;]{0,600};[ \t]*\r?\n|[ \t]*[\w, ]{1,80}:[^;]{0,300};[ \t]*\r?\n){0,20}",
    ),
}  # fmt: skip
