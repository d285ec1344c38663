; What JavaScript and TypeScript share.

(function_declaration name: (identifier) @name) @function
(generator_function_declaration name: (identifier) @name) @function
(method_definition name: (_) @name) @method

; const f = () => {}, const f = function () {}
(variable_declarator
  name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @function

; const f = memo(() => {}), useCallback(async () => {}), forwardRef(function X() {})
((variable_declarator
  name: (identifier) @name
  value: (call_expression
    function: [(identifier) @_f (member_expression property: (property_identifier) @_f) (call_expression)]
    arguments: (arguments . [(arrow_function body: (_) @body) (function_expression body: (_) @body)]))) @function
  (#not-any-of? @_f "map" "filter" "find" "findIndex" "findLast" "some" "every" "reduce" "flatMap" "forEach" "sort"
    "toSorted" "then" "catch" "finally" "setTimeout" "setInterval" "requestAnimationFrame" "Promise"))

; exports.f = function () {}, A.prototype.f = () => {}
(assignment_expression
  left: [(identifier) (member_expression) (subscript_expression)] @name
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @function

; { key: () => {} }
(pair
  key: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @method

; { hello: publicProcedure.query(() => ..) }
((pair
  key: (_) @name
  value: (call_expression
    function: [(identifier) @_f (member_expression property: (property_identifier) @_f) (call_expression)]
    arguments: (arguments . [(arrow_function body: (_) @body) (function_expression body: (_) @body)]))) @method
  (#not-any-of? @_f "map" "filter" "find" "findIndex" "findLast" "some" "every" "reduce" "flatMap" "forEach" "sort"
    "toSorted" "then" "catch" "finally"))

; named callbacks, and what a factory returns
(arguments (function_expression name: (identifier) @name) @function)
(array (function_expression name: (identifier) @name) @function)
(return_statement (function_expression name: (identifier) @name) @function)
(export_statement "default" @name value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @function

; describe("title", () => {}), it.only(..), test.each(..)("title", ..)
(call_expression
  function: [
    (identifier) @_f
    (member_expression object: (identifier) @_f)
    (call_expression function: (member_expression object: (identifier) @_f))
    (call_expression function: (identifier) @_f)]
  arguments: (arguments
    . [(string) (template_string)] @name
    [(arrow_function body: (_) @body) (function_expression body: (_) @body)])
  (#any-of? @_f "describe" "it" "test" "context" "suite" "specify" "bench")) @test

(export_statement declaration: (_) @inner) @wrap
(lexical_declaration . (variable_declarator) @inner .) @wrap
(variable_declaration . (variable_declarator) @inner .) @wrap
