(template_body (val_definition pattern: (identifier) @name) @constant)
(template_body (var_definition pattern: (identifier) @name) @field)
(compilation_unit (val_definition pattern: (identifier) @name) @constant)
(simple_enum_case name: (identifier) @name) @member
(full_enum_case name: (identifier) @name) @member
