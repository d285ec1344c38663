; Top level and structures only: what `let ... in` binds stays in its function.
(module_binding (module_name) @name) @module
(module_type_definition (module_type_name) @name) @interface
(class_binding (class_name) @name) @class
(class_type_binding (class_type_name) @name) @interface
(type_binding name: (_) @name) @type
(exception_definition (constructor_declaration (constructor_name) @name)) @type

(compilation_unit (value_definition (let_binding
  pattern: [(value_name) (parenthesized_operator)] @name
  [(parameter) (fun_expression) (function_expression)]) @function))
(structure (value_definition (let_binding
  pattern: [(value_name) (parenthesized_operator)] @name
  [(parameter) (fun_expression) (function_expression)]) @function))
(compilation_unit (value_definition (let_binding pattern: (value_name) @name type: (function_type)) @function))
(structure (value_definition (let_binding pattern: (value_name) @name type: (function_type)) @function))
(compilation_unit (value_definition (let_binding pattern: (parenthesized_operator) @name)) @function)
(structure (value_definition (let_binding pattern: (parenthesized_operator) @name)) @function)
(compilation_unit (value_definition (attribute_id) (let_binding pattern: (string) @name) @test))
(structure (value_definition (attribute_id) (let_binding pattern: (string) @name) @test))
(external [(value_name) (parenthesized_operator)] @name) @function
(method_definition (method_name) @name) @method
(value_specification [(value_name) (parenthesized_operator)] @name) @signature
(method_specification (method_name) @name) @signature
