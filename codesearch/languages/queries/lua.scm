(function_declaration name: (_) @name) @function
(assignment_statement
  (variable_list . name: (_) @name .)
  (expression_list . value: (function_definition body: (_)? @body) .)) @function
(field name: (identifier) @name value: (function_definition body: (_)? @body)) @function
(field
  name: (string content: (string_content) @name)
  value: (function_definition body: (_)? @body)) @function
((function_call
  name: (_) @_called
  arguments: (arguments . (string content: (string_content) @name) (function_definition) @body)) @test
 (#any-of? @_called "describe" "it" "test" "context" "insulate" "expose" "pending" "randomize"))

(assignment_statement
  (variable_list . name: (_) @name .)
  (expression_list . value: (table_constructor (field)) .)) @namespace
(field name: (identifier) @name value: (table_constructor (field))) @namespace

(variable_declaration (assignment_statement) @inner) @wrap
