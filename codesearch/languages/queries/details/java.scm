(class_body (field_declaration (modifiers "static" "final") declarator: (variable_declarator name: (identifier) @name)) @constant)
(interface_body (constant_declaration declarator: (variable_declarator name: (identifier) @name)) @constant)
(class_body (field_declaration declarator: (variable_declarator name: (identifier) @name)) @field)
(enum_body_declarations (field_declaration (modifiers "static" "final") declarator: (variable_declarator name: (identifier) @name)) @constant)
(enum_body_declarations (field_declaration declarator: (variable_declarator name: (identifier) @name)) @field)
(record_declaration parameters: (formal_parameters (formal_parameter name: (identifier) @name) @field))
(enum_constant name: (identifier) @name) @member
