(call_expression function: (identifier) @call)
(call_expression function: (selector_expression operand: (_) @receiver field: (field_identifier) @call))
(call_expression function: (parenthesized_expression (identifier) @call))
(call_expression function: (index_expression operand: (identifier) @call))
(call_expression function: (type_instantiation_expression (type_identifier) @call))

(import_spec !name path: (_) @module)
(import_spec name: (package_identifier) @alias path: (_) @module)
(import_spec name: (dot) @import path: (_) @module)

; An embedded type: its methods are those of the type around it.
(field_declaration !name type: (type_identifier) @base)
(field_declaration !name type: (qualified_type package: (_) @receiver name: (type_identifier) @base))
(field_declaration !name type: (generic_type type: (type_identifier) @base))
(interface_type (type_elem (type_identifier) @base))
(interface_type (type_elem (qualified_type package: (_) @receiver name: (type_identifier) @base)))

; What names stand for.
(parameter_declaration name: (identifier) @variable type: (_) @of)
(var_spec name: (identifier) @variable type: (_) @of)
(var_spec name: (identifier) @variable !type value: (expression_list . [(call_expression) (composite_literal) (unary_expression)] @value .))
(short_var_declaration left: (expression_list . (identifier) @variable) right: (expression_list . [(call_expression) (composite_literal) (unary_expression)] @value .))
(field_declaration name: (field_identifier) @field type: (_) @of)

(composite_literal type: (type_identifier) @new)
(composite_literal type: (generic_type type: (type_identifier) @new))
(composite_literal type: (qualified_type package: (_) @receiver name: (type_identifier) @new))
