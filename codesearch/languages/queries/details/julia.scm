(const_statement (assignment . (identifier) @name)) @constant
(macrocall_expression (macro_identifier) @_e
  (macro_argument_list . (_) [(identifier) @name (assignment . (identifier) @name)] @member) (#eq? @_e "@enum"))
(macrocall_expression (macro_identifier) @_e
  (macro_argument_list . (_) (compound_statement [(identifier) @name (assignment . (identifier) @name)] @member)) (#eq? @_e "@enum"))
(const_statement (assignment . (typed_expression . (identifier) @name))) @constant
(const_statement (assignment . (open_tuple (identifier) @name))) @constant
(struct_definition [(identifier) @name (typed_expression . (identifier) @name)] @field)
(struct_definition (assignment . [(identifier) @name (typed_expression . (identifier) @name)]) @field)
