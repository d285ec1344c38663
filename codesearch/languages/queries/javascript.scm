(class_declaration name: (identifier) @name) @class
(class name: (identifier) @name) @class
(variable_declarator name: (identifier) @name value: (class !name) @body) @class
(assignment_expression left: (_) @name right: (class !name) @body) @class
(export_statement "default" @name value: (class !name) @body) @class
(field_definition
  property: (_) @name
  value: [(arrow_function) (function_expression) (generator_function)] @body) @method
((field_definition
  property: (_) @name
  value: (call_expression
    function: [(identifier) @_f (member_expression property: (property_identifier) @_f)]
    arguments: (arguments . [(arrow_function) (function_expression)] @body))) @method
  (#not-match? @_f "^(map|filter|find|findIndex|findLast|some|every|reduce|flatMap|forEach|sort|toSorted|then|catch|finally|setTimeout|setInterval|Promise)$"))
