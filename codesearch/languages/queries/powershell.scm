(function_statement (function_name) @name "{" @body) @function
(class_statement . (simple_name) @name "{" @body) @class
(enum_statement . (simple_name) @name "{" @body) @enum
(class_method_definition (simple_name) @name "{" @body) @function
; Pester
((command
  command_name: (command_name) @_called
  command_elements: (command_elements
    (array_literal_expression (unary_expression (string_literal) @name))
    (array_literal_expression (unary_expression (script_block_expression) @body)))) @test
 (#any-of? @_called "Describe" "Context" "It" "describe" "context" "it"))
