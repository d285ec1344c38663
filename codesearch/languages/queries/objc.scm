; A method's name is its whole selector, put together in code.
(method_definition (identifier) @name) @method
(method_declaration (identifier) @name) @prototype
(class_interface . (identifier) @name . "(") @impl
(class_interface . (identifier) @name !category) @class
(class_interface . (identifier) @name category: (_)) @impl
(class_implementation . (identifier) @name category: (_)) @impl
(class_implementation . (identifier) @name) @class
(protocol_declaration . (identifier) @name) @interface
(function_definition declarator: (function_declarator declarator: (identifier) @name)) @function
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @function
(function_definition declarator: (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name)))) @function
; int (*get_handler(int which))(int, int)
(function_definition declarator: (function_declarator declarator: (parenthesized_declarator
  (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))))) @function
(declaration declarator: (function_declarator declarator: (identifier) @name)) @prototype
(declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @prototype
(preproc_function_def name: (identifier) @name) @macro
(struct_specifier name: (type_identifier) @name body: (_)) @struct
(enum_specifier name: (type_identifier) @name body: (_)) @enum
(type_definition type: (struct_specifier !name body: (_)) declarator: (type_identifier) @name) @struct
(type_definition type: (enum_specifier !name body: (_)) declarator: (type_identifier) @name) @enum
(type_definition
  type: [(struct_specifier body: (_) @body) (enum_specifier body: (_) @body)]
  declarator: [(type_identifier) @name (_ declarator: (type_identifier) @name)]) @type
