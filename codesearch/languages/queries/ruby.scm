(method name: (_) @name) @function
(singleton_method name: (_) @name) @method
(class name: (_) @name) @class
(module name: (_) @name) @module
(assignment left: (_) @name right: (lambda body: (_) @body)) @function
(assignment left: (constant) @name right: (call method: (identifier) @_m block: (_) @body)
  (#any-of? @_m "new" "define")) @class
((call method: (identifier) @_m arguments: (argument_list . [(simple_symbol) (string)] @name) block: (_) @body) @method
  (#any-of? @_m "define_method" "define_singleton_method"))
((call method: (identifier) @_m arguments: (argument_list . (_) @name) block: (_) @body) @test
  (#any-of? @_m "describe" "context" "it" "specify" "test" "should" "scenario" "feature"))
((call !receiver method: (identifier) @_m arguments: (argument_list . [(simple_symbol) (string) (hash) (pair)] @name) block: (_) @body) @function
  (#eq? @_m "task"))
