(** Module doc. *)
open Base

(** A cache. *)
type 'a cache = { size : int; store : 'a list }
and other = int
type color = Red | Green
type t = ..
(** Finds. *)
let rec find key = function [] -> None | x :: xs -> let inner y = y in find key xs
and helper x = x
let value = 3
let handler = fun x -> x + 1
let ( + ) a b = a
let (>>=) m f = f m
let%test "works" = true
let () = print_endline "x"
module Inner = struct
  let go () = 1
  type t = int
end
module Make (X : S) : T with type t = X.t = struct let run x = x end
module type S = sig
  (** V *)
  val area : t -> float
  type t
end
class point x = object (self) method move d = d method private hid = 1 end
exception Bad of string
external c_sin : float -> float = "sin"
let labelled ~x ?(y=1) z = x
let map = List.map ~f:foo
let a, b = 1, 2
let typed : int -> int = fun x -> x
(* plain comment *)
let poly (type a) (x : a) = x
let trail x = x
(** trailing doc *)
