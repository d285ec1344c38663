(class_definition name: (_) @name) @class
(object_definition name: (_) @name) @class
(package_object name: (_) @name) @module
(trait_definition name: (_) @name) @trait
(enum_definition name: (_) @name) @enum
(type_definition name: (_) @name) @type
(given_definition name: (_) @name body: [(with_template_body) (template_body)]) @class
(given_definition name: (_) @name) @function
(given_definition !name return_type: (_) @name body: (with_template_body)) @class
(given_definition !name return_type: (_) @name) @function
(given_definition !name return_type: (_) @anonymous)
(extension_definition parameters: (parameters . (parameter type: (_) @name))) @impl
(val_definition
  pattern: (identifier) @name
  value: (instance_expression (template_body) @body)) @class

; @Test of JUnit
((function_definition
  (annotation name: [(type_identifier) @_t (stable_type_identifier (type_identifier) @_t .)])
  name: (_) @name) @test
 (#any-of? @_t "Test" "ParameterizedTest" "RepeatedTest"))
(function_definition name: (_) @name) @function
(function_declaration name: (_) @name) @function
(val_definition
  pattern: (identifier) @name
  value: [(lambda_expression) (case_block)] @body) @function
(val_definition
  pattern: (identifier) @name
  value: (block . [(lambda_expression) (case_block)] .) @body) @function

((call_expression
  function: (call_expression
    function: (identifier) @_called
    arguments: (arguments . (string) @name))
  arguments: [(block) (case_block)] @body) @test
 (#any-of? @_called "test" "testAsync" "property" "describe" "it" "feature" "Feature" "scenario" "Scenario"))
((infix_expression left: (_) @name operator: (identifier) @_operator right: (block) @body) @test
 (#any-of? @_operator "in" "should" "must" "can" "when" "which" "that"))

[(comment) (block_comment)] @comment
