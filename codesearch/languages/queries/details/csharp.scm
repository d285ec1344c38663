(enum_member_declaration name: (identifier) @name) @member
(property_declaration name: (identifier) @name) @field
((field_declaration (modifier) @_m (variable_declaration (variable_declarator name: (identifier) @name))) @constant
  (#eq? @_m "const"))
((field_declaration (modifier) @_s (modifier) @_r (variable_declaration (variable_declarator name: (identifier) @name))) @constant
  (#eq? @_s "static") (#eq? @_r "readonly"))
(record_declaration (parameter_list (parameter name: (identifier) @name) @field))
(field_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @field
(event_field_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @field
