; What JavaScript and TypeScript share. (`#not-match?`, because `#not-any-of?` lets everything through in tree-sitter 0.26.)

(function_declaration name: (identifier) @name) @function
(generator_function_declaration name: (identifier) @name) @function
(method_definition name: (_) @name) @method

; const f = () => {}, const f = function () {}
(variable_declarator
  name: (identifier) @name
  value: [(arrow_function) (function_expression) (generator_function)] @body) @function

; const f = memo(() => {}), useCallback(async () => {}), forwardRef(function X() {})
((variable_declarator
  name: (identifier) @name
  value: (call_expression
    function: [(identifier) @_f (member_expression property: (property_identifier) @_f) (call_expression)]
    arguments: (arguments . [(arrow_function) (function_expression)] @body))) @function
  (#not-match? @_f "^(map|filter|find|findIndex|findLast|some|every|reduce|flatMap|forEach|sort|toSorted|then|catch|finally|setTimeout|setInterval|requestAnimationFrame|Promise)$"))

; const f = memo(forwardRef(() => {}))
((variable_declarator
  name: (identifier) @name
  value: (call_expression
    function: [(identifier) @_f (member_expression property: (property_identifier) @_f) (call_expression)]
    arguments: (arguments . (call_expression
      function: [(identifier) @_g (member_expression object: (identifier) @_react)]
      arguments: (arguments . [(arrow_function) (function_expression)] @body))))) @function
  (#not-match? @_f "^(all|allSettled|race|any|then|push|concat|log|resolve|from|keys|entries|values|map|set|expect|assert|await)")
  (#not-match? @_g "^(map|filter|find|reduce|sort|some|every|setTimeout|setInterval)")
  (#match? @_react "^(React|Preact)$"))

; const fetchUser = createAsyncThunk("user/fetch", async () => {}): what a function at the top level makes of another
((program [
  (lexical_declaration (variable_declarator
    name: (identifier) @name
    value: (call_expression
      function: [(identifier) @_f (call_expression)]
      arguments: (arguments . [(string) (template_string) (array) (object) (identifier) (member_expression)]
        . [(arrow_function) (function_expression)] @body))) @function)
  (export_statement declaration: (lexical_declaration (variable_declarator
    name: (identifier) @name
    value: (call_expression
      function: [(identifier) @_f (call_expression)]
      arguments: (arguments . [(string) (template_string) (array) (object) (identifier) (member_expression)]
        . [(arrow_function) (function_expression)] @body))) @function))])
  (#not-match? @_f "^(map|filter|find|reduce|sort|each|some|every|watch|on|once|setTimeout|setInterval|reduceRight)"))

; exports.f = function () {}, A.prototype.f = () => {}
((assignment_expression
  left: [(identifier) (member_expression) (subscript_expression)] @name
  right: [(arrow_function) (function_expression) (generator_function)] @body) @function
  (#not-eq? @name "module.exports"))

; exports.f = exports.g = function () {}
((assignment_expression
  left: [(identifier) (member_expression)] @name
  right: (assignment_expression
    right: [(arrow_function) (function_expression) (generator_function)] @body)) @function
  (#not-match? @name "^(module\\.)?exports$"))

; A.prototype.f = deprecate(function () {}), A.f = (function () {})()
(assignment_expression
  left: (member_expression) @name
  right: (call_expression function: [
    (parenthesized_expression [(function_expression) (arrow_function)] @body)])) @function
(assignment_expression
  left: (member_expression) @name
  right: (parenthesized_expression [
    (call_expression function: (function_expression) @body)
    (function_expression) @body
    (arrow_function) @body])) @function
((assignment_expression
  left: (member_expression) @name
  right: (call_expression
    function: [(identifier) @_f (member_expression property: (property_identifier) @_f)]
    arguments: (arguments . (comment)* . [(arrow_function) (function_expression)] @body))) @function
  (#not-match? @_f "^(map|filter|find|findIndex|findLast|some|every|reduce|flatMap|forEach|sort|toSorted|then|catch|finally|setTimeout|setInterval|requestAnimationFrame|Promise)$"))

; module.exports = function createApplication() {}; without a name of its own it is `exports`
((assignment_expression
  left: (member_expression) @_left
  right: (function_expression name: (identifier) @name body: (_) @body)) @function
  (#eq? @_left "module.exports"))
((assignment_expression
  left: (member_expression) @name
  right: [(arrow_function) (function_expression !name)] @body) @function
  (#eq? @name "module.exports"))

; const f = (function () {})(), (function () {}()), (function () {}): a module, or a function that makes one
(variable_declarator
  name: (identifier) @name
  value: [
    (call_expression function: (parenthesized_expression [(function_expression) (arrow_function)] @body))
    (parenthesized_expression (call_expression function: (function_expression) @body))
    (parenthesized_expression [(function_expression) (arrow_function)] @body)]) @function

; const api = { list() {} }: its functions are api.list
(variable_declarator name: (identifier) @name value: (object)) @namespace
(variable_declarator
  name: (identifier) @name
  value: (call_expression
    function: (member_expression object: (identifier) @_o property: (property_identifier) @_f)
    arguments: (arguments . (object)))
  (#eq? @_o "Object") (#any-of? @_f "freeze" "seal")) @namespace
(pair key: (property_identifier) @name value: (object)) @namespace

; A.prototype = { add() {} }, Object.assign(A.prototype, { add() {} }): its functions are A.add
((assignment_expression left: (member_expression) @name right: (object)) @namespace
  (#not-match? @name "^(module\\.)?exports$|^this\\b"))
((call_expression arguments: (arguments . (member_expression) @name . (object))) @namespace
  (#match? @name "\\.prototype$"))

; { key: () => {} }
(pair
  key: (_) @name
  value: [(arrow_function) (function_expression) (generator_function)] @body) @method

; { hello: publicProcedure.query(() => ..) }
((pair
  key: (_) @name
  value: (call_expression
    function: [(identifier) @_f (member_expression property: (property_identifier) @_f) (call_expression)]
    arguments: (arguments . [(arrow_function) (function_expression)] @body))) @method
  (#not-match? @_f "^(map|filter|find|findIndex|findLast|some|every|reduce|flatMap|forEach|sort|toSorted|then|catch|finally)$"))

; named callbacks, and what a factory returns
(arguments (function_expression name: (identifier) @name) @function)
(array (function_expression name: (identifier) @name) @function)
(return_statement (function_expression name: (identifier) @name) @function)
(export_statement "default" @name value: [(arrow_function) (function_expression)] @body) @function

; describe("title", () => {}), it.only(..), test.each(..)("title", ..)
(call_expression
  function: [
    (identifier) @_f
    (member_expression object: (identifier) @_f)
    (call_expression function: (member_expression object: (identifier) @_f))
    (call_expression function: (identifier) @_f)]
  arguments: (arguments
    . [(string) (template_string)] @name
    [(arrow_function) (function_expression)] @body)
  (#any-of? @_f "describe" "it" "test" "context" "suite" "specify" "bench")) @test

(export_statement declaration: (_) @inner) @wrap
(export_statement value: (call_expression arguments: (arguments (function_expression) @inner))) @wrap
(lexical_declaration . (variable_declarator) @inner .) @wrap
(variable_declaration . (variable_declarator) @inner .) @wrap
