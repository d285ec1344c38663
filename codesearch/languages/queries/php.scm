; Namespaces do not qualify names: they come in two forms (with a body and for the file), and a file's path says them.
(function_definition name: (name) @name) @function
; #[Test] of PHPUnit
((method_declaration
  attributes: (attribute_list (attribute_group (attribute [(name) @_t (qualified_name (name) @_t .)])))
  name: (name) @name) @test
 (#eq? @_t "Test"))
(method_declaration name: (name) @name) @method
(property_declaration
  (property_element name: (variable_name (name) @name)) (property_hook_list) @body) @method
(class_declaration name: (name) @name) @class
(interface_declaration name: (name) @name) @interface
(trait_declaration name: (name) @name) @trait
(enum_declaration name: (name) @name) @enum
(assignment_expression
  left: (_) @name
  right: [(anonymous_function body: (_) @body) (arrow_function body: (_) @body)]) @function
(array_element_initializer . (string) @name [(anonymous_function body: (_) @body) (arrow_function body: (_) @body)]) @function
((function_call_expression
  function: (name) @_f
  arguments: (arguments
    . (argument (_) @name)
    (argument [(anonymous_function body: (_) @body) (arrow_function body: (_) @body)]))) @test
  (#any-of? @_f "it" "test" "describe"))
