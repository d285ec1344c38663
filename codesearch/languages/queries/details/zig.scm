(variable_declaration (identifier) @skip (builtin_function (builtin_identifier) @_f) (#eq? @_f "@import"))
(source_file (variable_declaration (identifier) @name) @constant)
(struct_declaration (variable_declaration (identifier) @name) @constant)
(container_field name: (identifier) @name) @field
