(variable_declarator name: (identifier) @skip value: (call_expression function: (identifier) @_f)
  (#any-of? @_f "require"))
(variable_declarator name: (identifier) @skip value: (await_expression (call_expression function: (import))))
(program (lexical_declaration "const" (variable_declarator name: (identifier) @name) @constant))
(program (lexical_declaration "let" (variable_declarator name: (identifier) @name) @variable))
(program (variable_declaration (variable_declarator name: (identifier) @name) @variable))
(program (export_statement declaration: (lexical_declaration "const" (variable_declarator name: (identifier) @name) @constant)))
(program (export_statement declaration: (lexical_declaration "let" (variable_declarator name: (identifier) @name) @variable)))
(program (export_statement declaration: (variable_declaration (variable_declarator name: (identifier) @name) @variable)))
; task("deploy", async () => {}), gulp.task("build", ..), app.get("/users", ..)
((program (expression_statement (call_expression
  function: [(identifier) (member_expression)] @_f
  arguments: (arguments . [(string) (template_string)] @name [(arrow_function) (function_expression) (call_expression)])) @call))
  (#match? @_f "(^|\\.)(task|subtask|command|get|post|put|patch|delete|route|on|handle|register|registerTask|component|directive|factory|service|controller|defineConfig|customElements\\.define)$"))
