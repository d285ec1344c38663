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

(interface_body (method_signature name: (_) @name) @method)
(object_type (method_signature name: (_) @name) @method)
(interface_body (property_signature name: (_) @name type: (type_annotation (function_type))) @method)
(abstract_method_signature name: (_) @name) @method
; overloads stand for their implementation, unless there is none (`declare function`)
(class_body (method_signature name: (_) @name) @prototype)
(function_signature name: (identifier) @name) @prototype

(ambient_declaration (_) @inner) @wrap
(class_body (decorator) @attribute)
