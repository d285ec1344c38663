; Values are constants if they are no functions, which the other query has.
(compilation_unit (value_definition (let_binding pattern: (value_name) @name !type) @constant))
(compilation_unit (value_definition (let_binding pattern: (value_name) @name type: (_)) @constant))
(structure (value_definition (let_binding pattern: (value_name) @name) @constant))
(constructor_declaration (constructor_name) @name) @member
(type_binding body: (record_declaration (field_declaration (field_name) @name) @field))
