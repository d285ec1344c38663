(function_declaration name: (identifier) @name) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @scope
    (generic_type type: (type_identifier) @scope)
    (pointer_type [(type_identifier) @scope (generic_type type: (type_identifier) @scope)])
    (parenthesized_type (_) @scope)]))
  name: (field_identifier) @name) @method

(type_spec name: (type_identifier) @name type: (struct_type (field_declaration_list) @body)) @struct
(type_spec name: (type_identifier) @name type: (interface_type)) @interface
(type_spec name: (type_identifier) @name) @type
(type_alias name: (type_identifier) @name) @type
(method_elem name: (field_identifier) @name) @signature
(type_declaration . (_) @inner .) @wrap
(var_declaration . (var_spec) @inner .) @wrap

(var_spec name: (identifier) @name value: (expression_list . (func_literal body: (_) @body))) @function
(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list . (func_literal body: (_) @body))) @function
(assignment_statement
  left: (expression_list . [(identifier) (selector_expression)] @name)
  right: (expression_list . (func_literal body: (_) @body))) @function
; T{Handler: func() {}}; in a map or an array the key is no name of the function
(composite_literal
  type: [(type_identifier) (qualified_type) (generic_type)]
  body: (literal_value (keyed_element
    . (literal_element (identifier) @name)
    (literal_element (func_literal body: (_) @body))) @function))
(literal_element (literal_value (keyed_element
  . (literal_element (identifier) @name)
  (literal_element (func_literal body: (_) @body))) @function))

((call_expression
  function: (selector_expression field: (field_identifier) @_f)
  arguments: (argument_list . (interpreted_string_literal) @name . (func_literal body: (_) @body))) @test
  (#eq? @_f "Run"))
