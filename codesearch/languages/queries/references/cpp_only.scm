(call_expression function: (qualified_identifier scope: (_) @receiver name: (identifier) @call))
(call_expression function: (qualified_identifier scope: (_) @receiver name: (qualified_identifier scope: (_) name: (identifier) @call)))
(call_expression function: (template_function name: (identifier) @call))
(call_expression function: (qualified_identifier scope: (_) @receiver name: (template_function name: (identifier) @call)))
(call_expression function: (field_expression argument: (_) @receiver field: (template_method name: (field_identifier) @call)))
(new_expression type: (type_identifier) @new)
(new_expression type: (qualified_identifier scope: (_) @receiver name: (type_identifier) @new))

(base_class_clause [(type_identifier) @base (template_type name: (type_identifier) @base) (qualified_identifier scope: (_) @receiver name: (type_identifier) @base)])

(parameter_declaration type: (_) @of declarator: (reference_declarator (identifier) @variable))
(optional_parameter_declaration type: (_) @of declarator: (identifier) @variable)
(declaration type: (_) @of declarator: (reference_declarator (identifier) @variable))
(declaration type: (placeholder_type_specifier) declarator: (init_declarator declarator: (identifier) @variable value: [(call_expression) (new_expression)] @value))
(for_range_loop type: (_) @of declarator: [(identifier) @variable (reference_declarator (identifier) @variable)])

