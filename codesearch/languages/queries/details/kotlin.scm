(source_file (property_declaration (variable_declaration (identifier) @name)) @constant)
(class_body (property_declaration (variable_declaration (identifier) @name)) @field)
(class_parameter ["val" "var"] (identifier) @name) @field
(enum_entry (identifier) @name) @member
