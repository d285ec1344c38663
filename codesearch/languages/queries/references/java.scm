(method_invocation !object name: (identifier) @call)
(method_invocation object: (_) @receiver name: (identifier) @call)
(object_creation_expression type: [(type_identifier) @new (generic_type (type_identifier) @new) (scoped_type_identifier (type_identifier) @receiver (type_identifier) @new)])
(explicit_constructor_invocation constructor: (super) @call)
(explicit_constructor_invocation constructor: (this) @call)
(method_reference . (_) @receiver (identifier) @use .)

(superclass [(type_identifier) @base (generic_type (type_identifier) @base)])
(super_interfaces (type_list [(type_identifier) @base (generic_type (type_identifier) @base)]))
(extends_interfaces (type_list [(type_identifier) @base (generic_type (type_identifier) @base)]))

(import_declaration (scoped_identifier scope: (_) @module name: (identifier) @import) .)
(import_declaration (scoped_identifier) @module (asterisk) @import)

; What names stand for.
(formal_parameter type: (_) @of name: (identifier) @variable)
(local_variable_declaration type: (_) @of declarator: (variable_declarator name: (identifier) @variable value: (_)? @value))
(field_declaration type: (_) @of declarator: (variable_declarator name: (identifier) @field))
(enhanced_for_statement type: (_) @of name: (identifier) @variable)
(resource type: (_) @of name: (identifier) @variable)
(record_declaration parameters: (formal_parameters (formal_parameter type: (_) @of name: (identifier) @field)))

(marker_annotation name: (identifier) @decorator)
(annotation name: (identifier) @decorator)
