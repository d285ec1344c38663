(const_item name: (identifier) @name) @constant
(static_item name: (identifier) @name) @variable
(enum_variant name: (identifier) @name) @member
(struct_item body: (field_declaration_list (field_declaration name: (field_identifier) @name) @field))
