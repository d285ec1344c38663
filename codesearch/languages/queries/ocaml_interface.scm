(module_binding (module_name) @name) @module
(module_type_definition (module_type_name) @name) @interface
(class_binding (class_name) @name) @class
(class_type_binding (class_type_name) @name) @interface
(type_binding name: (_) @name) @type
(exception_definition (constructor_declaration (constructor_name) @name)) @type

(value_specification [(value_name) (parenthesized_operator)] @name) @function
(external [(value_name) (parenthesized_operator)] @name) @function
(method_specification (method_name) @name) @method
