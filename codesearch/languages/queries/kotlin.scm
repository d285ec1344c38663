; An unnamed companion object is no container: Kotlin writes `Cache.of`.
(class_declaration (modifiers (class_modifier "enum")) name: (identifier) @name (enum_class_body)? @body) @enum
(class_declaration "interface" name: (identifier) @name [(class_body) (enum_class_body)]? @body) @interface
(class_declaration "class" name: (identifier) @name (class_body)? @body) @class
(object_declaration name: (identifier) @name (class_body)? @body) @class
(companion_object name: (identifier) @name (class_body)? @body) @class
(enum_entry (identifier) @name (class_body) @body) @class
(type_alias type: (identifier) @name) @type

; @Test and the like: a test
((function_declaration
  (modifiers
    (annotation
      [(user_type (identifier) @_t .) (constructor_invocation (user_type (identifier) @_t .))]))
  name: (identifier) @name
  (function_body)? @body) @test
 (#any-of? @_t "Test" "ParameterizedTest" "RepeatedTest" "TestFactory" "TestTemplate" "Theory"))
(function_declaration
  [(user_type . (identifier) @scope) (nullable_type (user_type . (identifier) @scope))]
  . name: (identifier) @name
  (function_body)? @body) @function
(function_declaration name: (identifier) @name (function_body)? @body) @function
(secondary_constructor "constructor" @name (block)? @body) @method
(property_declaration
  [(user_type . (identifier) @scope) (nullable_type (user_type . (identifier) @scope))]
  . (variable_declaration (identifier) @name)
  [(getter) (setter)] @body) @method
(property_declaration (variable_declaration (identifier) @name) [(getter) (setter)] @body) @method
(property_declaration
  (variable_declaration (identifier) @name)
  [(lambda_literal) (anonymous_function)] @body) @function
(property_declaration
  (variable_declaration (identifier) @name)
  (object_literal (class_body)) @body) @class

((call_expression
  (call_expression (identifier) @_called (value_arguments . (value_argument (string_literal) @name)))
  (annotated_lambda) @body) @test
 (#any-of? @_called
  "describe" "context" "it" "test" "should" "given" "When" "Then" "Given" "feature" "scenario" "expect"))

(source_file (annotated_expression) @annotated)
