(module_definition name: (_) @name) @module
(struct_definition (type_head [
  (identifier) @name
  (parametrized_type_expression . (identifier) @name)
  (binary_expression . (identifier) @name)
  (binary_expression . (parametrized_type_expression . (identifier) @name))])) @struct
(abstract_definition (type_head [
  (identifier) @name
  (parametrized_type_expression . (identifier) @name)
  (binary_expression . (identifier) @name)
  (binary_expression . (parametrized_type_expression . (identifier) @name))])) @type
(primitive_definition (type_head [
  (identifier) @name
  (binary_expression . (identifier) @name)])) @type

(function_definition (signature [
  (identifier) @name
  (call_expression . (_) @name)
  (typed_expression . (call_expression . (_) @name))
  (where_expression . (call_expression . (_) @name))
  (where_expression . (typed_expression . (call_expression . (_) @name)))
  (where_expression . (where_expression . (call_expression . (_) @name)))])) @function
(assignment . [
  (call_expression . (_) @name)
  (typed_expression . (call_expression . (_) @name))
  (where_expression . (call_expression . (_) @name))
  (where_expression . (typed_expression . (call_expression . (_) @name)))
  (where_expression . (where_expression . (call_expression . (_) @name)))
] . (operator) . (_) @body) @function
(assignment . (binary_expression (operator) @name) . (operator) . (_) @body) @function
(assignment . (identifier) @name . (operator) . [(arrow_function_expression) (function_definition)] @body) @function
(macro_definition (signature (call_expression . (_) @name))) @macro
((macrocall_expression
  (macro_identifier) @_called
  (macro_argument_list . [(identifier) @name (typed_expression . (identifier) @name)])) @enum
 (#eq? @_called "@enum"))
((macrocall_expression
  (macro_identifier) @_called
  (macro_argument_list . (string_literal) @name [(compound_statement) (for_statement) (let_statement)] @body)) @test
 (#any-of? @_called "@testset" "@safetestset" "@testitem"))

(const_statement (_) @inner) @wrap
(macrocall_expression (macro_argument_list [(function_definition) (assignment) (struct_definition)] @inner .)) @wrap
((string_literal) @doc . (_) @documented)
((string_literal) @doc . (const_statement (_) @documented))
((string_literal) @doc . (macrocall_expression (macro_argument_list (_) @documented .)))

[(signature) (type_head)] @head
