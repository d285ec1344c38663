(class_declaration declaration_kind: ["class" "actor"] name: (type_identifier) @name) @class
(class_declaration declaration_kind: "struct" name: (type_identifier) @name) @struct
(class_declaration declaration_kind: "enum" name: (type_identifier) @name) @enum
(class_declaration declaration_kind: "extension" name: (_) @name) @impl
(protocol_declaration name: (type_identifier) @name) @interface
(typealias_declaration name: (type_identifier) @name) @type
(associatedtype_declaration name: (type_identifier) @name) @type

; @Test of Swift Testing
((function_declaration
  (modifiers (attribute (user_type (type_identifier) @_t .)))
  "func" . name: _ @name) @test
 (#eq? @_t "Test"))
(function_declaration "func" . name: _ @name) @function
(protocol_function_declaration "func" . name: _ @name) @function
(init_declaration name: "init" @name) @method
(deinit_declaration "deinit" @name) @method
(subscript_declaration "subscript" @name (computed_property) @body) @method
(protocol_property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @method
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  computed_value: (_) @body) @method
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  (willset_didset_block) @body) @method
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  value: (lambda_literal) @body) @function
(property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)
  value: (call_expression . (lambda_literal) @body)) @function
(macro_declaration (simple_identifier) @name definition: (_)? @body) @macro

((call_expression
  (simple_identifier) @_called
  (call_suffix
    (value_arguments . (value_argument value: (line_string_literal) @name))
    (lambda_literal) @body)) @test
 (#any-of? @_called "describe" "context" "it" "fit" "xit" "test"))

; Its functions, if they are in the file, take over its documentation.
(operator_declaration "operator" . (_) @name) @prototype
(precedence_group_declaration (simple_identifier) @name) @type
