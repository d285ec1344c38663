; @Test and the like: a test
((method_declaration
  (modifiers
    [(marker_annotation name: [(identifier) @_t (scoped_identifier name: (identifier) @_t)])
     (annotation name: [(identifier) @_t (scoped_identifier name: (identifier) @_t)])])
  name: (identifier) @name) @test
 (#any-of? @_t "Test" "ParameterizedTest" "RepeatedTest" "CartesianTest" "RetryingTest" "TestFactory" "TestTemplate" "Theory"))
(method_declaration name: (identifier) @name) @method
(constructor_declaration name: (identifier) @name) @method
(compact_constructor_declaration name: (identifier) @name) @method
(annotation_type_element_declaration name: (identifier) @name) @method
(class_declaration name: (identifier) @name) @class
(interface_declaration name: (identifier) @name) @interface
(enum_declaration name: (identifier) @name) @enum
(enum_constant name: (identifier) @name body: (class_body) @body) @class
(record_declaration name: (identifier) @name) @class
(annotation_type_declaration name: (identifier) @name) @interface
(variable_declarator name: (identifier) @name value: (lambda_expression body: (_) @body)) @function

(field_declaration declarator: (variable_declarator value: (lambda_expression)) @inner) @wrap
