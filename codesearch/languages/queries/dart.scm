; A body is the sibling of its signature: `@tail` marks it, and code joins the two.
(class_definition name: (identifier) @name) @class
(class_definition (mixin_application_class . (identifier) @name)) @class
(mixin_declaration (identifier) @name (class_body) @body) @trait
(enum_declaration name: (identifier) @name) @enum
(extension_declaration name: (identifier) @name) @class
(extension_declaration !name class: (_) @name) @impl
(extension_type_declaration name: (identifier) @name) @class
(type_alias "typedef" . (type_identifier) @name . (type_parameters)? . "=") @type
(type_alias (type_identifier) @name . (type_parameters)? . (formal_parameter_list)) @type

(program (function_signature name: (identifier) @name) @function)
(program (getter_signature name: (identifier) @name) @function)
(program (setter_signature name: (identifier) @name) @function)
(local_function_declaration (lambda_expression parameters: (function_signature name: (identifier) @name))) @function
(method_signature (function_signature name: (identifier) @name)) @method
(method_signature (getter_signature name: (identifier) @name)) @method
(method_signature (setter_signature name: (identifier) @name)) @method
(method_signature (operator_signature (binary_operator) @name)) @method
(method_signature (operator_signature ["~" "[]" "[]="] @name)) @method
(method_signature (constructor_signature (identifier) @name . (formal_parameter_list))) @method
(method_signature (factory_constructor_signature (identifier) @name . (formal_parameter_list))) @method
(declaration (function_signature name: (identifier) @name)) @method
(declaration (getter_signature name: (identifier) @name)) @method
(declaration (setter_signature name: (identifier) @name)) @method
(declaration (operator_signature (binary_operator) @name)) @method
(declaration (constructor_signature (identifier) @name . (formal_parameter_list))) @method
(declaration (constant_constructor_signature (identifier) @name . (formal_parameter_list))) @method
(declaration (factory_constructor_signature (identifier) @name . (formal_parameter_list))) @method
(declaration (redirecting_factory_constructor_signature (identifier) @name . (formal_parameter_list))) @method
(initialized_identifier . (identifier) @name (function_expression body: (_) @body)) @function
(static_final_declaration . (identifier) @name (function_expression body: (_) @body)) @function
(function_body) @tail

((expression_statement
  (identifier) @_called
  (selector (argument_part (arguments
    . (argument (string_literal) @name)
    (argument (function_expression body: (_) @body)))))) @test
 (#any-of? @_called "test" "group" "testWidgets" "blocTest"))

(annotation) @attribute
(declaration (initialized_identifier_list (initialized_identifier) @inner .)) @wrap
