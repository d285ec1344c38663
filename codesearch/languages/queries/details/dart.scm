(program (static_final_declaration_list (static_final_declaration . (identifier) @name) @constant))
(program (initialized_identifier_list (initialized_identifier . (identifier) @name) @variable))
(declaration (static_final_declaration_list (static_final_declaration . (identifier) @name))) @constant
(declaration (initialized_identifier_list (initialized_identifier . (identifier) @name))) @field
(enum_constant name: (identifier) @name) @member
