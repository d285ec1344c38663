module Shop.Cart

/// How many.
let limit = 5

/// <summary>Adds an item.</summary>
[<CompiledName("Add")>]
let rec add (item: string) cart =
    let inner x =
        x + 1
    item :: cart

type Item =
    { Name: string }

    member this.Shout() = this.Name

/// Shapes.
module Shapes =
    type Shape =
        | Circle of float
    let area shape =
        match shape with
        | Circle r -> r
// let no x = x
let (|Even|Odd|) n = if n % 2 = 0 then Even else Odd
