(class_declaration name: (identifier) @name) @class
(class name: (identifier) @name) @class
(variable_declarator name: (identifier) @name value: (class !name body: (_) @body)) @class
(assignment_expression left: (_) @name right: (class !name body: (_) @body)) @class
(export_statement "default" @name value: (class !name body: (_) @body)) @class
(field_definition
  property: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @method
