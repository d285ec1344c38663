(subroutine_declaration_statement name: (bareword) @name) @function
(method_declaration_statement name: (bareword) @name) @method
(package_statement name: (package) @name (block)? @body) @module
(class_statement name: (package) @name (block)? @body) @class
(role_statement name: (package) @name (block)? @body) @trait
(assignment_expression left: (variable_declaration variable: (scalar (varname) @name)) right: (anonymous_subroutine_expression body: (_) @body)) @function
(assignment_expression left: [(glob (varname) @name) (scalar (varname) @name)] right: (anonymous_subroutine_expression body: (_) @body)) @function
; has limit => (..), around save => sub { .. } of Moose
((_
  function: (function) @_called
  arguments: (list_expression . [(autoquoted_bareword) (string_literal)] @name)) @method
 (#eq? @_called "has"))
((_
  function: (function) @_called
  arguments: (list_expression . [(autoquoted_bareword) (string_literal)] @name
    (anonymous_subroutine_expression body: (_) @body))) @method
 (#any-of? @_called "around" "before" "after" "override" "augment" "method" "fun"))
; my %dispatch = (list => sub { .. })
(assignment_expression
  left: [(hash) (variable_declaration variable: (hash)) (variable_declaration variable: (scalar)) (scalar)]
  right: [
    (parenthesized_expression (list_expression
      [(autoquoted_bareword) (string_literal)] @name . (anonymous_subroutine_expression body: (_) @body) @function))
    (anonymous_hash_expression (list_expression
      [(autoquoted_bareword) (string_literal)] @name . (anonymous_subroutine_expression body: (_) @body) @function))])
((ambiguous_function_call_expression
  function: (function) @_called
  arguments: (list_expression . [(string_literal) (interpolated_string_literal)] @name . (anonymous_subroutine_expression body: (_) @body))) @test
 (#any-of? @_called "subtest" "describe" "it" "test" "context"))
; { package Shop; .. } and subtest a => sub { package Shop; .. }: the package ends with the block
(block [(package_statement) (class_statement) (role_statement)]) @block
(block_statement [(package_statement) (class_statement) (role_statement)]) @block
