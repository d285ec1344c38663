(function_definition declarator: (function_declarator declarator: [
  (identifier) (field_identifier) (qualified_identifier) (destructor_name) (operator_name)
  (template_function) (template_method)] @name)) @function
(function_definition declarator: (_ (function_declarator declarator: [
  (identifier) (field_identifier) (qualified_identifier) (operator_name) (template_function) (template_method)] @name))) @function
(function_definition declarator: (_ (_ (function_declarator declarator: [
  (identifier) (field_identifier) (qualified_identifier) (operator_name)] @name)))) @function
; int (*get_handler(int which))(int, int)
(function_definition declarator: (function_declarator declarator: (parenthesized_declarator
  (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))))) @function
(function_definition declarator: (operator_cast) @name) @function
(function_definition declarator: (qualified_identifier) @name) @function

(declaration declarator: (function_declarator declarator: [
  (identifier) (qualified_identifier) (operator_name) (destructor_name)] @name)) @prototype
(declaration declarator: (_ (function_declarator declarator: [(identifier) (qualified_identifier) (operator_name)] @name))) @prototype
(declaration declarator: (operator_cast) @name) @prototype
(declaration declarator: (function_declarator declarator: (parenthesized_declarator
  (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))))) @prototype
(field_declaration declarator: (function_declarator declarator: [
  (field_identifier) (identifier) (operator_name) (destructor_name)] @name)) @prototype
(field_declaration declarator: (_ (function_declarator declarator: [(field_identifier) (operator_name)] @name))) @prototype

(class_specifier name: (_) @name body: (_)) @class
(struct_specifier name: (_) @name body: (_)) @struct
(union_specifier name: (_) @name body: (_)) @struct
(enum_specifier name: (_) @name body: (_)) @enum
(type_definition
  type: [(struct_specifier !name body: (_) @body) (union_specifier !name body: (_) @body)]
  declarator: (type_identifier) @name) @struct
(type_definition type: (enum_specifier !name body: (_) @body) declarator: (type_identifier) @name) @enum
(type_definition
  type: [(struct_specifier body: (_) @body) (union_specifier body: (_) @body) (enum_specifier body: (_) @body)]
  declarator: [(type_identifier) @name (_ declarator: (type_identifier) @name)]) @type
(namespace_definition name: (_) @name) @namespace
(concept_definition name: (_) @name) @type
(alias_declaration name: (type_identifier) @name) @type
(init_declarator declarator: (identifier) @name value: (lambda_expression body: (_) @body)) @function
(preproc_function_def name: (identifier) @name) @macro

(template_declaration [
  (function_definition) (declaration) (class_specifier) (struct_specifier) (union_specifier) (alias_declaration)
  (concept_definition) (template_declaration) (friend_declaration)] @inner) @wrap
(friend_declaration (_) @inner) @wrap
(linkage_specification body: [(function_definition) (declaration)] @inner) @wrap
(type_definition type: [(struct_specifier) (union_specifier) (enum_specifier)] @inner) @wrap
(declaration declarator: (init_declarator value: (lambda_expression)) @inner) @wrap
