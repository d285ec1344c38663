(call_expression function: (identifier) @call)
(call_expression function: (scoped_identifier path: (_) @receiver name: (identifier) @call))
(call_expression function: (field_expression value: (_) @receiver field: (field_identifier) @call))
(call_expression function: (generic_function function: [
  (identifier) @call
  (scoped_identifier path: (_) @receiver name: (identifier) @call)
  (field_expression value: (_) @receiver field: (field_identifier) @call)]))
(macro_invocation macro: (identifier) @call)
(macro_invocation macro: (scoped_identifier path: (_) @receiver name: (identifier) @call))
(struct_expression name: (type_identifier) @new)
(struct_expression name: (scoped_type_identifier path: (_) @receiver name: (type_identifier) @new))
; The text of a macro's arguments is not parsed: a name before parentheses looks like a call.
(token_tree (identifier) @call . (token_tree))

(impl_item trait: [(type_identifier) @base (generic_type type: (type_identifier) @base) (scoped_type_identifier name: (type_identifier) @base)]
  type: [(type_identifier) @derived (generic_type type: (type_identifier) @derived)])
(trait_item bounds: (trait_bounds (type_identifier) @base))

(use_declaration argument: (scoped_identifier path: (_) @module name: (identifier) @import))
(use_declaration argument: (use_as_clause path: (scoped_identifier path: (_) @module name: (identifier) @import) alias: (identifier) @alias))
(use_declaration argument: (scoped_use_list path: (_) @module list: (use_list [(identifier) @import
  (use_as_clause path: (identifier) @import alias: (identifier) @alias)])))
(use_declaration argument: (use_wildcard (_) @module) @import)

; What names stand for.
(parameter pattern: (identifier) @variable type: (_) @of)
(let_declaration pattern: (identifier) @variable type: (_) @of)
(let_declaration pattern: [(identifier) @variable (mut_pattern (identifier) @variable)] !type
  value: [(call_expression) (struct_expression) (try_expression) (await_expression) (reference_expression)] @value)
(field_declaration name: (field_identifier) @field type: (_) @of)
(static_item name: (identifier) @variable type: (_) @of)
(const_item name: (identifier) @variable type: (_) @of)

