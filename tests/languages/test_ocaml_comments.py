"""Which item of OCaml a comment documents: comments before, after and between items."""

from __future__ import annotations

import pytest

from codesearch.extract.symbols import extract

INTERFACE = """val f : int -> int
(** Doubles it. *)
val g : int -> int
(** Triples it. *)

(** Above h. *)
val h : int

type t = A | B
(** Of t. *)
type u = C

(** Above a. *)
val a : int
(** Above b, since a has one. *)
val b : int

val c : int (** On the line of c. *)
val d : int
(**/**)
val e : int
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_comment_between_two_items_documents_one_of_them(line_end: str):
    found = extract(INTERFACE.replace("\n", line_end).encode(), "ocaml_interface", "a.mli")
    assert {one.name: one.documentation for one in found[1:] if one.kind in ("function", "type")} == {
        "f": "Doubles it.",
        "g": "Triples it.",
        "h": "Above h.",
        "t": "Of t.",
        "u": "",
        "a": "Above a.",
        "b": "Above b, since a has one.",
        "c": "On the line of c.",
        "d": "",
        "e": "",
    }


def test_in_an_implementation_it_documents_the_second():
    source = "type f = int\n(** Of g. *)\ntype g = int\n\n(** Of h. *)\nlet h x = x\n\nlet i x = x\n(** Of i. *)\n"
    found = extract(source.encode(), "ocaml", "a.ml")
    assert {one.name: one.documentation for one in found[1:]} == {"f": "", "g": "Of g.", "h": "Of h.", "i": "Of i."}
