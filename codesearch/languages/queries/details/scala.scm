(template_body (val_definition pattern: (identifier) @name) @constant)
(template_body (var_definition pattern: (identifier) @name) @field)
(template_body (val_definition pattern: (identifiers (identifier) @name)) @constant)
(template_body (var_definition pattern: (identifiers (identifier) @name)) @field)
; What a class keeps of its parameters: all of a case class, else those with val or var.
(class_definition "case" class_parameters: (class_parameters (class_parameter name: (identifier) @name) @field))
(class_definition class_parameters: (class_parameters (class_parameter ["val" "var"] name: (identifier) @name) @field))
(enum_definition class_parameters: (class_parameters (class_parameter ["val" "var"] name: (identifier) @name) @field))
(compilation_unit (val_definition pattern: (identifier) @name) @constant)
(simple_enum_case name: (identifier) @name) @member
(full_enum_case name: (identifier) @name) @member
