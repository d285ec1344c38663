(class_declaration name: (type_identifier) @name) @class
(abstract_class_declaration name: (type_identifier) @name) @class
(class name: (type_identifier) @name) @class
(variable_declarator name: (identifier) @name value: (class !name) @body) @class
(assignment_expression left: (_) @name right: (class !name) @body) @class
(export_statement "default" @name value: (class !name) @body) @class
(interface_declaration name: (type_identifier) @name) @interface
(enum_declaration name: (identifier) @name) @enum
(type_alias_declaration name: (type_identifier) @name) @type
(internal_module name: (_) @name) @namespace
(module name: [(identifier) (nested_identifier)] @name) @namespace
(public_field_definition
  name: (_) @name
  value: [(arrow_function) (function_expression) (generator_function)] @body) @method
((public_field_definition
  name: (_) @name
  value: (call_expression
    function: [(identifier) @_f (member_expression property: (property_identifier) @_f)]
    arguments: (arguments . [(arrow_function) (function_expression)] @body))) @method
  (#not-match? @_f "^(map|filter|find|findIndex|findLast|some|every|reduce|flatMap|forEach|sort|toSorted|then|catch|finally|setTimeout|setInterval|Promise)$"))

; const f = ((x) => x) as F, const api = { list() {} } as const
(variable_declarator
  name: (identifier) @name
  value: [
    (as_expression (parenthesized_expression [(arrow_function) (function_expression)] @body))
    (satisfies_expression (parenthesized_expression [(arrow_function) (function_expression)] @body))
    (as_expression . (call_expression arguments: (arguments . [(arrow_function) (function_expression)] @body)))
    (as_expression (as_expression (parenthesized_expression [(arrow_function) (function_expression)] @body)))]) @function
(variable_declarator
  name: (identifier) @name
  value: [
    (as_expression . (object))
    (satisfies_expression . (object))
    (satisfies_expression . (as_expression . (object)))
    (as_expression . (as_expression . (object)))
    (as_expression . (satisfies_expression . (object)))]) @namespace
(pair key: (property_identifier) @name value: [(as_expression . (object)) (satisfies_expression . (object))]) @namespace

(interface_body (method_signature name: (_) @name) @method)
(object_type (method_signature name: (_) @name) @method)
(interface_body (property_signature name: (_) @name type: (type_annotation (function_type))) @method)
(abstract_method_signature name: (_) @name) @method
; overloads stand for their implementation, unless there is none (`declare function`)
(class_body (method_signature name: (_) @name) @prototype)
(function_signature name: (identifier) @name) @prototype

(ambient_declaration (_) @inner) @wrap
(class_body (decorator) @attribute)
