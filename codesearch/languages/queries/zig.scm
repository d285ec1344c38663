; A function that returns a container is a generic type.
((function_declaration
  name: (identifier) @name
  type: (builtin_type) @_type
  body: (block
    (expression_statement
      (return_expression [(struct_declaration) (union_declaration) (enum_declaration) (opaque_declaration)])) .)) @struct
 (#eq? @_type "type"))
(function_declaration name: (identifier) @name) @function
(variable_declaration
  (identifier) @name
  [(struct_declaration) (union_declaration) (opaque_declaration)] .) @struct
(variable_declaration (identifier) @name [(enum_declaration) (error_set_declaration)] .) @enum
(test_declaration [(string) (identifier)] @name (block) @body) @test
(test_declaration . "test" @name . (block) @body) @test
