"""
    Cache

A cache.
"""
module Cachey
using Base

"Finds."
function find(c::Cache{K}, key; x=1)::Int where K
    inner(y) = y
    return 1
end
# short
twice(x) = 2x
area(s::Shape)::Float64 where {T} = 1.0
Base.show(io::IO, c::Cache) = print(io, "x")
function Base.length(c::Cache) 1 end
Base.:+(a::Cache, b) = a
a ⊕ b = 1
+(a::Foo, b) = 1
(f::Functor)(x) = f.y
function (f::Functor)(x, y) end
const h = x -> x + 1
g = function (x) x end
macro wrap(ex) esc(ex) end
abstract type Shape <: Any end
primitive type B8 8 end
struct Point{T} <: Shape
    x::T
    Point(x) = new(x)
    function Point{T}(x, y) where T
        new(x)
    end
end
mutable struct Mut; x; end
Base.@kwdef struct Kw
    a = 1
end
@inline function fast(x) x end
@inline fast2(x) = x
@testset "works" begin @test 1 == 1 end
function stub end
"doc const" 
const X = 1
@doc "docs" f2(x) = 1
@enum Color red green
let
  function inlet() end
end
end
