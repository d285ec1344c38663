(method name: (_) @name) @function
(singleton_method name: (_) @name) @method
(class name: (_) @name) @class
(module name: (_) @name) @module
(assignment left: (_) @name right: (lambda body: (_) @body)) @function
; UPPER = lambda do |x| end, Proc.new { }
((assignment left: (_) @name right: (call !receiver method: (identifier) @_m block: (_) @body)) @function
  (#any-of? @_m "lambda" "proc"))
((assignment left: (_) @name right: (call receiver: (constant) @_r method: (identifier) @_m block: (_) @body)) @function
  (#eq? @_r "Proc") (#eq? @_m "new"))
; Point = Struct.new(:x, :y), with or without a block
((assignment left: (constant) @name right: (call method: (identifier) @_m block: (_) @body)) @class
  (#any-of? @_m "new" "define"))
((assignment left: [(constant) (scope_resolution)] @name right: (call receiver: (_) @_r method: (identifier) @_m)) @class
  (#match? @_r "^(::)?(Struct|Data|Class)$") (#any-of? @_m "new" "define"))
((assignment left: [(constant) (scope_resolution)] @name right: (call receiver: (_) @_r method: (identifier) @_m)) @module
  (#match? @_r "^(::)?Module$") (#eq? @_m "new"))
((call method: (identifier) @_m arguments: (argument_list . [(simple_symbol) (string)] @name) block: (_) @body) @method
  (#any-of? @_m "define_method" "define_singleton_method"))
((call method: (identifier) @_m arguments: (argument_list . (_) @name) block: (_) @body) @test
  (#any-of? @_m "describe" "context" "it" "specify" "test" "should" "scenario" "feature"))
((call !receiver method: (identifier) @_m arguments: (argument_list . [
    (simple_symbol) @name
    (string) @name
    (pair key: (_) @name)
    (hash . (pair key: (_) @name))]) block: (_) @body) @function
  (#any-of? @_m "task" "file" "multitask" "rule"))
((call !receiver method: (identifier) @_m arguments: (argument_list . [(simple_symbol) (string)] @name) block: (_)) @namespace
  (#eq? @_m "namespace"))

; scope :active, -> { }, let(:user) { }, shared_examples "..." do
((call !receiver method: (identifier) @_m arguments: (argument_list . (simple_symbol) @name . (lambda body: (_) @body))) @method
  (#eq? @_m "scope"))
((call !receiver method: (identifier) @_m
  arguments: (argument_list . (simple_symbol) @name . (call method: (identifier) @_l block: (_) @body))) @method
  (#eq? @_m "scope") (#any-of? @_l "lambda" "proc"))
((call !receiver method: (identifier) @_m arguments: (argument_list . (simple_symbol) @name .) block: (_) @body) @method
  (#any-of? @_m "let" "let!" "subject"))
((call method: (identifier) @_m arguments: (argument_list . [(simple_symbol) (string)] @name) block: (_) @body) @test
  (#any-of? @_m "shared_examples" "shared_examples_for" "shared_context"))

; private def f, memoize def f, sig { .. } above a method
(call arguments: (argument_list . [(method) (singleton_method)] @inner .)) @wrap
((call !receiver method: (identifier) @_m block: (_)) @attribute
  (#eq? @_m "sig"))
((call !receiver method: (identifier) @_m arguments: (argument_list . (string) .)) @description
  (#eq? @_m "desc"))
