(class_heritage [(identifier) @base (member_expression object: (_) @receiver property: (property_identifier) @base)])
(variable_declarator name: (identifier) @variable value: [(call_expression) (new_expression) (await_expression)] @value)
(field_definition property: (property_identifier) @field value: [(call_expression) (new_expression)] @value)
