; Clauses of one name and arity are merged in code.
((call target: (identifier) @_called (arguments . (_) @name) (do_block) @body) @module
 (#any-of? @_called "defmodule" "defimpl"))
((call target: (identifier) @_called (arguments . (_) @name) (do_block) @body) @interface
 (#eq? @_called "defprotocol"))

((call target: (identifier) @_called
  (arguments . [
    (identifier) @name
    (call target: (_) @name)
    (binary_operator left: (call target: (_) @name) operator: "when")
    (binary_operator left: (identifier) @name operator: "when")
    (binary_operator left: (binary_operator operator: _ @name) operator: "when")
    (binary_operator operator: _ @name)
    (unary_operator operator: _ @name)
  ])
  (do_block)? @body) @function
 (#any-of? @_called "def" "defp" "defdelegate" "defn" "defnp")
 (#not-eq? @name "when"))
((call target: (identifier) @_called
  (arguments . [
    (identifier) @name
    (call target: (_) @name)
    (binary_operator left: (call target: (_) @name) operator: "when")
    (binary_operator left: (identifier) @name operator: "when")
    (binary_operator left: (binary_operator operator: _ @name) operator: "when")
    (binary_operator operator: _ @name)
    (unary_operator operator: _ @name)
  ])
  (do_block)? @body) @macro
 (#any-of? @_called "defmacro" "defmacrop" "defguard" "defguardp")
 (#not-eq? @name "when"))
((call target: (identifier) @_called (arguments . (string) @name) (do_block) @body) @test
 (#any-of? @_called "test" "describe" "property" "feature"))

((unary_operator
  operator: "@"
  operand: (call target: (identifier) @_attribute (arguments . (binary_operator
    left: [(identifier) @name (call target: (identifier) @name)]
    operator: "::")))) @type
 (#any-of? @_attribute "type" "typep" "opaque"))
((unary_operator
  operator: "@"
  operand: (call target: (identifier) @_attribute (arguments . [
    (binary_operator left: (call target: (identifier) @name) operator: "::")
    (binary_operator
      left: (binary_operator left: (call target: (identifier) @name) operator: "::")
      operator: "when")
  ]))) @signature
 (#any-of? @_attribute "callback" "macrocallback"))

((unary_operator
  operator: "@"
  operand: (call target: (identifier) @_attribute
    (arguments . [(string) (sigil)] @doc))) @attribute
 (#any-of? @_attribute "doc" "typedoc"))
((unary_operator
  operator: "@"
  operand: (call target: (identifier) @_attribute
    (arguments . [(boolean) (keywords)]))) @attribute
 (#any-of? @_attribute "doc" "typedoc"))
((unary_operator operator: "@" operand: (call target: (identifier) @_attribute)) @attribute
 (#any-of? @_attribute "spec" "impl" "since" "deprecated" "decorate" "tag" "dialyzer"))
((call
  target: (identifier) @_called
  (do_block
    (unary_operator
      operator: "@"
      operand: (call target: (identifier) @_attribute (arguments . [(string) (sigil)] @doc))))) @documented
 (#eq? @_attribute "moduledoc"))
