(const_declaration (const_element . (name) @name) @constant)
(property_declaration (property_element name: (variable_name (name) @name)) @field)
(property_promotion_parameter name: (variable_name (name) @name)) @field
(enum_case name: (name) @name) @member
((expression_statement (function_call_expression
  function: (name) @_f
  arguments: (arguments . (argument (string (string_content) @name))))) @constant
  (#eq? @_f "define"))
