(preproc_def name: (identifier) @name value: (_)) @constant
(enumerator name: (identifier) @name) @member
(property_declaration (struct_declaration (struct_declarator [(identifier) @name (pointer_declarator declarator: (identifier) @name)]))) @field
