(preproc_def name: (identifier) @name value: (_)) @constant
(enumerator name: (identifier) @name) @member
(property_declaration (struct_declaration (struct_declarator [(identifier) @name (pointer_declarator declarator: (identifier) @name)]))) @field
(translation_unit (declaration (type_qualifier) declarator: (init_declarator declarator: (identifier) @name)) @constant)
(translation_unit (declaration declarator: (init_declarator declarator: (pointer_declarator (type_qualifier) declarator: (identifier) @name))) @constant)
