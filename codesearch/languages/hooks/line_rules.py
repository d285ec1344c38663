"""The rules of `lines` for languages with braces, indentation, and words that end a block."""

from __future__ import annotations

from codesearch.languages.hooks.lines import Head, Rule

# What is not closed reaches to the end of the line or of the file: looking for its end again and again takes too long.
_STRING = rb'"(?:[^"\\\n]|\\.)*"?'
_EITHER = _STRING + rb"|'(?:[^'\\\n]|\\.)*'?"
_C_BLANK = rb"//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|" + _STRING
_NO_CALLS = frozenset(b"if for while switch return else do catch new in as assert throw case function await".split())
_GROOVY_MODIFIERS = (
    rb"(?:@\w[\w.]*(?:\([^()\n]*\))?[ \t]+){0,6}"
    rb"(?:(?:public|private|protected|static|final|abstract|synchronized|sealed|default|strictfp)[ \t]+){0,6}"
)
_NO_TYPE = rb"(?!(?:return|new|else|throw|case|in|as|assert|import|package|if|while|for|switch|and|or|not)\b)"
_FSHARP_ACCESS = rb"(?:(?:private|internal|public|inline|rec|mutable)[ \t]+)*"
_FSHARP_NAME = rb"(?P<name>[a-zA-Z_][\w']*|``[^`\n]+``|\(\|[^()\n]*\|\)|\( ?[^\w\s()]+ ?\))"
_FSHARP_TEST = rb"^[ \t]*\[<[ \t]*(?:\w+\.)*(?:Fact|Theory|Property|Test|TestCase|TestMethod)\b[^\n]*>\][ \t]*"
"""An attribute of xUnit, FsCheck, NUnit or MSTest."""
_FORTRAN_TYPE = (
    rb"(?:integer|real|complex|logical|character|double[ \t]+precision|type|class)"
    rb"(?:[ \t]*\*[ \t]*\d+|[ \t]*\((?:[^()\n]|\([^()\n]*\))*\))?"
)
_FORTRAN_NAME = rb"(?P<name>\w(?:\w|\$\{[^}\n]{1,60}\}\$)*)"
_PASCAL_NAME = rb"(?P<scope>(?:\w+(?:<[\w, ]+>)?\.)*)(?P<name>\w+)"
_SHADER_TYPE = (
    _NO_TYPE + rb"(?:(?:highp|mediump|lowp|precise|inline|static|export|const)[ \t]+)*[A-Za-z_]\w*(?:<[^<>\n;]*>)?"
)

RULES: dict[str, Rule] = {
    "r": Rule(
        heads=(
            Head("class", rb"""^[ \t]*(?:\w+[ \t]*<-[ \t]*)?(?:methods::)?set(?:Ref)?Class\([ \t\n]*["'](?P<name>[\w.]+)"""),
            Head("class", rb"""^[ \t]*(?P<name>[\w.]+)[ \t]*(?:<-|=)[ \t]*(?:R6::)?R6Class\("""),
            Head("function", rb"""^[ \t]*(?:methods::)?set(?:Generic|Method|Validity)\([ \t\n]*["'](?P<name>[^"'\n]+)"""),
            Head("function", rb"""^[ \t]*[`"']?(?P<name>[\w.:]+(?:<-|\[+(?:<-)?)?|%[^%\s]+%|(?<=[`"'])[^`"'\n]{1,80})[`"']?[ \t]*<<?-[ \t\n]*(?:function\b[ \t]*|\\(?=\())"""),
            Head("function", rb"""^[`"']?(?P<name>[\w.]+)[`"']?[ \t]*=[ \t]*(?:function\b[ \t]*|\\(?=\())"""),
            Head("method", rb"""^[ \t]*(?P<name>[\w.]+)[ \t]*=[ \t]*(?:function\b[ \t]*|\\(?=\())"""),
            Head("test", rb"""^[ \t]*(?:testthat::)?(?:test_that|describe|it)\([ \t]*(?P<name>"[^"\n]+"|'[^'\n]+')"""),
            Head("variable", rb"^(?P<name>[\w.]+)[ \t]*(?:<-|=)(?![ \t\n]*(?:function\b|\\\())", "line"),
        ),
        blank=rb"#[^\n]*|\"(?:[^\"\\]|\\[\s\S])*(?:\"|\\?\Z)|'(?:[^'\\]|\\[\s\S])*(?:'|\\?\Z)",
        end="brace",
    ),
    "groovy": Rule(
        heads=(
            Head("call", rb"""^[ \t]*(?:tasks\.(?:register|create)[ \t]*\(?|task[ \t]+|stage[ \t]*\()[ \t]*["']?(?P<name>\w[\w -]*)["']?"""),
            Head("class", rb"^[ \t]*" + _GROOVY_MODIFIERS + rb"class[ \t]+(?P<name>\w+)"),
            Head("interface", rb"^[ \t]*" + _GROOVY_MODIFIERS + rb"(?:@interface|interface)[ \t]+(?P<name>\w+)"),
            Head("trait", rb"^[ \t]*" + _GROOVY_MODIFIERS + rb"trait[ \t]+(?P<name>\w+)"),
            Head("enum", rb"^[ \t]*" + _GROOVY_MODIFIERS + rb"enum[ \t]+(?P<name>\w+)"),
            Head("test", rb"^[ \t]*(?:@\w+(?:\([^()\n]*\))?\s+){0,6}(?:def|void)[ \t]+(?P<name>\"[^\"\n]+\"|'[^'\n]+')[ \t]*\("),
            Head("test", rb"^[ \t]*@(?:\w+\.)*(?:Parameterized|Repeated)?Test\b(?:\([^()\n]*\))?\s+(?:@\w+(?:\([^()\n]*\))?\s+){0,6}" + _GROOVY_MODIFIERS + rb"(?:def|void)[ \t]+(?P<name>\w+|\"[^\"\n]+\"|'[^'\n]+')[ \t]*\("),
            Head(
                "function",
                rb"^[ \t]*" + _GROOVY_MODIFIERS + rb"(?:<[^<>\n(){}]*>[ \t]+)?" + _NO_TYPE
                + rb"(?:def|[A-Za-z_][\w.]*(?:<[^;(){}\n=]*>)?(?:\[\])*)[ \t]+(?P<name>\w+)[ \t]*\(",
            ),
            Head("method", rb"^[ \t]*(?:(?:public|private|protected)[ \t]+)?(?P<name>[A-Z]\w*)(?=[ \t]*\([^()\n]*\)[^\n;]*\{)"),
            Head("constant", rb"^[ \t]*(?:(?:public|private|protected|static|final)[ \t]+){1,5}[\w.<>\[\], ]{1,80}[ \t]+(?P<name>[A-Z][A-Z0-9_]+)[ \t]*=", "line"),
        ),
        blank=rb'"""[\s\S]*?(?:"""|\Z)|\'\'\'[\s\S]*?(?:\'\'\'|\Z)|' + _C_BLANK + rb"|'(?:[^'\\\n]|\\.)*'?",
        end="brace",
        no_names=_NO_CALLS,
    ),
    "glsl": Rule(
        heads=(
            Head("struct", rb"^[ \t]*(?:struct|cbuffer|class|interface)[ \t]+(?P<name>\w+)"),
            Head("function", rb"^[ \t]*" + _SHADER_TYPE + rb"[ \t]+(?P<name>\w+)[ \t]*\("),
            Head("macro", rb"^[ \t]*#[ \t]*define[ \t]+(?P<name>\w+)\(", "line"),
            Head("constant", rb"^[ \t]*(?:#[ \t]*define[ \t]+(?P<name>\w+)(?![\w(]))", "line"),
            Head("constant", rb"^(?:static[ \t]+)?const[ \t]+(?:(?:highp|mediump|lowp)[ \t]+)?\w+(?:\[\w*\])?[ \t]+(?P<name>\w+)", "line"),
            Head("variable", rb"^[ \t]*(?:layout[ \t]*\([^()\n]*\)[ \t]*)?(?:(?:flat|smooth|centroid|noperspective|readonly|writeonly|coherent|restrict)[ \t]+)*(?:uniform|in|out|varying|attribute|shared|buffer)[ \t]+(?:(?:highp|mediump|lowp)[ \t]+)?(?:\w+[ \t]+)?(?P<name>\w+)(?=[ \t]*(?:[;=\[{]|$))", "line"),
        ),
        blank=_C_BLANK,
        end="brace",
        no_names=_NO_CALLS,
    ),
    "wgsl": Rule(
        heads=(
            Head("function", rb"^[ \t]*(?:@\w+(?:\([^()\n]*\))?\s*){0,6}fn[ \t]+(?P<name>\w+)[ \t]*\("),
            Head("struct", rb"^[ \t]*struct[ \t]+(?P<name>\w+)"),
            Head("type", rb"^[ \t]*alias[ \t]+(?P<name>\w+)", "line"),
            Head("constant", rb"^(?:@\w+(?:\([^()\n]*\))?[ \t]*)*(?:const|override)[ \t]+(?P<name>\w+)", "line"),
            Head("variable", rb"^(?:@\w+(?:\([^()\n]*\))?[ \t\n]*){0,6}var(?:<[^<>\n]*>)?[ \t]+(?P<name>\w+)", "line"),
        ),
        blank=_C_BLANK,
        end="brace",
    ),
    "fsharp": Rule(
        heads=(
            Head("namespace", rb"^(?:namespace|module)[ \t]+(?:rec[ \t]+|(?:private|internal|public)[ \t]+)*(?P<name>[\w.`]+)[ \t]*\r?$", "file"),
            Head("module", rb"^[ \t]*module[ \t]+" + _FSHARP_ACCESS + rb"(?P<name>[\w.]+)[ \t]*=[ \t]*\r?$"),
            Head("type", rb"^[ \t]*(?:type|and)[ \t]+(?:\[<[^\n]*?>\][ \t]*)?" + _FSHARP_ACCESS + rb"(?P<name>\w+|``[^`\n]+``)(?:<[^\n]*?>)?(?=[ \t]*(?:\(|=|\r?$|with\b|private\b))"),
            Head("test", _FSHARP_TEST + rb"let[ \t]+" + _FSHARP_ACCESS + _FSHARP_NAME),
            Head("method", rb"^[ \t]*(?:static[ \t]+)?(?:member|override|default|abstract)(?:[ \t]+member)?[ \t]+(?:val[ \t]+)?" + _FSHARP_ACCESS + rb"(?:[\w_]+\.)?(?P<name>\w+|``[^`\n]+``)"),
            Head("function", rb"^[ \t]*let[ \t]+" + _FSHARP_ACCESS + _FSHARP_NAME + rb"(?:<[^\n>]*>)?[ \t]+(?=[\w(_\[{?])(?!=|:)"),
            Head("function", rb"^[ \t]*let[ \t]+" + _FSHARP_ACCESS + _FSHARP_NAME + rb"(?:<[^\n>]*>)?(?=\()"),
            Head("function", rb"^[ \t]*and[ \t]+" + _FSHARP_ACCESS + _FSHARP_NAME + rb"[ \t]+(?=[\w(_][^\n]*=)"),
            Head("function", rb"^[ \t]*let[ \t]+" + _FSHARP_ACCESS + _FSHARP_NAME + rb"[ \t]*=[ \t]*(?:fun|function)\b"),
            Head("function", rb"^[ \t]*val[ \t]+" + _FSHARP_ACCESS + _FSHARP_NAME + rb"[ \t]*:[^\n]*->"),
            Head("constant", rb"^[ \t]*(?:let|val)[ \t]+" + _FSHARP_ACCESS + _FSHARP_NAME + rb"[ \t]*(?::[^\n=]*)?="),
        ),
        blank=rb'"""[\s\S]*?(?:"""|\Z)|@"[^"]*(?:"|\Z)|//[^\n]*|\(\*(?!\))[\s\S]*?(?:\*\)|\Z)|' + _STRING,
        end="indent",
        lead=rb"^[ \t]*\[<[^\n]*>\][ \t]*\r?\n",
        test=_FSHARP_TEST + rb"(?:\r?\n[ \t]*\[<[^\n]*>\][ \t]*){0,6}\r?\n[ \t]*",
    ),
    "gdscript": Rule(
        heads=(
            Head("namespace", rb"^class_name[ \t]+(?P<name>\w+)", "file"),
            Head("class", rb"^[ \t]*class[ \t]+(?P<name>\w+)"),
            Head("function", rb"^[ \t]*(?:@\w+(?:\([^()\n]*\))?[ \t]+)*(?:static[ \t]+|remote[ \t]+|master[ \t]+|puppet[ \t]+)*func[ \t]+(?P<name>\w+)"),
            Head("enum", rb"^[ \t]*enum[ \t]+(?P<name>\w+)"),
            Head("field", rb"^[ \t]*signal[ \t]+(?P<name>\w+)", "line"),
            Head("constant", rb"^[ \t]*const[ \t]+(?P<name>\w+)"),
            Head("variable", rb"^[ \t]*(?:@?\w+(?:\([^()\n]*\))?[ \t]+)*?var[ \t]+(?P<name>\w+)"),
        ),
        blank=rb'"""[\s\S]*?(?:"""|\Z)|#[^\n]*|"(?:[^"\\]|\\[\s\S])*(?:"|\Z)' + rb"|'(?:[^'\\]|\\[\s\S])*(?:'|\Z)",
        end="indent",
        lead=rb"^[ \t]*(?:@\w+(?:\([^()\n]*\))?[ \t]*)+(?:#[^\n]*)?\n",
    ),
    "erlang": Rule(
        heads=(
            Head("namespace", rb"^-module\([ \t]*(?P<name>[\w']+)[ \t]*\)", "file"),
            Head("struct", rb"^-record\([ \t]*(?P<name>\w+|'[^'\n]+')"),
            Head("type", rb"^-(?:type|opaque|nominal)[ \t]+(?P<name>\w+|'[^'\n]+')[ \t]*\("),
            Head("function", rb"^-callback[ \t]+(?P<name>\w+|'[^'\n]+')[ \t]*\(", "stop"),
            Head("macro", rb"^-define\([ \t]*(?P<name>\w+)[ \t]*\("),
            Head("constant", rb"^-define\([ \t]*(?P<name>\w+)[ \t]*,"),
            Head("function", rb"^(?P<name>[a-z][\w@]*|'[^'\n]+')\("),
        ),
        blank=rb"%[^\n]*|\$(?:\\.|[^\\\n])|\"(?:[^\"\\]|\\[\s\S])*\"|" + _EITHER,
        end="stop",
        lead=rb"^-(?:spec|doc|dialyzer)\b(?:[^\n]|\n(?![\n%]|[a-z'][\w@']*\(|-[a-z])){0,3000}\.[ \t]*\r?\n",
    ),
    "vim": Rule(
        heads=(
            Head("function", rb"^[ \t]*(?P<keyword>f)u(?:n(?:c(?:t(?:i(?:o(?:n)?)?)?)?)?)?!?[ \t]+(?P<name>(?:<[sS][iI][dD]>)?[\w.:#{}]+)[ \t]*\("),
            Head("function", rb"^[ \t]*(?:export[ \t]+)?(?:static[ \t]+)?(?P<keyword>d)ef!?[ \t]+(?P<name>[\w.:#]+)[ \t]*\("),
            Head("class", rb"^[ \t]*(?:export[ \t]+)?(?:abstract[ \t]+)?(?P<keyword>c)lass[ \t]+(?P<name>\w+)"),
            Head("alias", rb"^[ \t]*(?:[^\"|\n]{0,60}\|[ \t]*)?com(?:m(?:a(?:n(?:d)?)?)?)?!?[ \t]+(?:-\S+[ \t]+)*(?P<name>[A-Z]\w*)", "line"),
            Head("variable", rb"^(?:let|const|var|final)[ \t]+(?P<name>(?:[gs]:)?\w[\w#]*)[ \t]*(?::[^=\n]*)?=", "line"),
        ),
        blank=rb"^[ \t]*\"[^\n]*|^[ \t]*#[ \t][^\n]*",
        end="keyword",
        closer=rb"^[ \t]*end(?P<keyword>f|d|c)(?:unction|unctio|uncti|unct|unc|un|u|ef|lass)?\b[^\n]*",
    ),
    "matlab": Rule(
        heads=(
            Head("class", rb"^[ \t]*classdef\b[ \t]*(?:\([^()\n]*\)[ \t]*)?(?P<name>\w+)"),
            Head("function", rb"^[ \t]*function\b[ \t]*(?:(?:\[[^\]\n]*\]|\w+)[ \t]*=[ \t]*)?(?:get\.|set\.)?(?P<name>\w+)"),
        ),
        blank=rb"[%#][^\n]*|\"(?:[^\"\n])*\"|(?<![\w\])}.'])'(?:[^'\n]|'')*'",
        end="indent",
        closer=rb"end(?:function|classdef)?\b",
        docstring="below",
    ),
    "fortran": Rule(
        heads=(
            Head("module", rb"^[ \t]*(?:sub)?(?P<keyword>module)(?:[ \t]*\([\w: \t]+\))?[ \t]+(?!procedure\b|function\b|subroutine\b)" + _FORTRAN_NAME + rb"[ \t]*(?:![^\n]*)?\r?$"),
            Head("function", rb"^[ \t]*(?P<keyword>program)[ \t]+" + _FORTRAN_NAME + rb"[ \t]*(?:![^\n]*)?\r?$"),
            Head("function", rb"^[ \t]*(?:(?:pure|elemental|impure|recursive|module|non_recursive|" + _FORTRAN_TYPE + rb")[ \t]+)*(?P<keyword>subroutine|function)[ \t]+" + _FORTRAN_NAME + rb"(?![ \t]*=)"),
            Head("function", rb"^[ \t]*module[ \t]+(?P<keyword>procedure)[ \t]+" + _FORTRAN_NAME + rb"[ \t]*(?:![^\n]*)?\r?$", needs=rb"^[ \t]*end[ \t]*procedure\b"),
            Head("struct", rb"^[ \t]*(?P<keyword>type)(?:[ \t]*,[^:\n]*::|[ \t]*::|[ \t]+)[ \t]*(?!is\b)" + _FORTRAN_NAME + rb"[ \t]*(?:![^\n]*)?\r?$"),
            Head("interface", rb"^[ \t]*(?P<keyword>interface)[ \t]+(?P<name>(?:operator|assignment)[ \t]*\([^()\n]*\)|\w(?:\w|\$\{[^}\n]{1,60}\}\$)*)"),
            Head("constant", rb"^[ \t]*[\w()=, *]{1,80},[ \t]*parameter\b[^:\n]*::[ \t]*(?P<name>\w+)[ \t]*=", "line"),
        ),
        blank=rb"![^\n]*|'(?:[^'\n])*'|\"(?:[^\"\n])*\"",
        end="keyword",
        closer=rb"^[ \t]*end(?:[ \t]*(?:sub)?(?P<keyword>module|subroutine|(?<!sub)function|program|type|interface|procedure)\b[^\n;]*)?[ \t\r]*(?:;[^\n]*)?$",
        ignore_case=True,
    ),
    "pascal": Rule(
        heads=(
            Head("class", rb"^[ \t]*(?P<name>\w+)(?:<[^<>\n]*>)?[ \t]*=[ \t]*(?:class)\b(?![ \t]*of\b|[ \t]*;|[^\n]*\)[ \t]*;)"),
            Head("interface", rb"^[ \t]*(?P<name>\w+)(?:<[^<>\n]*>)?[ \t]*=[ \t]*(?:interface|dispinterface)\b(?![ \t]*;)"),
            Head("struct", rb"^[ \t]*(?P<name>\w+)(?:<[^<>\n]*>)?[ \t]*=[ \t]*(?:packed[ \t]+)?(?:record|object)\b"),
            Head("type", rb"^[ \t]*(?P<name>\w+)[ \t]*=[ \t]*(?:class\b(?:[ \t]+of\b[^\n;]*|[ \t]*\([^()\n]*\))[ \t]*;|\([^();]{1,2000}\)[ \t]*;|(?:reference[ \t]+to[ \t]+)?(?:procedure|function)\b[^\n]*;)", "match"),
            Head("function", rb"^[ \t]*(?:class[ \t]+)?(?:procedure|function|constructor|destructor|operator)[ \t]+" + _PASCAL_NAME),
            Head("field", rb"^[ \t]*(?:class[ \t]+)?property[ \t]+(?P<name>\w+)", "line"),
            Head("constant", rb"^[ \t]*(?P<name>[A-Z][A-Z0-9_]{2,})[ \t]*(?::[ \t]*[\w. ]+)?=[ \t]*[^\n]*;", "line"),
        ),
        blank=rb"//[^\n]*|\{[^}]*(?:\}|\Z)|\(\*[\s\S]*?(?:\*\)|\Z)|'(?:[^'\n])*'",
        end="indent",
        closer=rb"end\b",
        ignore_case=True,
        no_names=frozenset(b"if begin for while with case procedure function array set".split()),
        declared_before=rb"^implementation\b",
    ),
}  # fmt: skip
