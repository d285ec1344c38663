"""The rules of `lines` for languages of the Lisp family."""

from __future__ import annotations

from codesearch.languages.hooks.lines import Head, Rule

_PLAIN = rb';[^\n]*|#\|[\s\S]*?(?:\|#|\Z)|"(?:[^"\\]|\\[\s\S])*(?:"|\\?\Z)|\\[()\[\]{}";]'
_BLANK = _PLAIN + rb'|\?\\?[()\[\]{}";]'
_NAME = rb"(?P<name>[^\s()\[\]{}\"',`;]+)"
_META = rb"(?:\^(?:\{[^{}]*\}|:?[\w./-]+)[ \t\n]+)*"


def _head(kind: str, words: str, name: bytes = _NAME) -> Head:
    return Head(kind, rb"^[ \t]*\((?:" + words.replace("*", r"\*").encode() + rb")[ \t\n]+" + name)


RULES: dict[str, Rule] = {
    "clojure": Rule(
        heads=(
            _head("namespace", "ns|in-ns", _META + rb"'?(?P<name>[\w.*+!?<>=/-]+)"),
            _head("test", r"(?:[\w.]+/)?deftest-?|(?:[\w.]+/)?defspec", _META + _NAME),
            _head("macro", r"(?:[\w.]+/)?defmacro-?", _META + _NAME),
            _head("interface", "defprotocol|definterface", _META + _NAME),
            _head("struct", r"(?:[\w.]+/)?defrecord\+?|(?:[\w.]+/)?deftype\+?|defstruct", _META + _NAME),
            _head("call", "defproject"),
            _head("constant", r"(?:[\w.]+/)?def(?:once)?|s/def|def-", _META + _NAME),
            _head("function", r"(?:[\w.]+/)?def[\w-]+", _META + _NAME),
        ),
        blank=_BLANK,
        end="form",
        docstring="name",
    ),
    "elisp": Rule(
        heads=(
            _head("function", "defun|defsubst|cl-defun|cl-defsubst|cl-defgeneric|cl-defmethod|defmethod|defgeneric"
                  "|define-inline|iter-defun|define-advice|defadvice|define-(?:minor|derived|generic|compilation)-mode"
                  "|define-globali[sz]ed-minor-mode|transient-(?:define|augment)-(?:prefix|suffix|infix|argument|group)"
                  "|ert-deftest-async|define-skeleton"),
            _head("macro", "defmacro|cl-defmacro|gv-define-setter|pcase-defmacro"),
            _head("struct", "cl-defstruct|defstruct|defclass|cl-deftype|define-error", rb"[('\t ]*" + _NAME),
            _head("test", "ert-deftest"),
            _head("alias", "defalias|define-obsolete-function-alias|define-obsolete-variable-alias", rb"'?" + _NAME),
            _head("constant", "defconst"),
            _head("variable", "defvar|defcustom|defvar-local|defvar-keymap|defface|defgroup"),
        ),
        blank=_BLANK,
        end="form",
        docstring="form",
    ),
    "commonlisp": Rule(
        heads=(
            _head("function", "(?:[\\w-]+:)?(?:defun|defgeneric|defmethod|define-compiler-macro|defsetf|define-setf-expander"
                  "|define-method-combination|define-easy-handler|define-command)",
                  rb"(?:\((?=setf\b|[^\s()]+[ \t]+:))?(?P<name>(?<=\()setf[ \t]+[^\s()]+|[^\s()\[\]{}\"',`;]+)\)?"),
            _head("macro", "(?:[\\w-]+:)?(?:defmacro|define-modify-macro|define-symbol-macro|defmacro-[\\w-]+)"),
            _head("class", "(?:[\\w-]+:)?(?:defclass|define-condition)"),
            _head("struct", "defstruct", rb"\(?" + _NAME),
            _head("type", "deftype"),
            _head("test", "(?:[\\w-]+:)?(?:deftest|define-test|test)"),
            _head("call", "(?:[\\w-]+:)?(?:defsystem|defpackage|define-package)", rb"(?:#?:)?\"?(?P<name>[^\s()\"]+)\"?"),
            _head("constant", "defconstant|define-constant|alexandria:define-constant"),
            _head("variable", "defvar|defparameter|sb-ext:defglobal"),
        ),
        blank=_PLAIN,
        end="form",
        docstring="form",
    ),
    "scheme": Rule(
        heads=(
            _head("function", "define(?:/contract|/public|/private|/override|/match|\\*|-public|-values)?", rb"\(+" + _NAME),
            _head("macro", "define-syntax(?:-rule|-parse-rule)?|define-macro", rb"\(?" + _NAME),
            _head("struct", "define-record-type|struct|define-struct|define-class", rb"[<(]?" + _NAME.replace(b";]", b";<>]")),
            _head("test", "test-case|test-group|test-suite", rb'(?P<name>"[^"\n]+")'),
            _head("variable", "define(?:-public|/contract)?"),
        ),
        blank=_PLAIN,
        end="form",
    ),
}  # fmt: skip
