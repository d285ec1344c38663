(function_definition declarator: (function_declarator declarator: (identifier) @name)) @function
(function_definition declarator: (_ (function_declarator declarator: (identifier) @name))) @function
(function_definition declarator: (_ (_ (function_declarator declarator: (identifier) @name)))) @function
; int (*get_handler(int which))(int, int)
(function_definition declarator: (function_declarator declarator: (parenthesized_declarator
  (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))))) @function
; TEST(name) { .. }: a macro that makes a definition
(function_definition type: (type_identifier) declarator: (parenthesized_declarator (identifier) @name)) @function

(declaration declarator: (function_declarator declarator: (identifier) @name)) @prototype
(declaration declarator: (pointer_declarator (function_declarator declarator: (identifier) @name))) @prototype
(declaration declarator: (pointer_declarator (pointer_declarator (function_declarator declarator: (identifier) @name)))) @prototype
(declaration declarator: (function_declarator declarator: (parenthesized_declarator
  (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))))) @prototype

(struct_specifier name: (type_identifier) @name body: (_)) @struct
(union_specifier name: (type_identifier) @name body: (_)) @struct
(enum_specifier name: (type_identifier) @name body: (_)) @enum
(type_definition
  type: [(struct_specifier !name body: (_) @body) (union_specifier !name body: (_) @body)]
  declarator: (type_identifier) @name) @struct
(type_definition type: (enum_specifier !name body: (_) @body) declarator: (type_identifier) @name) @enum
(type_definition
  type: [(struct_specifier body: (_) @body) (union_specifier body: (_) @body) (enum_specifier body: (_) @body)]
  declarator: [(type_identifier) @name (_ declarator: (type_identifier) @name)]) @type
(preproc_function_def name: (identifier) @name) @macro

(type_definition type: [(struct_specifier) (union_specifier) (enum_specifier)] @inner) @wrap
