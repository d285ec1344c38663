(** Module *)
type 'a t
(** A type. *)

val find : key -> 'a t -> 'a option
(** Finds (after). *)

module Inner : sig val go : unit -> int end
module type S = sig val x : int end
external c_sin : float -> float = "sin"
exception Bad of string
class point : int -> object method move : int -> unit end
val ( + ) : int -> int -> int
module Make (X : S) : S
