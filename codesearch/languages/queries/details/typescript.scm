(class_body (public_field_definition name: (_) @name) @field)
(enum_body (enum_assignment name: (_) @name) @member)
(enum_body (property_identifier) @name @member)
(interface_body (property_signature name: (_) @name) @documented_field)
(type_alias_declaration value: (object_type (property_signature name: (_) @name) @documented_field))
(program (ambient_declaration (lexical_declaration (variable_declarator name: (identifier) @name) @constant)))
(program (export_statement declaration: (ambient_declaration
  (lexical_declaration (variable_declarator name: (identifier) @name) @constant))))
(internal_module body: (statement_block (export_statement declaration:
  (lexical_declaration "const" (variable_declarator name: (identifier) @name) @constant))))
; A parameter of a constructor that is a field as well.
(required_parameter (accessibility_modifier) pattern: (identifier) @name) @field
(required_parameter "readonly" pattern: (identifier) @name) @field
(optional_parameter (accessibility_modifier) pattern: (identifier) @name) @field
(optional_parameter "readonly" pattern: (identifier) @name) @field
