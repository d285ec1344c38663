(call_expression function: (identifier) @call)
(call_expression function: (field_expression argument: (_) @receiver field: (field_identifier) @call))
(preproc_include path: [(string_literal) (system_lib_string)] @module)

; What names stand for.
(parameter_declaration type: (_) @of declarator: [(identifier) @variable (pointer_declarator declarator: (identifier) @variable)])
(declaration type: (_) @of declarator: [
  (identifier) @variable
  (pointer_declarator declarator: (identifier) @variable)
  (init_declarator declarator: [(identifier) @variable (pointer_declarator declarator: (identifier) @variable)])])
(field_declaration type: (_) @of declarator: [(field_identifier) @field (pointer_declarator declarator: (field_identifier) @field)])

